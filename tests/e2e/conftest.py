"""The projects that these tests start from: each stage is made once per run and copied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forge.fake.server import Server, serving
from tests.support.once import copy, once
from tests.support.project import Project, committed


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Configured and committed; nothing trained yet."""
    return _copied(committed(tmp_path_factory), tmp_path)


@pytest.fixture
def trained(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The sandbox has a candidate; production was never applied."""
    return _copied(_trained(tmp_path_factory), tmp_path)


@pytest.fixture
def deployed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Trained, judged, promoted, merged and deployed once."""
    return _copied(_deployed(tmp_path_factory), tmp_path)


@pytest.fixture
def newer(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Deployed, and the sandbox has another candidate since: a tree of depth 5 instead of 3."""
    return _copied(_newer(tmp_path_factory), tmp_path)


@pytest.fixture
def redeployed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Production serves that other candidate; what it served first is in its history."""
    return _copied(_redeployed(tmp_path_factory), tmp_path)


@pytest.fixture
def two(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The sandbox has candidates of two models; production was never applied."""
    return _copied(_two(tmp_path_factory), tmp_path)


@pytest.fixture
def two_deployed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Production serves two models, and the sandbox has another candidate of each since."""
    return _copied(_two_deployed(tmp_path_factory), tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A forge that speaks HTTP."""
    with serving(tmp_path / "forge") as here:
        yield here


def deploy(project: Project) -> None:
    """Promote the newest candidate, merge, and apply production."""
    project.promote()
    project.run("apply", "production", "--yes")


def _copied(source: Path, to: Path) -> Project:
    return Project(copy(source, to / "project"))


def _trained(factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        Project(copy(committed(factory), folder)).run("apply", "sandbox", "--yes")

    return once(factory, "trained", make)


def _deployed(factory: pytest.TempPathFactory) -> Path:
    return once(factory, "deployed", lambda folder: deploy(Project(copy(_trained(factory), folder))))


def _newer(factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        project = Project(copy(_deployed(factory), folder))
        project.recipe("max_depth: 3", "max_depth: 5")
        project.run("apply", "sandbox", "--yes")

    return once(factory, "newer", make)


def _redeployed(factory: pytest.TempPathFactory) -> Path:
    return once(factory, "redeployed", lambda folder: deploy(Project(copy(_newer(factory), folder))))


def _two(factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        project = Project(copy(_trained(factory), folder))
        project.run("add", "slowness", "--like", "lateness")
        path = project.root / "manifests/sandbox/slowness.yaml"
        path.write_text(path.read_text().replace("max_depth: 3", "max_depth: 4"))
        project.commit("Add slowness")
        project.run("apply", "sandbox", "--yes")

    return once(factory, "two", make)


def _two_deployed(factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        project = Project(copy(_two(factory), folder))
        branch = project.run("promote", "--all", "-o", "json").json["branch"]
        project.merge(branch)
        project.git("branch", "-q", "-d", branch)
        project.run("apply", "production", "--yes")
        for name in ("lateness", "slowness"):
            path = project.root / f"manifests/sandbox/{name}.yaml"
            path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
        project.commit("Other seeds")
        project.run("apply", "sandbox", "--yes")

    return once(factory, "two-deployed", make)
