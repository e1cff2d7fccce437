"""A snapshot is refreshed when its tables are declared otherwise, so that what a refusal says to declare counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.spec.data import DataBinding, Table
from reconciler.engine.storage import data_snapshots
from tests.simulation.sample_project import PRODUCTION
from tests.simulation.scenario import Scenario

INVOICES = Table(uses="csv", path="i.csv")


def reason(scenario: Scenario, **data: object) -> str | None:
    """Commit production with these data, and return why a refresh is due."""
    binding = replace(PRODUCTION.data, **data)  # type: ignore[arg-type]
    scenario.commit(seed=10, production=replace(PRODUCTION, data=binding))
    refresh = scenario.plan("sandbox").refresh
    return refresh.reason if refresh is not None else None


@pytest.fixture
def taken(scenario: Scenario) -> Scenario:
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    assert scenario.plan("sandbox").refresh is None
    return scenario


def test_another_day_is_taken_at_once(taken: Scenario) -> None:
    assert reason(taken, as_of="2026-02-01") == "data snapshot 0 is as of 2026-01-01; asOf is 2026-02-01 now"
    taken.apply("sandbox")
    assert taken.plan("sandbox").refresh is None, "once"


@pytest.mark.parametrize(
    "table",
    [
        replace(INVOICES, types=(("x", "DOUBLE"),)),
        replace(INVOICES, path="j.csv"),
        replace(INVOICES, nulls=("", "NA")),
        replace(INVOICES, dates="%d.%m.%Y"),
    ],
    ids=lambda table: str(codec.to_json(table)),
)
def test_a_table_that_is_declared_otherwise_is_copied_at_once(taken: Scenario, table: Table) -> None:
    assert reason(taken, tables=(("invoices", table),)) == "the tables are declared otherwise than for data snapshot 0"


def test_a_table_that_is_declared_now_is_copied_at_once(taken: Scenario) -> None:
    tables = (*PRODUCTION.data.tables, ("orders", INVOICES))
    assert reason(taken, tables=tables) == "data snapshot 0 has no table orders, which is declared now"


def test_how_old_a_snapshot_may_be_is_no_part_of_its_declaration(taken: Scenario) -> None:
    assert reason(taken, max_age=3600 * 24 * 365) is None


def test_a_snapshot_of_an_earlier_release_is_judged_by_what_it_tells(taken: Scenario) -> None:
    newest = data_snapshots.newest(taken.project.stores["sandbox"])
    assert newest is not None
    earlier = replace(newest, declared=None)
    assert codec.decode(type(newest), codec.encode(earlier), what="s") == earlier
    assert data_snapshots.declared_otherwise(earlier, PRODUCTION.data) is None
    changed = DataBinding(tables=(("invoices", replace(INVOICES, path="j.csv")),), as_of="2026-01-01")
    assert data_snapshots.declared_otherwise(earlier, changed) is None
    assert data_snapshots.declared_otherwise(earlier, replace(changed, as_of="2026-01-02")) is not None
