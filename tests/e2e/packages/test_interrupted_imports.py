"""An import that is interrupted at any effect leaves nothing that counts, and the same command ends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.adapters.packages.archive_reader import open_archive
from reconciler.app.project_options import ProjectOptions
from reconciler.app.wiring import OpenProject, open_project
from reconciler.core.package.results import ImportResult
from reconciler.core.trust.attestation import PROVENANCE, Attestation
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.package.import_package import CheckedImport, check_import, write_import
from reconciler.engine.storage import blobs
from reconciler.engine.storage.packages import imports
from reconciler.engine.trust import referrers
from reconciler.errors import ConflictError, StoreError
from reconciler.ports import Store
from reconciler.testing.fault_injection import Counter, Crash, Fault, FaultyStore, Script, at
from reconciler.testing.memory import MemoryStore
from tests.e2e.packages.conftest import exported
from tests.support import effort
from tests.support.project import Project

NOW = datetime(2026, 11, 29, tzinfo=UTC)
FAULTS = (Fault.BEFORE, Fault.AFTER, Fault.ERROR, Fault.UNANSWERED, Fault.DONE_UNANSWERED)


@dataclass(frozen=True, kw_only=True)
class Importing:
    """One package that was checked, and may be written into any store."""

    project: OpenProject
    checked: CheckedImport

    def deps(self, store: Store, actor: str) -> Dependencies:
        return replace(self.project.deps, stores={"site": store}, clock=lambda: NOW, actor=lambda: actor)

    def run(self, store: MemoryStore, script: Script, actor: str = "Ada") -> ImportResult:
        deps = self.deps(FaultyStore(store, script), actor)
        return write_import(deps, self.project.checkout, self.checked, "p.tar")


@pytest.fixture
def importing(site: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Importing]:
    package = exported(tmp_path_factory) / "first.tar"
    with open_project(ProjectOptions(root=site.root)) as project, open_archive(package) as archive:
        environment = project.environment("site")
        checked = check_import(project.deps, project.checkout, archive, environment)
        signed = Attestation(
            subject=checked.content.artifact.digest, predicate_type=PROVENANCE, envelope=b'{"signatures":[]}'
        )
        checked = replace(checked, content=replace(checked.content, attestations=(signed,)))
        yield Importing(project=project, checked=checked)


def empty(folder: Path) -> MemoryStore:
    folder.mkdir()
    return MemoryStore(folder)


def contents(store: MemoryStore) -> dict[str, bytes]:
    return {key: store.read(key) or b"" for key in store.keys("")}


def is_whole(importing: Importing, store: MemoryStore) -> bool:
    """Tell whether there is a record of the import; all that it names is there then."""
    content = importing.checked.content
    record = imports.newest(store, "site", "lateness")
    if record is None:
        return False
    artifact = blobs.artifact(store, record.artifact)
    for digest in (artifact.config.digest, *(file.digest for file in artifact.files), record.build.provenance):
        blobs.file_of(store, digest)
    assert blobs.get(store, record.manifest).decode() == content.records.manifest
    assert referrers.of_artifact(store, record.artifact) == content.attestations
    return True


@pytest.mark.soak
def test_an_import_that_ends_at_any_effect_is_ended_by_the_same_command(importing: Importing, tmp_path: Path) -> None:
    whole, counter = empty(tmp_path / "whole"), Counter()
    assert importing.run(whole, counter).imported
    assert not importing.run(whole, Counter()).imported
    wanted = contents(whole)
    assert counter.effects[-1] == "store: create imports/site/lateness/0.json"
    assert is_whole(importing, whole)
    for index in range(0, len(counter.effects), effort.count("CRASH_STRIDE") // 3 or 1):
        for fault in FAULTS:
            store = empty(tmp_path / f"{index}-{fault.name}")
            try:
                importing.run(store, at(index, fault))
            except (Crash, StoreError):
                last = index == len(counter.effects) - 1
                assert not is_whole(importing, store) or (last and fault is Fault.AFTER)
            importing.run(store, Counter())
            assert is_whole(importing, store), (index, fault)
            assert contents(store) == wanted, (index, fault)


@pytest.mark.soak(only=True)
def test_of_two_imports_at_once_one_is_recorded(importing: Importing, tmp_path: Path) -> None:
    store = empty(tmp_path / "store")

    class Other:
        """Another import that ends right before this one's record."""

        done = False

        def __call__(self, effect: str) -> Fault:
            if effect.endswith("imports/site/lateness/0.json") and not self.done:
                self.done = True
                importing.run(store, Counter(), actor="Bo")
            return Fault.NONE

    try:
        assert not importing.run(store, Other()).imported
    except ConflictError:
        pytest.fail("the other import is the same one")
    assert [record.artifact for record in imports.of_model(store, "site", "lateness")] == [
        importing.checked.content.artifact.digest
    ]
