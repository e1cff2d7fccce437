"""Killed at any effect, an erasure is begun again by the same command, and ends as one that nothing stopped."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.erasure.results import FinishResult, ForgetResult
from reconciler.engine.apply import train
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.forget import forget
from reconciler.engine.erasure.remove_erased import remove_erased
from reconciler.engine.inspect.audit import audit
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import ConflictError, DataError, ReconcilerError, StoreError
from reconciler.ports import (
    CopyRequest,
    EntityDigests,
    EntityRequest,
    ErasedFile,
    ErasedRows,
    EraseRequest,
    SearchRequest,
    Store,
    TableFile,
)
from reconciler.testing.fake_compute import FakeData
from reconciler.testing.fault_injection import Counter, Crash, Fault, Script, at
from tests.simulation.sample_project import MODEL, PRODUCTION, SANDBOX
from tests.simulation.scenario import Scenario
from tests.support.effort import FULL, spread

CANARY = b"QXcanaryQX"
ERASING = replace(PRODUCTION, data=replace(PRODUCTION.data, erasure_key="env:KEY", erasure_grace=86_400))


class ForgetfulData(FakeData):
    """Tables that hold one entity until its rows are left out; a table's bytes say so."""

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        files = super().copy(request)
        for file in files:
            if not self._leaves_out(request.erased):
                file.path.write_bytes(file.path.read_bytes() + CANARY)
        return files

    def digests(self, request: EntityRequest) -> EntityDigests:
        return EntityDigests(entity=f"of {request.value}")

    def erase(self, request: EraseRequest) -> tuple[ErasedFile, ...]:
        gone, done, held = self._leaves_out(request.erased), [], False
        for table in request.tables:
            holds = gone and CANARY in table.path.read_bytes()
            held = held or holds
            if holds:
                (request.into / f"{table.name}.parquet").write_bytes(table.path.read_bytes().replace(CANARY, b""))
            done.append(ErasedFile(name=table.name, rows=int(holds), left=99))
        for position, log in enumerate(request.logs):
            body = log.path.read_bytes()
            if held and CANARY in body:
                (request.into / f"{position}.csv").write_bytes(body.replace(CANARY, b""))
            done.append(ErasedFile(name=str(position), rows=int(held and CANARY in body), left=1))
        return tuple(done)

    def search(self, request: SearchRequest) -> tuple[int, ...]:
        return tuple(n for n, path in enumerate(request.files) if request.value.encode() in path.read_bytes())

    @staticmethod
    def _leaves_out(erased: ErasedRows | None) -> bool:
        return erased is not None and any("of the entity" in each.digests for each in erased.entities)


class _Scenario(Scenario):
    """A scenario whose processes have the key of erasures."""

    data: ForgetfulData
    key: str | None = "the key of erasures"

    def deps(self, script: Script | None = None, **ports: Any) -> Dependencies:
        return replace(super().deps(script, **ports), erasure=self.data, secret=lambda _: self.key)


class Erasure:
    """A model that is deployed and has predicted, and whose training rows hold the entity."""

    def __init__(self, folder: Path) -> None:
        self.scenario = _Scenario(folder)
        self.scenario.project.data = self.scenario.data = ForgetfulData()
        self.scenario.deployed(10, production=ERASING)
        store = self.scenario.project.stores["production"]
        log = PredictionLog(
            environment="production",
            model=MODEL,
            artifact=self.scenario.candidate,
            as_of="2026-01-01",
            when=self.scenario.project.clock(),
            who="somebody",
            rows=blobs.put(store, b"id,y\n" + CANARY),
            count=2,
        )
        store.create(store_layout.member(store_layout.predictions("production", MODEL), 0), codec.encode(log))

    def forget(self, script: Script | None = None, deps: Dependencies | None = None) -> ForgetResult:
        return forget(
            deps or self.scenario.deps(script),
            self.scenario.desired,
            ERASING,
            table="invoices",
            column="id",
            value="the entity",
            reason="asked",
        )

    def finish(self, script: Script | None = None) -> FinishResult:
        return remove_erased(self.scenario.deps(script), self.scenario.desired, ERASING)

    def replaced(self) -> None:
        """Train the model again and deploy it; then the time is over."""
        self.scenario.apply("sandbox")
        self.scenario.commit(seed=10, pin=self.scenario.candidate, production=ERASING)
        self.scenario.apply("production")
        self.scenario.project.clock.now += timedelta(days=2)

    def objects(self) -> dict[str, set[str]]:
        return {name: set(store.objects) for name, store in self.scenario.project.stores.items()}

    def canaries(self) -> list[str]:
        stores = self.scenario.project.stores.values()
        return [key for store in stores for key, body in store.objects.items() if CANARY in body]

    def audit(self) -> list[str]:
        found = audit(self.scenario.deps(), self.scenario.desired, ("sandbox", "production")).findings
        return [f"{each.where}: {each.problem}" for each in found if "card" not in each.where]


def _forgets(folder: Path) -> list[str]:
    counter = Counter()
    Erasure(folder).forget(counter)
    return counter.effects


def _finishes(folder: Path) -> list[str]:
    erasure, counter = Erasure(folder), Counter()
    erasure.forget()
    erasure.replaced()
    erasure.finish(counter)
    return counter.effects


