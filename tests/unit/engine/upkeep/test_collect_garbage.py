"""Blobs that nothing names leave a store in two steps, a week apart; nothing that anything names ever does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.upkeep.garbage import GRACE, YOUNG, GarbageResult
from reconciler.engine.inspect.audit import audit
from reconciler.engine.storage import blobs
from reconciler.engine.upkeep.collect_garbage import collect_garbage
from reconciler.errors import IntegrityError, ReconcilerError, StoreError
from reconciler.ports import Store
from reconciler.testing.fault_injection import Counter, Crash, Fault, Script, at
from reconciler.testing.memory import MemoryStore
from tests.simulation.garbage import simulate, unnamed
from tests.simulation.sample_project import SANDBOX
from tests.simulation.scenario import Scenario
from tests.support.effort import count

ORPHAN = b"left by a killed training"
SEEDS = count("GARBAGE_SEEDS")


class Collections:
    """A sandbox with a trained model, whose store is collected."""

    def __init__(self, folder: Path) -> None:
        self.scenario = Scenario(folder)
        self.scenario.commit(seed=10)
        self.scenario.apply("sandbox")

    @property
    def store(self) -> MemoryStore:
        return self.scenario.project.stores["sandbox"]

    def gc(self, script: Script | None = None, *, dry_run: bool = False) -> GarbageResult:
        deps = self.scenario.deps(script)
        return collect_garbage(deps, self.scenario.desired, SANDBOX, dry_run=dry_run)

    def later(self, seconds: float = GRACE) -> None:
        self.scenario.project.clock.now += timedelta(seconds=seconds)

    def orphan(self, body: bytes = ORPHAN) -> Digest:
        return blobs.put(self.store, body)


@pytest.fixture
def collections(tmp_path: Path) -> Collections:
    return Collections(tmp_path)


def test_what_anything_names_stays(collections: Collections) -> None:
    before = dict(collections.store.objects)
    assert list(unnamed(collections.store)) == []
    for _ in range(3):
        done = collections.gc()
        assert (done.taken_out, done.waiting) == (0, 0)
        collections.later()
    assert collections.store.objects == before


def test_what_nothing_names_is_removed_after_a_week_and_not_before(collections: Collections) -> None:
    orphan = collections.orphan()
    assert collections.gc().taken_out == 1
    assert not blobs.is_stored(collections.store, orphan)
    assert blobs.get(collections.store, orphan) == ORPHAN, "whoever needs it still reads it"
    collections.later(GRACE - 1)
    early = collections.gc()
    assert (early.removed, early.waiting) == (0, 1)
    assert blobs.holds(collections.store, orphan)
    collections.later(1)
    done = collections.gc()
    assert (done.removed, done.freed, done.waiting) == (1, len(ORPHAN), 0)
    assert not blobs.holds(collections.store, orphan)
    assert not [key for key, body in collections.store.objects.items() if ORPHAN in body]
    assert audit(collections.scenario.deps(), collections.scenario.desired, ("sandbox",)).findings == ()


def test_what_a_record_names_by_then_comes_back(collections: Collections) -> None:
    orphan = collections.orphan()
    collections.gc()
    collections.store.create("checks/extra.json", b'{"names": "%s"}' % orphan.encode())
    collections.later()
    with pytest.raises(IntegrityError):  # a record that nobody wrote is damage, and stops everything
        collections.gc()
    del collections.store.objects["checks/extra.json"]
    collections.scenario.commit(seed=10, pin=orphan)
    assert collections.gc().returned == 1
    assert blobs.is_stored(collections.store, orphan)
    collections.later()
    assert collections.gc().removed == 1, "the copy that was taken out"
    assert blobs.get(collections.store, orphan) == ORPHAN


def test_what_is_stored_again_relies_on_no_copy_that_was_taken_out(collections: Collections) -> None:
    orphan = collections.orphan()
    collections.gc()
    assert blobs.put(collections.store, ORPHAN) == orphan
    assert blobs.is_stored(collections.store, orphan)


def test_a_blob_that_a_named_blob_names_stays(collections: Collections) -> None:
    inner = collections.orphan()
    outer = collections.orphan(b'{"subject": {"digest": "%s"}}' % inner.encode())
    collections.scenario.commit(seed=10, pin=outer)
    assert collections.gc().taken_out == 0


def test_what_names_others_is_taken_out_before_them(collections: Collections) -> None:
    """Who finds a manifest in a store relies on all that it names."""
    inner = collections.orphan()
    outer = collections.orphan(b'{"layers": "%s"}' % inner.encode())
    effects = Counter()
    collections.gc(effects)
    removed = [effect for effect in effects.effects if "remove" in effect]
    assert [effect.rpartition("/")[2] for effect in removed] == [outer[7:], inner[7:]]


def test_a_dry_run_says_the_same_and_changes_nothing(collections: Collections) -> None:
    collections.orphan()
    collections.gc()
    collections.later()
    collections.orphan(b"another")
    before = dict(collections.store.objects)
    told = collections.gc(dry_run=True)
    assert collections.store.objects == before
    done = collections.gc()
    assert (told.taken_out, told.removed, told.freed) == (done.taken_out, done.removed, done.freed) == (1, 1, 25)


def test_nothing_is_taken_out_of_a_damaged_store(collections: Collections) -> None:
    """What a lost record named would look unnamed."""
    orphan = collections.orphan()
    key = next(key for key in collections.store.objects if key.startswith("builds/"))
    del collections.store.objects[key]
    with pytest.raises(IntegrityError, match="nothing is taken out of a damaged store"):
        collections.gc()
    assert blobs.is_stored(collections.store, orphan)


def test_a_kill_at_any_effect_loses_nothing_and_the_next_one_goes_on(tmp_path: Path) -> None:
    counter, number = Counter(), 0
    first = Collections(tmp_path / "count")
    first.orphan()
    first.gc(counter)
    for number in range(len(counter.effects)):
        for fault in (Fault.BEFORE, Fault.AFTER, Fault.ERROR, Fault.DONE_UNANSWERED):
            one = Collections(tmp_path / f"{number}-{fault}".replace(" ", "-").replace(",", ""))
            orphan = one.orphan()
            with contextlib.suppress(Crash, ReconcilerError):
                one.gc(at(number, fault))
            assert blobs.get(one.store, orphan) == ORPHAN
            for _ in range(2):
                one.gc()
                one.later()
            one.gc()
            assert list(unnamed(one.store)) == []
    assert number == 2, "a sweep, a copy, a removal"


@dataclass(frozen=True)
class _Lasting:
    """A store that cannot remove anything."""

    store: MemoryStore

    def __getattr__(self, name: str) -> object:
        if name in ("remove", "__class_getitem__"):
            raise AttributeError(name)
        return getattr(self.store, name)

    def keys(self, prefix: str) -> Iterator[str]:
        return self.store.keys(prefix)


def test_a_store_that_removes_nothing_is_told(collections: Collections) -> None:
    store: Store = _Lasting(collections.store)  # type: ignore[assignment]
    deps = collections.scenario.deps(stores={"sandbox": store})
    with pytest.raises(StoreError, match="cannot remove a blob"):
        collect_garbage(deps, collections.scenario.desired, SANDBOX)


def test_a_blob_of_today_is_left_alone_where_the_store_knows(collections: Collections, tmp_path: Path) -> None:
    store = FilesStore(tmp_path / "files")
    for key, body in collections.store.objects.items():
        store.create(key, body)
    orphan = blobs.put(store, ORPHAN)
    now = collections.scenario.project.clock()
    path = store.path(store_layout.blob(orphan))
    assert path is not None

    def gc() -> GarbageResult:
        stores: dict[str, Store] = {**collections.scenario.project.stores, "sandbox": store}
        return collect_garbage(collections.scenario.deps(stores=stores), collections.scenario.desired, SANDBOX)

    os.utime(path, times=(now.timestamp(), now.timestamp() - YOUNG + 1))
    young = gc()
    assert (young.young, young.taken_out) == (1, 0)
    os.utime(path, times=(now.timestamp(), now.timestamp() - YOUNG))
    old = gc()
    assert (old.young, old.taken_out) == (0, 1)
    assert blobs.get(store, orphan) == ORPHAN
    assert store.written("no/such.json") is None


@pytest.mark.soak
def test_no_schedule_of_collections_and_applies_loses_or_leaves_a_blob() -> None:
    """10,000 schedules: `GARBAGE_SEEDS=10000 make soak`, 3 processor hours."""
    removed = 0
    for seed in range(SEEDS):
        ran, collected = simulate(seed)
        assert ran.violations == [], f"{ran.violations}\nreplay: python -m tests.simulation.garbage --seed {seed}"
        removed += collected["removed"]
    assert removed, "something was removed"
