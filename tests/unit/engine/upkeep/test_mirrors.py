"""A mirror holds what proves the history: it is never ahead, what it lacks is told, a lost journal comes back whole."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Entry
from reconciler.core.digest import digest_of_bytes
from reconciler.core.status_codes import ResultStatus, SyncStatus
from reconciler.core.upkeep.repair import RepairResult
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect.audit import audit
from reconciler.engine.inspect.status import status
from reconciler.engine.upkeep import repair as repairing
from reconciler.engine.upkeep.repair_sources import RepairSource, StoreSource, TargetSource
from reconciler.errors import ReconcilerError
from reconciler.testing.fault_injection import Counter, Crash, Fault, FaultyStore, Script, at
from reconciler.testing.memory import MemoryStore
from tests.simulation.sample_project import MODEL, NOBODYS
from tests.simulation.scenario import Scenario

REASON = "the disk is gone"
ENVIRONMENTS = ("sandbox", "production")


class Mirrored(Scenario):
    """A project whose environments have mirrors."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mirrors: dict[str, MemoryStore] = {}
        for name in ENVIRONMENTS:
            place = folder / f"{name} mirror"
            place.mkdir()
            self.mirrors[name] = MemoryStore(place)
        self.script: Script = lambda _: Fault.NONE

    def deps(self, script: Script | None = None, **ports: Any) -> Dependencies:
        """Return one process's ports; the mirrors' writes follow the same script."""
        mirrors = {
            name: FaultyStore(mirror, script or self.script, f"mirror of {name}")
            for name, mirror in self.mirrors.items()
        }
        return replace(super().deps(script, **ports), mirrors=mirrors)

    def findings(self, environment: str) -> list[str]:
        found = audit(self.deps(), self.desired, (environment,)).findings
        assert [each for each in found if each.where != "mirror" or each.status is not ResultStatus.PENDING] == []
        return [each.problem for each in found]

    def notes(self, environment: str) -> list[str]:
        (told,) = status(self.deps(), self.desired, (environment,)).environments
        return [note for note in told.notes if "mirror" in note]

    def lose(self, environment: str) -> dict[str, bytes]:
        folder = self.project.folder / f"another disk of {environment}"
        folder.mkdir(exist_ok=True)
        held = self.project.stores[environment].objects
        self.project.stores[environment] = MemoryStore(folder)
        return held

    def repaired(self, environment: str, script: Script | None = None, *, only: str | None = None) -> RepairResult:
        where, deps = environment_of(self.desired, environment), self.deps(script)
        target = self.project.target
        given: list[RepairSource] = [StoreSource(name="mirror", store=self.mirrors[environment], copies=True)]
        if environment == "production":
            given.append(TargetSource(target=target, environment=environment, pointers=dict(target.current)))
        given += (StoreSource(name=n, store=s) for n, s in self.project.stores.items() if n != environment)
        given = [source for source in given if only is None or source.name == only]
        plan = repairing.observe_repair(deps, self.desired, where, given)
        return repairing.repair(deps, self.desired, where, given, shown=plan.result.id, reason=REASON)


@pytest.fixture
def mirrored(tmp_path: Path) -> Mirrored:
    scenario = Mirrored(tmp_path)
    scenario.deployed(10)
    scenario.deployed(20)
    return scenario


