"""A snapshot is refreshed when its tables are declared otherwise, so that what a refusal says to declare counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest
from reconciler.core.snapshots.declaration import declaration_of
from reconciler.core.spec.data import CellText, Contract, DataBinding, Mask, Table, Treatment
from reconciler.engine.storage import data_snapshots
from tests.simulation.sample_project import PRODUCTION, SANDBOX
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
    ("table", "changed"),
    [
        (replace(INVOICES, types=(("x", "DOUBLE"),)), "types.x is DOUBLE now, was not declared"),
        (replace(INVOICES, path="j.csv"), "path was 'i.csv', is 'j.csv'"),
        (replace(INVOICES, nulls=("", "NA")), "nulls was [''], is ['', 'NA']"),
        (replace(INVOICES, uses="postgres", path="", url="env:U", table="i"), "uses was csv, is postgres (and 3 more)"),
        (replace(INVOICES, path=""), "path was 'i.csv', is declared no more"),
        (replace(INVOICES, delimiter=";"), "delimiter is ';' now, was not declared"),
        (replace(INVOICES, dates="%d.%m.%Y", skip=1), "dates is '%d.%m.%Y' now, was not declared (and 1 more)"),
        (
            replace(INVOICES, cells=(CellText(column="x", unit="EUR"),)),
            "cells.x is unit EUR now, was not declared",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_that_is_declared_otherwise_is_copied_at_once_and_the_plan_names_the_field(
    taken: Scenario, table: Table, changed: str
) -> None:
    because = f"data snapshot 0 is declared otherwise now: table invoices: {changed}"
    assert reason(taken, tables=(("invoices", table),)) == because


def test_a_table_that_is_declared_now_is_copied_at_once(taken: Scenario) -> None:
    tables = (*PRODUCTION.data.tables, ("orders", INVOICES))
    assert reason(taken, tables=tables) == "data snapshot 0 is declared otherwise now: table orders is declared now"


def test_a_mask_makes_every_snapshot_without_it_stale(taken: Scenario) -> None:
    mask = Mask(table="invoices", column="email", treatment=Treatment.DROP)
    because = "data snapshot 0 is declared otherwise now: mask of invoices.email is drop now, was not declared"
    assert reason(taken, masks=(mask,)) == because


def test_who_may_look_at_what_and_what_is_checked_is_no_part_of_what_a_snapshot_is_taken_by(taken: Scenario) -> None:
    assert (
        reason(taken, contracts=(Contract(table="invoices", key="id"),), not_personal=(("invoices.x", "no"),)) is None
    )


def test_how_old_a_snapshot_may_be_is_no_part_of_its_declaration(taken: Scenario) -> None:
    assert reason(taken, max_age=3600 * 24 * 365) is None


RECORD_OF_BEFORE = (
    '{"asOf":"2026-01-01","declared":"sha256:d021697919bfad157564df3c1975cc4a51604e0e908fa6536b68ea207ca5e16c",'
    '"format":1,"n":0,"source":"production","tables":[{"columns":[{"name":"id","type":"VARCHAR"}],"digest":'
    '"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","name":"invoices","rows":100}],'
    '"taken":"2026-01-02T00:00:00Z",'
    '"~sha256":"66366d240d48d00dbbf4995b378a98386c54ce4f5a222075f15ea9eaea49eacf"}'
)
"""As the release before masks wrote it, of PRODUCTION's tables."""


def test_a_record_of_the_release_before_masks_is_read_and_stays_good() -> None:
    earlier = codec.decode(Snapshot, RECORD_OF_BEFORE.encode(), what="s")
    assert codec.encode(earlier).decode() == RECORD_OF_BEFORE
    assert otherwise(earlier, PRODUCTION.data) is None
    assert otherwise(earlier, replace(PRODUCTION.data, contracts=(Contract(table="invoices", key="id"),))) is None
    changed = replace(PRODUCTION.data, tables=(("invoices", replace(INVOICES, path="j.csv")),))
    assert otherwise(earlier, changed) == "the tables are declared otherwise than for data snapshot 0"
    masked = replace(PRODUCTION.data, masks=(Mask(table="invoices", column="x", treatment=Treatment.REDACT),))
    assert otherwise(earlier, masked) is not None, "it was taken without masks"


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (
            DataBinding(
                tables=(
                    ("customers", Table(uses="parquet", path="c.parquet")),
                    (
                        "invoices",
                        replace(
                            INVOICES,
                            types=(("x", "DOUBLE"),),
                            delimiter=";",
                            cells=(CellText(column="x", unit="EUR"),),
                        ),
                    ),
                )
            ),
            "sha256:ba72da533b3317526c9872896d13c95c79ec2324fc565fe4817ff87179042733",
        ),
        (DataBinding(copy_from="q"), "sha256:d4fdaf3ef6e7b78dc1a224d36c8f3530f79170316cdaadf83a757322bb82badc"),
    ],
    ids=("tables", "no tables"),
)
def test_the_digests_of_the_release_before_masks_are_worked_out_again(data: DataBinding, digest: str) -> None:
    earlier = codec.decode(Snapshot, RECORD_OF_BEFORE.encode(), what="s")
    copies = tuple(replace(earlier.tables[0], name=name) for name, _ in data.tables)
    assert otherwise(replace(earlier, declared=Digest(digest), tables=copies), data) is None


def test_a_snapshot_of_an_earlier_release_is_judged_by_what_it_tells(taken: Scenario) -> None:
    newest = data_snapshots.newest(taken.project.stores["sandbox"])
    assert newest is not None
    earlier = replace(newest, declared=None, declaration=None)
    assert codec.decode(type(newest), codec.encode(earlier), what="s") == earlier
    assert otherwise(earlier, PRODUCTION.data) is None
    changed = DataBinding(tables=(("invoices", replace(INVOICES, path="j.csv")),), as_of="2026-01-01")
    assert otherwise(earlier, changed) is None
    assert otherwise(earlier, replace(changed, as_of="2026-01-02")) is not None


def otherwise(snapshot: Snapshot, origin: DataBinding) -> str | None:
    return data_snapshots.declared_otherwise(snapshot, declaration_of(origin, SANDBOX.data))
