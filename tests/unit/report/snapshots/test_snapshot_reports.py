"""Reports of data snapshots fit a narrow terminal, and say what a person wants to know of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.core.digest import digest_of_bytes
from reconciler.core.snapshots.results import (
    RefreshResult,
    SnapshotDetail,
    SnapshotDifference,
    SnapshotLine,
    SnapshotList,
    SnapshotTable,
    TableDifference,
)
from reconciler.report.layout.text_layout import TextStyle
from reconciler.report.snapshots import refresh_result, snapshot_detail, snapshot_difference, snapshot_list
from tests.golden.report.rendering import as_page, on_screen

NARROW = TextStyle(width=60)
LINE = SnapshotLine(
    n=12,
    taken=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    as_of="2026-01-01",
    source="production",
    tables=2,
    rows=1_234_567,
    artifacts=3,
)
TABLE = SnapshotTable(
    name="invoices",
    rows=1_234_567,
    columns=("id VARCHAR", "amount DOUBLE"),
    digest=digest_of_bytes(b"t"),
    since=9,
    sampled_by="customer_id",
    masked=("email: pseudonym", "birth_date: generalise year"),
)
DIFFERENCE = TableDifference(
    name="invoices",
    rows_before=1_000,
    rows_after=1_200,
    added=("channel",),
    removed=("fax",),
    types=("amount: BIGINT -> DOUBLE",),
    values=("paid",),
)
REASON = "data snapshot 12 is declared otherwise now: table invoices: delimiter was ',', is ';'"
REFRESH = RefreshResult(
    environment="sandbox",
    snapshot=13,
    taken=True,
    reason=REASON,
    as_of="2026-01-01",
    rows=1_234_567,
    tables=2,
    same=("customers",),
    whole=("rates",),
)
DETAIL = SnapshotDetail(
    environment="sandbox",
    snapshot=LINE,
    details=(TABLE,),
    declared=("table invoices: uses csv, path 'exports/2026/invoices.csv', delimiter ','", "mask of a.b: redact"),
    otherwise=REASON,
)
COMPARED = SnapshotDifference(
    environment="sandbox",
    before=replace(LINE, n=11),
    after=LINE,
    declared=("table invoices: delimiter was ',', is ';'",),
    tables=(DIFFERENCE, replace(DIFFERENCE, name="new", rows_before=None), replace(DIFFERENCE, name="x", values=None)),
    same=("customers",),
)
REPORTS = {
    "list": (snapshot_list, SnapshotList(environment="sandbox", snapshots=(LINE, replace(LINE, n=11)), due=REASON)),
    "show": (snapshot_detail, DETAIL),
    "diff": (snapshot_difference, COMPARED),
    "refresh": (refresh_result, REFRESH),
    "idle": (refresh_result, replace(REFRESH, taken=False)),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_fits_sixty_columns_and_a_page(name: str) -> None:
    text = on_screen(*REPORTS[name], NARROW)
    assert max(map(len, text.splitlines())) <= 60, text
    assert as_page(*REPORTS[name])


def test_a_difference_names_rows_columns_types_and_declarations() -> None:
    text = on_screen(snapshot_difference, COMPARED, TextStyle(width=100))
    for said in ("1,000 -> 1,200 (+200)", "channel", "fax", "amount: BIGINT -> DOUBLE", "delimiter was ',', is ';'"):
        assert said in text
    assert "Unchanged: customers" in text


def test_a_refresh_says_what_was_not_stored_again_and_what_the_sample_could_not_reach() -> None:
    text = on_screen(refresh_result, REFRESH, TextStyle(width=100))
    assert "customers (not stored again)" in text
    assert "rates (no column relates them to the sample)" in text