def logs_of(objects: dict[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in objects.items() if key.startswith(("journal/", "controls/"))}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_mirror_has_every_journal_and_the_controls_with_their_parts(mirrored: Mirrored, environment: str) -> None:
    store, mirror = mirrored.project.stores[environment], mirrored.mirrors[environment]
    assert logs_of(mirror.objects) == logs_of(store.objects)
    assert all(store.objects[key] == body for key, body in mirror.objects.items())
    assert (mirrored.findings(environment), mirrored.notes(environment)) == ([], [])
    parts = {key for key in mirror.objects if key.startswith("blobs/")}
    assert bool(parts) is (environment == "production")
    assert not any(b"id,y" in body for body in mirror.objects.values())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_with_a_mirror_all_entries_come_back_and_the_controls(mirrored: Mirrored, environment: str) -> None:
    held = mirrored.lose(environment)
    serves = mirrored.serves
    mirrored.project.target.entries.clear()
    result = mirrored.repaired(environment)
    assert logs_of(mirrored.project.stores[environment].objects) == logs_of(held)
    assert (result.given_up, result.following, result.problems) == ((), (), ())
    assert all(log.lost == 0 for log in result.logs)
    assert mirrored.findings(environment) == []
    assert mirrored.serves == serves
    if environment == "production":
        assert mirrored.part("production").sync is SyncStatus.IN_SYNC
        mirrored.deployed(30)
        assert mirrored.findings("production") == []
    assert not mirrored.repaired(environment).changes


def test_a_sandbox_whose_last_training_was_nowhere_else_trains_again(mirrored: Mirrored) -> None:
    mirrored.commit(seed=30)
    mirrored.apply("sandbox")
    held = mirrored.lose("sandbox")
    result = mirrored.repaired("sandbox")
    assert result.loses
    assert logs_of(mirrored.project.stores["sandbox"].objects) == logs_of(held)
    assert mirrored.findings("sandbox") == []
    assert mirrored.part("sandbox").blocked is None
    assert [each.problem for each in mirrored.apply("sandbox").results] == [None]
    head = mirrored.head("sandbox")
    assert head is not None
    assert head.entry.n > max(int(key.rpartition("/")[2].removesuffix(".json")) for key in logs_of(held))
    assert (mirrored.findings("sandbox"), mirrored.part("sandbox").sync) == ([], SyncStatus.IN_SYNC)


def test_what_a_killed_run_did_not_copy_is_told_and_copied_by_the_next_entry(tmp_path: Path) -> None:
    before = Mirrored(tmp_path / "before")
    before.deployed(10)
    before.commit(seed=20)
    before.apply("sandbox")
    before.commit(seed=20, pin=before.candidate)
    counter = Counter()
    before.copied(tmp_path / "count").apply("production", script=counter)
    lags = 0
    for index, effect in enumerate(counter.effects):
        for fault in (Fault.BEFORE, Fault.AFTER, Fault.ERROR, Fault.UNANSWERED, Fault.DONE_UNANSWERED):
            scenario = before.copied(tmp_path / f"{index}-{fault}")
            assert isinstance(scenario, Mirrored)
            with contextlib.suppress(Crash, ReconcilerError):
                scenario.apply("production", script=at(index, fault))
            store, mirror = scenario.project.stores["production"], scenario.mirrors["production"]
            behind = logs_of(store.objects).keys() - mirror.objects.keys()
            assert logs_of(mirror.objects).keys() <= logs_of(store.objects).keys(), "a mirror is never ahead"
            assert bool(behind) is bool(scenario.notes("production")), effect
            lags += bool(behind)
            scenario.apply("production")
            assert scenario.serves == scenario.desired.models_of("production")[0].artifact
            scenario.deployed(30)
            scenario.repaired("production")
            assert logs_of(mirror.objects) == logs_of(store.objects), effect
            assert scenario.notes("production") == []
    assert lags > 2


def test_a_mirror_that_cannot_be_reached_stops_nothing_and_is_told(mirrored: Mirrored) -> None:
    refuses: Script = lambda effect: Fault.ERROR if effect.startswith("mirror") else Fault.NONE  # noqa: E731
    mirrored.commit(seed=30)
    mirrored.apply("sandbox")
    mirrored.commit(seed=30, pin=mirrored.candidate)
    mirrored.apply("production", script=refuses)
    assert mirrored.serves == mirrored.candidate
    assert any("lacks" in problem for problem in mirrored.findings("production"))
    assert len(mirrored.notes("production")) == 1
    assert mirrored.repaired("production").mirrored
    assert (mirrored.findings("production"), mirrored.notes("production")) == ([], [])


def forged(body: bytes, n: int, previous: bytes) -> bytes:
    entry = codec.decode(Entry, body, what="entry")
    state = replace(entry.state, artifact=NOBODYS)
    return codec.encode(replace(entry, n=n, previous=digest_of_bytes(previous), artifact=NOBODYS, state=state))


@pytest.mark.parametrize("lost", [True, False])
def test_a_hostile_mirror_gets_nothing_in(mirrored: Mirrored, lost: bool) -> None:
    mirror, log = mirrored.mirrors["production"], store_layout.journal("production", MODEL)
    first, last = mirror.objects[f"{log}/0.json"], mirror.objects[f"{log}/1.json"]
    held = logs_of(mirrored.lose("production") if lost else mirrored.project.stores["production"].objects)
    mirror.put(f"{log}/2.json", forged(last, 2, last))
    result = mirrored.repaired("production")
    assert any("nothing names this entry" in each.problem for each in result.problems)
    assert logs_of(mirrored.project.stores["production"].objects) == held
    assert any("what the store lacks" in problem for problem in mirrored.findings("production"))
    del mirror.objects[f"{log}/2.json"]
    mirror.put(f"{log}/1.json", forged(last, 1, first))
    if lost:
        mirrored.lose("production")
        mirrored.project.target.entries.clear()
        assert mirrored.repaired("production", only="mirror").status is ResultStatus.DAMAGED
        assert not any(key.startswith("journal/") for key in mirrored.project.stores["production"].objects)
    else:
        assert any("other bytes" in problem for problem in mirrored.findings("production"))
