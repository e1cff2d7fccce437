"""A table of the newest snapshot that is lost or damaged in its store is told; its remedy works when it is typed."""

from __future__ import annotations

import re

import pytest

from reconciler.core.artifact import store_layout
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan import make_plan
from reconciler.engine.snapshots.refresh import refresh_data
from reconciler.engine.storage import data_snapshots
from reconciler.errors import IntegrityError
from reconciler.testing.memory import MemoryStore
from tests.simulation.scenario import Scenario


@pytest.fixture
def store(scenario: Scenario) -> MemoryStore:
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    return scenario.project.stores["sandbox"]


def blob_of(store: MemoryStore) -> str:
    newest = data_snapshots.newest(store)
    assert newest is not None
    return store_layout.blob(newest.tables[0].digest)


def forced(scenario: Scenario) -> int:
    environment = environment_of(scenario.desired, "sandbox")
    return refresh_data(scenario.deps(), scenario.desired, environment, force=True).snapshot


def test_a_lost_table_stops_a_plan_and_is_copied_again_where_that_is_asked_for(
    scenario: Scenario, store: MemoryStore
) -> None:
    store.remove(blob_of(store))
    with pytest.raises(IntegrityError, match="table invoices of data snapshot 0 is gone") as lost:
        scenario.plan("sandbox")
    assert "reconciler data refresh sandbox --force" in (lost.value.hint or "")
    environment = environment_of(scenario.desired, "sandbox")
    assert make_plan.make_plan(scenario.deps(), scenario.desired, environment, refresh_anyway=True).refresh is not None
    assert forced(scenario) == 1
    assert scenario.plan("sandbox").refresh is None


def test_a_damaged_copy_of_a_table_that_did_not_change_is_named_with_what_to_remove(
    scenario: Scenario, store: MemoryStore
) -> None:
    store.put(blob_of(store), b"PAR1 and nothing else")
    scenario.oracle.violations.clear()  # it was damaged on purpose
    with pytest.raises(IntegrityError, match="table invoices did not change, and its copy") as damaged:
        forced(scenario)
    named = re.search(r"remove (\S+) there", damaged.value.hint or "")
    assert named is not None
    store.remove(named.group(1))
    assert forced(scenario) == 1
