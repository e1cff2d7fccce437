"""Measure what masks cost while a table is copied, against DuckDB's own copy of Parquet to Parquet.

python benchmarks/masking.py [ROWS [DISTINCT]]     (default: 2,000,000 rows, 200,000 distinct values)

15 columns, of which two become pseudonyms: once with DISTINCT values each, once with as many as rows. The times
are the processor's. The bars: no mask 85 %, few distinct values 50 %, all distinct 10 % of the plain copy's speed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb

from reconciler.core.spec.data import Mask, Table, Treatment
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.ports import CopyRequest, Masking

LIMITS = Limits(seconds=3600, memory=4 * 1024**3)
MASKS = tuple(Mask(table="t", column=column, treatment=Treatment.PSEUDONYM) for column in ("name", "email"))
BARS = {"no mask": 0.85, "few distinct": 0.5, "all distinct": 0.1}


def write_table(path: Path, rows: int, distinct: int) -> None:
    """Write a table of invoices with a name and an e-mail address of each customer."""
    numbers = ", ".join(f"round(random() * 10000, 2) AS amount_{n}" for n in range(7))
    codes = ", ".join(f"(i * {n + 7}) % 1000 AS code_{n}" for n in range(4))
    duckdb.execute(
        f"COPY (SELECT i AS id, DATE '2020-01-01' + CAST(i % 1000 AS INTEGER) AS issued,"  # noqa: S608
        f" 'Name ' || (i * 7919 % {distinct}) AS name, 'user' || (i * 104729 % {distinct}) || '@example.com' AS email,"
        f" {numbers}, {codes} FROM range({rows}) r(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )


def seconds(work: Callable[[], object], runs: int = 2) -> float:
    """Return the processor time of the quickest of some runs."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def plain(source: Path, into: Path) -> None:
    """Copy a table as DuckDB does, in one thread."""
    with duckdb.connect(config={"threads": "1"}) as connection:
        written = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        connection.execute(f"COPY (SELECT * FROM read_parquet('{source}')) TO '{into / 'plain.parquet'}' {written}")  # noqa: S608


def copied(source: Path, into: Path, masks: tuple[Mask, ...]) -> None:
    """Copy a table as a refresh does."""
    LocalData().copy(
        CopyRequest(
            root=source.parent,
            tables=(("t", Table(uses="parquet", path=source.name)),),
            held=(),
            into=into,
            limits=LIMITS,
            masking=Masking(masks=masks, key="00" * 32) if masks else None,
        )
    )


def main(rows: int, distinct: int) -> None:
    """Measure the three copies."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        into = folder / "into"
        into.mkdir()
        few, all_ = folder / "few.parquet", folder / "all.parquet"
        write_table(few, rows, distinct)
        write_table(all_, rows, rows)
        for label, source, masks in (
            ("no mask", few, ()),
            ("few distinct", few, MASKS),
            ("all distinct", all_, MASKS),
        ):
            base = seconds(partial(plain, source, into))
            ours = seconds(partial(copied, source, into, masks))
            told = f"{base / ours:.0%} of the plain copy's speed; the bar is {BARS[label]:.0%}"
            print(f"{label:13} {rows:,} rows: plain {base:.2f} s, ours {ours:.2f} s: {told}")


if __name__ == "__main__":
    main(*(int(number) for number in (*sys.argv[1:], *("2000000", "200000")[len(sys.argv) - 1 :])))
