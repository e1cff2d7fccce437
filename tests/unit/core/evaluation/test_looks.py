"""Looks at a holdout are counted by row, across snapshots, in records that stay small however many there are."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.evaluation.looks import HASH, MOST_ROWS, HoldoutLooks, looked, looks_at, miscounted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def hashed(row: int) -> str:
    return hashlib.md5(str(row).encode()).hexdigest()[:HASH]  # noqa: S324  (no secret)


@cache
def sketch(rows: range) -> list[str]:
    return sorted(map(hashed, rows))[:MOST_ROWS]


def look(before: HoldoutLooks | None, rows: range) -> HoldoutLooks:
    n = before.n + 1 if before is not None else 0
    return looked(
        before,
        sketch(rows),
        environment="sandbox",
        table="invoices",
        key="invoice_id",
        fingerprint=Digest(f"sha256:{n:064x}"),
        when=NOW + timedelta(days=n),
        whole=len(rows) < MOST_ROWS,
    )


def test_of_a_small_table_every_row_is_counted() -> None:
    first = look(None, range(100))
    second = look(first, range(50, 150))
    seen = looks_at(second, sketch(range(50, 150)))
    assert seen is not None
    assert (seen.rows, seen.average, seen.most, seen.candidates) == (100, 1.5, 2, 2)
    assert looks_at(second, sketch(range(500, 600))) is None


def test_a_thousand_looks_over_daily_snapshots_stay_small_and_true() -> None:
    """Each day 20 new rows and 4 candidates; the holdout is the newest 2,000."""
    days, looks = 250, None
    for day in range(days):
        for _ in range(4):
            looks = look(looks, range(20 * day, 20 * day + 2_000))
    assert looks is not None
    assert len(codec.encode(looks)) < 8_192
    assert len(looks.rows) <= MOST_ROWS
    newest = range(20 * (days - 1), 20 * (days - 1) + 2_000)
    seen = looks_at(looks, sketch(newest))
    assert seen is not None
    assert (seen.candidates, seen.most) == (1_000, 400)  # a row stays for 100 days
    assert seen.rows >= 50
    true = sum(4 * (1 + (row - newest[0]) // 20) for row in newest) / len(newest)
    assert abs(seen.average - (404 - true)) < 0.25 * true


def test_the_counts_of_rows_are_exact_and_no_estimates() -> None:
    looks, true = None, Counter[str]()
    for day in range(60):
        rows = range(40 * day, 40 * day + 2_000)
        looks = look(looks, rows)
        true.update(map(hashed, rows))
    assert looks is not None
    assert {row: int(times) for row, times, _ in map(str.split, looks.rows)} == {
        row: true[row] for row, _, _ in map(str.split, looks.rows)
    }


def test_a_record_that_counts_what_cannot_be_is_told() -> None:
    record = look(look(None, range(40)), range(40))
    assert miscounted(record) is None
    row = record.rows[0].split(" ")[0]
    for rows in (
        ("zz", "a b c"),
        (f"{row} -3 0",),
        (f"{row} 1 2",),
        (f"{row} 3 1",),
        (record.rows[1], record.rows[0]),
        (record.rows[0], record.rows[0]),
        tuple(f"{each:010x} 1 1" for each in range(MOST_ROWS + 1)),
    ):
        assert miscounted(replace(record, rows=rows)) is not None, rows
