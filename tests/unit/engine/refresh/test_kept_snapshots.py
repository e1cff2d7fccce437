"""Old snapshots' tables go, and nothing that anything names; whatever stops it half-way, the next refresh goes on."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.spec.model import Retrain
from reconciler.engine.apply import train
from reconciler.engine.inspect.audit import audit
from reconciler.engine.refresh.kept_snapshots import made_from, remove_old, removed_snapshots
from reconciler.engine.refresh.take_snapshot import take_snapshot
from reconciler.engine.snapshots.inspect_snapshots import list_snapshots
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import ConflictError, ReconcilerError, StoreError
from reconciler.ports import Store
from reconciler.testing.fault_injection import Counter, Crash, Fault, FaultyStore, Script, at
from reconciler.testing.memory import MemoryStore
from tests.simulation.sample_project import MODEL, SANDBOX
from tests.simulation.scenario import Scenario

KEEPING = replace(SANDBOX, data=replace(SANDBOX.data, keep=2))


class Refreshes:
    """A sandbox that keeps two snapshots, with a new one every other day."""

    def __init__(self, folder: Path) -> None:
        self.scenario = Scenario(folder)
        self.scenario.commit(seed=10, sandbox=KEEPING)
        self.scenario.apply("sandbox")

    @property
    def store(self) -> MemoryStore:
        return self.scenario.project.stores["sandbox"]

    def later(self, days: float = 2) -> None:
        project = self.scenario.project
        project.clock.now += timedelta(days=days)
        project.data.day += 1

    def refresh(self, script: Script | None = None) -> None:
        deps = self.scenario.deps(script)
        take_snapshot(deps, self.scenario.desired, KEEPING)

    def times(self, count: int, days: float = 2) -> None:
        for _ in range(count):
            self.later(days)
            self.refresh()

    def held(self) -> list[int]:
        """Return the numbers of the snapshots all of whose tables are there."""
        newest = data_snapshots.newest(self.store)
        assert newest is not None
        numbered = (data_snapshots.numbered(self.store, n) for n in range(newest.n + 1))
        return [one.n for one in numbered if all(blobs.holds(self.store, table.digest) for table in one.tables)]

    def check(self) -> None:
        """What is in use, and what anything was made from, is whole; an audit agrees."""
        newest = data_snapshots.newest(self.store)
        assert newest is not None
        assert {newest.n, *made_from(self.store)} <= set(self.held())
        found = audit(self.scenario.deps(), self.scenario.desired, (KEEPING.name,))
        assert not [finding for finding in found.findings if "blob" in finding.problem]


@pytest.fixture
def refreshes(tmp_path: Path) -> Refreshes:
    return Refreshes(tmp_path)


def test_the_newest_stay_and_those_that_an_artifact_was_made_from(refreshes: Refreshes) -> None:
    refreshes.times(5)
    assert refreshes.held() == [0, 4, 5], "0 was trained on"
    assert removed_snapshots(refreshes.store) == {1, 2, 3}
    listed = list_snapshots(refreshes.scenario.deps(), refreshes.scenario.desired, KEEPING)
    assert [(line.n, line.artifacts, line.removed) for line in listed.snapshots] == [
        (5, 0, False),
        (4, 0, False),
        (3, 0, True),
        (2, 0, True),
        (1, 0, True),
        (0, 1, False),
    ]
    refreshes.check()


def test_without_keep_everything_stays(refreshes: Refreshes) -> None:
    refreshes.times(4, days=0.1)
    assert remove_old(refreshes.scenario.deps(), SANDBOX) == ()
    assert refreshes.held() == [0, 1, 2, 3, 4]


def test_a_snapshot_stays_for_a_day_after_the_next_one(refreshes: Refreshes) -> None:
    refreshes.times(4, days=0.1)
    assert refreshes.held() == [0, 1, 2, 3, 4], "a training may still read them"
    refreshes.times(1, days=2)
    assert refreshes.held() == [0, 4, 5]


def test_a_table_that_another_snapshot_or_a_build_holds_too_stays(refreshes: Refreshes) -> None:
    refreshes.times(1)
    first = data_snapshots.numbered(refreshes.store, 1).tables[0].digest
    refreshes.times(1)
    refreshes.scenario.project.data.day -= 2
    refreshes.times(3)
    kept = [data_snapshots.numbered(refreshes.store, n).tables[0].digest for n in (4, 5)]
    assert blobs.holds(refreshes.store, first) == (first in kept)
    assert 2 in removed_snapshots(refreshes.store)
    refreshes.check()


def test_what_cannot_be_read_stops_it_before_anything_is_removed(refreshes: Refreshes) -> None:
    refreshes.times(2)
    (key,) = (key for key in refreshes.store.objects if key.startswith("builds/"))
    refreshes.store.objects[key] = b"{}"
    refreshes.later()
    (told,) = remove_old(refreshes.scenario.deps(), replace(KEEPING, data=replace(KEEPING.data, keep=1)))
    assert "not all removed" in told
    assert refreshes.held() == [0, 1, 2]


def test_only_blobs_are_ever_removed(refreshes: Refreshes) -> None:
    for key in ("snapshots/0.json", "store.json", "journal/sandbox/payments/0.json", "blobs/sha256/../x"):
        with pytest.raises(StoreError, match="refusing to remove"):
            refreshes.store.remove(key)


def effects(folder: Path) -> list[str]:
    refreshes, counter = Refreshes(folder), Counter()
    refreshes.times(4)
    refreshes.later()
    refreshes.refresh(counter)
    return counter.effects


FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_refresh_that_is_stopped_at_any_effect_leaves_a_whole_snapshot_and_the_next_one_goes_on(
    tmp_path: Path, fault: Fault
) -> None:
    names = effects(tmp_path / "counted")
    assert any("removals/" in name for name in names)
    assert any(": remove " in name for name in names)
    for index in range(len(names)):
        refreshes = Refreshes(tmp_path / f"{index}")
        refreshes.times(4)
        refreshes.later()
        before = data_snapshots.newest(refreshes.store)
        with contextlib.suppress(Crash, ReconcilerError):
            refreshes.refresh(at(index, fault))
        after = data_snapshots.newest(refreshes.store)
        assert before is not None
        assert after is not None
        assert after.n - before.n in (0, 1)
        refreshes.check()
        assert refreshes.scenario.plan("sandbox").models, "it plans"
        refreshes.later()
        refreshes.refresh()
        refreshes.check()
        newest = data_snapshots.newest(refreshes.store)
        assert newest is not None
        assert refreshes.held() == [0, newest.n - 1, newest.n], names[index]


class Meanwhile(FaultyStore):
    """A store in which something else happens right before a blob is removed, or right after."""

    def __init__(self, store: MemoryStore, does: object, *, after: bool) -> None:
        super().__init__(store, Counter())
        self.does, self.after = does, after

    def remove(self, key: str) -> None:
        if not self.after:
            self.does()  # type: ignore[operator]
        super().remove(key)
        if self.after:
            self.does()  # type: ignore[operator]


@pytest.mark.parametrize("after", [False, True])
def test_a_table_that_a_refresh_finds_again_while_it_is_removed_is_there_in_the_end(
    refreshes: Refreshes, after: bool
) -> None:
    project, desired = refreshes.scenario.project, refreshes.scenario.desired
    for _ in range(3):
        refreshes.later()
        data_snapshots.take(refreshes.scenario.deps(), desired, SANDBOX)
    assert refreshes.held() == [0, 1, 2, 3]

    def again() -> None:
        project.data.day = 1  # the source shows what it showed when snapshot 1 was taken
        data_snapshots.take(refreshes.scenario.deps(), desired, SANDBOX)

    deps = refreshes.scenario.deps()
    store: Store = Meanwhile(refreshes.store, again, after=after)
    remove_old(replace(deps, stores={**deps.stores, "sandbox": store}), KEEPING)
    assert 1 in removed_snapshots(refreshes.store)
    assert refreshes.held() == [0, 1, 2, 3, 4], "1 and 4 are the same"
    refreshes.check()


def test_a_refresh_stores_again_what_is_removed_before_its_snapshot_is_recorded(refreshes: Refreshes) -> None:
    scenario, desired = refreshes.scenario, refreshes.scenario.desired
    refreshes.later()
    data_snapshots.take(scenario.deps(), desired, SANDBOX)
    refreshes.later()
    data_snapshots.take(scenario.deps(), desired, SANDBOX)
    scenario.project.data.day = 1
    table = store_layout.blob(data_snapshots.numbered(refreshes.store, 1).tables[0].digest)

    class Removed(FaultyStore):
        def create(self, key: str, body: bytes | Path) -> bool:
            if key.startswith("snapshots/"):
                self.store.remove(table)
            return super().create(key, body)

    deps = scenario.deps()
    removed = replace(deps, stores={**deps.stores, "sandbox": Removed(refreshes.store, Counter())})
    data_snapshots.take(removed, desired, SANDBOX)
    assert refreshes.held() == [0, 1, 2, 3]


def test_a_training_on_a_snapshot_that_was_removed_meanwhile_is_not_recorded(refreshes: Refreshes) -> None:
    scenario = refreshes.scenario
    old = data_snapshots.newest(refreshes.store)
    refreshes.later()
    scenario.commit(seed=20, sandbox=KEEPING, retrain=Retrain())
    refreshes.refresh()
    stale = data_snapshots.numbered(refreshes.store, 1)
    refreshes.times(3)
    assert old is not None
    assert 1 in removed_snapshots(refreshes.store)
    model = scenario.desired.model("sandbox", MODEL)
    assert model is not None
    table = stale.tables[0].digest
    refreshes.store.put(store_layout.blob(Digest(table)), b"table invoices on day 1")
    with pytest.raises(ConflictError, match="were removed while this model was trained"):
        train.train(
            scenario.deps(),
            project=scenario.desired.project,
            commit=None,
            environment=KEEPING,
            model=model,
            snapshot=stale,
        )


def test_two_refreshes_at_once_one_is_told_e702_and_nothing_is_lost(refreshes: Refreshes) -> None:
    scenario = refreshes.scenario
    refreshes.later()

    class Racing(FaultyStore):
        def create(self, key: str, body: bytes | Path) -> bool:
            if key.startswith("snapshots/") and self.store.read(key) is None:
                scenario.project.clock.now += timedelta(seconds=5)
                data_snapshots.take(scenario.deps(), scenario.desired, KEEPING)
            return super().create(key, body)

    deps = scenario.deps()
    racing = replace(deps, stores={**deps.stores, "sandbox": Racing(refreshes.store, Counter())})
    with pytest.raises(ConflictError) as caught:
        data_snapshots.take(racing, scenario.desired, KEEPING)
    assert caught.value.code == "E702"
    assert refreshes.held() == [0, 1]
    refreshes.check()
