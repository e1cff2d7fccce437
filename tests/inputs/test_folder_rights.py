"""Every folder of two stores and a target opened, alone, to everybody and to its group: each is told, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.inspect.health_check import Check, Level
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit, health_check, status
from reconciler.errors import StoreError
from tests.simulation import sample_project
from tests.support.project_on_disk import ENVIRONMENTS, FOLDERS, ProjectOnDisk

TOPS = frozenset(FOLDERS.values())
STORES = frozenset(FOLDERS[name] for name in ENVIRONMENTS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectOnDisk:
    """A project that deployed an artifact."""
    project = ProjectOnDisk(tmp_path_factory.mktemp("whole"))
    project.deploy(10)
    project.predict()
    return project


def folders(root: Path) -> Iterator[str]:
    """Yield every folder of the stores and the target, and those that they lie in below the project's."""
    yield from ("", "stores", *sorted(TOPS))
    for top in sorted(TOPS):
        yield from (str(path.relative_to(root)) for path in sorted((root / top).rglob("*")) if path.is_dir())


def checks(project: ProjectOnDisk) -> list[Check]:
    """Return what `doctor` says of the rights, in every environment."""
    deps, machine = project.deps(), sample_project.SANDBOX.runtime
    found: list[Check] = []
    for name in ENVIRONMENTS:
        found += health_check.environment_checks(deps, project.desired, environment_of(project.desired, name), machine)
    return [check for check in found if check.name.endswith("rights")]


def audited(project: ProjectOnDisk) -> tuple[str, str, str]:
    """Return the findings of `audit`, its notes, and the E607 with which it reads no further."""
    try:
        result = audit.audit(project.deps(), project.desired, ENVIRONMENTS)
    except StoreError as error:
        return "", "", f"{error.code} {error} {error.hint}"
    findings, notes = (
        " ".join(f"{one.problem} {one.remedy}" for one in some) for some in (result.findings, result.notes)
    )
    return findings, notes, ""


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("right", [0o002, 0o020], ids=["everybody", "group"])
def test_each_open_folder_is_told_by_doctor_and_audit(project: ProjectOnDisk, right: int) -> None:
    assert not checks(project)
    assert audited(project) == ("", "", "")
    every = list(folders(project.root))
    assert len(every) > 30
    for name in every:
        folder = project.root / name
        mode = folder.stat().st_mode & 0o7777
        folder.chmod(mode | right)
        try:
            told, (findings, notes, refusal) = checks(project), audited(project)
        finally:
            folder.chmod(mode)
        level = Level.BAD if right == 0o002 else Level.WARNING
        assert told, name
        assert all(check.level is level and f"w {folder}" in (check.remedy or "") for check in told), name
        refused = right == 0o002 and (name in {"", "stores", *STORES})
        said = refusal if refused else findings if right == 0o002 else notes
        assert f"w {folder}" in said, name
        assert refusal.startswith("E607 ") == refused, name
        around = name.startswith(f"{FOLDERS['target']}/")  # what stands around the served bytes is as we wrote it
        assert bool(findings) == ((right == 0o002 or around) and not refused), name


@pytest.mark.parametrize("name", ["", *sorted(TOPS)])
def test_status_notes_a_group_that_may_write_the_root_or_what_is_above(project: ProjectOnDisk, name: str) -> None:
    folder = project.root / name
    folder.chmod(0o775)
    try:
        environments = status.status(project.deps(), project.desired, ENVIRONMENTS).environments
    finally:
        folder.chmod(0o700 if not name else 0o755)
    assert any(f"the group of {folder} may write it" in one.notes for one in environments)
