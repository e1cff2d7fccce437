"""What monitoring finds is recorded once, whatever breaks on the way and however many look at once."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.digest import digest_of_bytes
from reconciler.core.monitoring.promise import LossKind, Promise
from reconciler.core.monitoring.record import LiveFigure, LiveVerdict, MonitoringRecord
from reconciler.engine.monitoring import monitoring_log
from reconciler.errors import AmbiguousWriteError, IntegrityError, ReconcilerError, StoreError
from reconciler.testing.fault_injection import Crash, Fault, FaultyStore, at
from reconciler.testing.memory import MemoryStore

RECORD = MonitoringRecord(
    environment="production",
    model="pay",
    artifact=digest_of_bytes(b"a"),
    when=datetime(2026, 1, 31, tzinfo=UTC),
    who="ada",
    verdict=LiveVerdict.DEGRADED,
    promise=Promise(figure="accuracy", value=0.8, rows=500, kind=LossKind.WRONG),
    waiting=3,
    gone=0,
    known=LiveFigure(value=0.7, rows=200, first="2026-01-01", last="2026-01-20"),
    recent=LiveFigure(value=0.5, rows=80, first="2026-01-12", last="2026-01-20"),
    evidence=4.5,
    found="2026-01-31",
    through="2026-01-20",
)


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path)


def keys(store: MemoryStore) -> list[str]:
    return sorted(store.keys("monitoring/"))


def test_the_same_is_recorded_once_whoever_finds_it_and_when(store: MemoryStore) -> None:
    assert monitoring_log.append(store, RECORD) == 0
    later = replace(RECORD, when=datetime(2026, 2, 1, tzinfo=UTC), who="bob")
    assert monitoring_log.append(store, later) == 0
    assert monitoring_log.last(store, "production", "pay") == (0, RECORD)
    assert monitoring_log.append(store, replace(later, waiting=2)) == 1
    assert keys(store) == ["monitoring/production/pay/0.json", "monitoring/production/pay/1.json"]


@pytest.mark.parametrize("fault", [one for one in Fault if one is not Fault.NONE])
def test_whatever_breaks_on_the_way_the_next_run_records_it_once(store: MemoryStore, fault: Fault) -> None:
    with contextlib.suppress(Crash, StoreError, AmbiguousWriteError):
        monitoring_log.append(FaultyStore(store, at(0, fault)), RECORD)
    assert monitoring_log.append(store, RECORD) == 0
    assert len(keys(store)) == 1


def test_two_that_find_the_same_at_once_record_it_once(store: MemoryStore) -> None:
    class Second:
        """Between our look and our write, somebody else writes the same."""

        def __init__(self) -> None:
            self.done = False

        def __call__(self, effect: str) -> Fault:
            if not self.done:
                self.done = True
                monitoring_log.append(store, replace(RECORD, who="bob"))
            return Fault.NONE

    assert monitoring_log.append(FaultyStore(store, Second()), RECORD) == 0
    assert len(keys(store)) == 1


def test_a_damaged_a_missing_and_a_misplaced_record_are_damage(store: MemoryStore) -> None:
    monitoring_log.append(store, RECORD)
    monitoring_log.append(store, replace(RECORD, waiting=1))
    body = store.read("monitoring/production/pay/1.json") or b""
    store.create("monitoring/production/other/0.json", body)
    with pytest.raises(IntegrityError) as caught:
        monitoring_log.last(store, "production", "other")
    assert caught.value.code == "E509"
    with pytest.raises(IntegrityError):
        codec.decode(MonitoringRecord, body.replace(b"ada", b"eve"), what="a record")
    found = monitoring_log.degraded(store, "production")
    assert isinstance(found["pay"], MonitoringRecord)
    assert "cannot be read" in str(found["other"])


def test_a_store_that_cannot_be_listed_says_nothing_here(store: MemoryStore) -> None:
    class Unlisted(FaultyStore):
        def keys(self, prefix: str) -> object:  # type: ignore[override]
            raise StoreError(f"{prefix} cannot be listed")

    assert monitoring_log.degraded(Unlisted(store, lambda _: Fault.NONE), "production") == {}
    assert issubclass(StoreError, ReconcilerError)