FORGETS, FINISHES = 8, 30  # effects, or more than there are
FAULTS = (Fault.BEFORE, Fault.AFTER, Fault.ERROR, Fault.DONE_UNANSWERED) if FULL else (Fault.BEFORE, Fault.ERROR)


def test_the_sweeps_reach_every_effect(tmp_path: Path) -> None:
    begun, finished = _forgets(tmp_path / "begun"), _finishes(tmp_path / "finished")
    assert len(begun) <= FORGETS
    assert len(finished) <= FINISHES
    assert begun[:1] == ["production: create erasures/production/0.json"], "first where the data live"
    kinds = [effect.split(" ")[1] for effect in finished]
    assert kinds.count("remove") >= 8
    assert finished[-1] == "production: create certificates/production/erasure-0.json"


@pytest.mark.soak
@pytest.mark.parametrize("index", spread(range(FORGETS), "CRASH_STRIDE"))
def test_a_killed_forget_is_found_by_its_tombstone(tmp_path: Path, index: int) -> None:
    for fault in FAULTS:
        erasure = Erasure(tmp_path / fault.name)
        with contextlib.suppress(Crash, ReconcilerError):
            erasure.forget(at(index, fault))
        assert erasure.forget().builds == 1
        for store in erasure.scenario.project.stores.values():
            assert [key for key in store.objects if key.startswith("erasures/")] == ["erasures/production/0.json"]
        assert erasure.audit() == []
        erasure.replaced()
        assert erasure.finish().is_done
        assert erasure.canaries() == []


@pytest.mark.soak
@pytest.mark.parametrize("index", spread(range(FINISHES), "CRASH_STRIDE"))
def test_a_killed_removal_is_gone_on_with(tmp_path: Path, index: int) -> None:
    whole = Erasure(tmp_path / "whole")
    whole.forget()
    whole.replaced()
    whole.finish()
    for fault in FAULTS:
        erasure = Erasure(tmp_path / fault.name)
        erasure.forget()
        erasure.replaced()
        with contextlib.suppress(Crash, ReconcilerError):
            erasure.finish(at(index, fault))
        assert erasure.audit() == [], "what is half removed is erased, not lost"
        assert erasure.finish().is_done
        assert erasure.canaries() == []
        assert {name: len(keys) for name, keys in erasure.objects().items()} == {
            name: len(keys) for name, keys in whole.objects().items()
        }
        assert erasure.audit() == []


def test_what_serves_stays_until_it_is_replaced(tmp_path: Path) -> None:
    erasure = Erasure(tmp_path)
    serves = erasure.scenario.serves
    erasure.forget()
    erasure.scenario.project.clock.now += timedelta(days=2)
    (waits,) = erasure.finish().erasures
    assert not waits.certified
    assert {model.environment for model in waits.waiting} == {"sandbox", "production"}
    assert serves is not None
    assert all(blobs.holds(store, serves) for store in erasure.scenario.project.stores.values())
    assert erasure.audit() == []


def test_a_store_that_cannot_remove_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    class Keeping:
        """A store without removal."""

        def __init__(self, store: Store) -> None:
            self.create, self.read, self.path, self.keys = store.create, store.read, store.path, store.keys

    erasure = Erasure(tmp_path)
    deps = erasure.scenario.deps(counter := Counter())
    kept: dict[str, Store] = {**deps.stores, "sandbox": Keeping(deps.stores["sandbox"])}
    with pytest.raises(StoreError, match="the store of sandbox cannot remove"):
        erasure.forget(deps=replace(deps, stores=kept))
    erasure.scenario.key = None
    with pytest.raises(DataError, match="there is no key of tombstones: the environment variable"):
        erasure.forget(counter)
    assert counter.effects == []


def test_a_training_that_began_before_is_not_recorded(tmp_path: Path) -> None:
    erasure = Erasure(tmp_path)
    store = erasure.scenario.project.stores["sandbox"]
    snapshot = data_snapshots.newest(store)
    assert snapshot is not None
    erasure.forget()
    builds = [key for key in store.objects if key.startswith("builds/")]
    desired = erasure.scenario.commit(seed=11, production=ERASING)
    with pytest.raises(ConflictError):
        train.train(
            erasure.scenario.deps(),
            project=desired.project,
            commit=desired.revision,
            environment=SANDBOX,
            model=desired.models_of("sandbox")[0],
            snapshot=snapshot,
        )
    assert [key for key in store.objects if key.startswith("builds/")] == builds


def test_two_forgets_at_once_leave_one_log_without_a_gap(tmp_path: Path) -> None:
    erasure = Erasure(tmp_path)
    begun: list[ForgetResult] = []

    def meanwhile(effect: str) -> Fault:
        if "create erasures/production" in effect and not begun:
            begun.append(erasure.forget())
        return Fault.NONE

    with contextlib.suppress(ReconcilerError):
        erasure.forget(meanwhile)
    assert erasure.forget().known
    for store in erasure.scenario.project.stores.values():
        assert [key for key in store.objects if key.startswith("erasures/")] == ["erasures/production/0.json"]
    assert erasure.audit() == []
