"""A package that was exported once per run, and a project of its own elsewhere that shares nothing with it but that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import _deployed, _newer  # the stages of the project that exports
from tests.support.once import copy, once
from tests.support.project import Project, begin, write_ledger

PLANT = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: plant}\nspec: {}\n"
SITE = """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: site}
spec:
  role: production
  managed: true
  data:
    asOf: 2024-12-31
    tables:
      invoices: {uses: csv, path: data/invoices.csv, types: {customer_id: VARCHAR}}
  target: {uses: directory, root: serving}
  policy:
    gates:
      - {uses: threshold, metric: accuracy, atLeast: 0.4}
  protect: {branch: main}
"""


def exported(factory: pytest.TempPathFactory) -> Path:
    """Return the package of what production deployed, and beside it `newer.tar`, of the sandbox's newest build."""

    def make(folder: Path) -> None:
        folder.mkdir()
        for name, stage, where in (("first", _deployed, "production"), ("newer", _newer, "sandbox")):
            project = Project(copy(stage(factory), folder / "project"))
            project.run("export", "lateness", str(folder / f"{name}.tar"), "--in", where)
            shutil.rmtree(folder / "project")

    return once(factory, "exported", make)


@pytest.fixture
def package(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What production deployed."""
    return copy(exported(tmp_path_factory) / "first.tar", tmp_path / "first.tar")


@pytest.fixture
def newer_package(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the sandbox built after that."""
    return copy(exported(tmp_path_factory) / "newer.tar", tmp_path / "newer.tar")


@pytest.fixture
def site(tmp_path: Path) -> Project:
    """A managed environment in a project of its own: nothing was imported yet, and nothing can be trained."""
    project = Project(tmp_path / "site")
    project.root.mkdir()
    project.write(".gitignore", "data/\n.reconciler/\nserving/\n")
    project.write("reconciler.yaml", PLANT)
    project.write("environments/site.yaml", SITE)
    write_ledger(project.root / "data/invoices.csv")
    return begin(project)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
