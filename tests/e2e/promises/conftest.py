"""The projects that these tests start from."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.promises.project import MODEL, PRODUCTION, PROJECT, REPOSITORY, SANDBOX, Project, write_ledger
from tests.forge.fake.server import Server, serving


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Configured and committed; nothing trained yet."""
    made = Project(tmp_path / "project")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Ada")
    made.git("config", "user.email", "ada@example.org")
    made.write(".gitignore", "data/\n.reconciler/\nserving/\n")
    made.write("reconciler.yaml", PROJECT)
    made.write("environments/sandbox.yaml", SANDBOX.replace("ARCHITECTURE", platform.machine()))
    made.write("environments/production.yaml", PRODUCTION)
    made.write("manifests/sandbox/lateness.yaml", MODEL)
    made.write("requirements.lock", (REPOSITORY / "requirements.lock").read_text())
    write_ledger(made.root / "data/invoices.csv")
    made.commit("A model of lateness")
    return made


@pytest.fixture
def deployed(project: Project) -> Project:
    """Trained, judged, promoted, merged and deployed once."""
    project.run("apply", "sandbox", "--yes")
    project.promote()
    project.run("apply", "production", "--yes")
    return project


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A forge that speaks HTTP."""
    with serving(tmp_path / "forge") as here:
        yield here
