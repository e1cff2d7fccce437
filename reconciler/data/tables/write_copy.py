"""Write the rows of a table copy as a Parquet file whose bytes are a function of these rows and their types alone.

Takes: a query of a session, and how many rows it has. Gives: the file. Keeps true: every row group but the
last has `ROW_GROUP` rows, whatever files, row groups or batches the rows came in: DuckDB alone cuts them where the
source does. So rows that fill more than one group pass through record batches of whole vectors; these are read and
written at once, in two threads. What stands in such groups already, in a file of ours, is copied by DuckDB alone, in
several threads. One group is written as it always was: what is small keeps its digest.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or written by this package.
# ruff: noqa: S608

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.data.duckdb_session import Session, text_of, write_parquet
from reconciler.data.masking.pseudonyms import Lookup
from reconciler.data.tables.hand_over import hand_over
from reconciler.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 122_880
# The second version of the format stores whole numbers as differences and texts behind their lengths: smaller than the
# first one, and quicker to write and to read (ADR 47).
_LARGE = f"FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP}"
_VECTOR = 2048  # rows that DuckDB works on at once
_MOST_VECTORS, _CELLS = 20, 1_200_000  # of a batch: enough for its cost not to count, few enough for wide tables
_MOST_THREADS = 2  # each has a row group in memory, before and after it is encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroups:
    """A file of ours whose row groups, but the last one, have `ROW_GROUP` rows; `view`: the statement that makes its
    rows the relation that a query is of."""

    file: Path
    view: str


def write_copy(
    session: Session,
    query: str,
    path: Path,
    *,
    rows: int | None,
    lookups: Sequence[Lookup] = (),
    groups: RowGroups | None = None,
) -> None:
    """Write a query of so many rows, None where they are to be counted, as a Parquet file. Raises DataError E413, E418.

    `lookups`: columns that are written as what they are looked up for, batch by batch. `groups`: where the query's
    rows are, if it changes each of them by itself; where `rows` is not counted here, it leaves none out.
    """
    doing = f"writing {path.name}"
    is_all = rows is not None
    if rows is None:  # not those of the source: how a copy is written depends on its own rows alone
        rows = session.value(f"SELECT count(*) FROM ({query})", doing=doing)
    if rows <= ROW_GROUP and not lookups:
        write_parquet(session, query, path)
        return
    if groups is not None and is_all and not lookups and _write_groups(session, query, path, groups):
        return
    is_small = rows <= ROW_GROUP
    names = tuple(session.types(f"({query})", doing=doing))
    size = max(1, min(_MOST_VECTORS, _CELLS // (_VECTOR * len(names)))) * _VECTOR
    with session.batches(query, rows=size, doing=doing) as batches, session.beside() as writer:
        schema = _schema(batches.schema, lookups)

        def write(drawn: Iterator[pa.RecordBatch]) -> None:
            import pyarrow as pa

            with writer.stream("drawn", pa.RecordBatchReader.from_batches(schema, drawn)):
                if is_small:
                    write_parquet(writer, "SELECT * FROM drawn", path)
                else:
                    writer.run(f"COPY (SELECT * FROM drawn) TO {text_of(str(path))} ({_LARGE})", doing=doing)

        hand_over(whole((_looked_up(batch, lookups) for batch in batches), size), write)


def _write_groups(session: Session, query: str, path: Path, groups: RowGroups) -> bool:
    """Write a query of such row groups; False where that takes more memory than the part it may have."""
    doing = f"writing {path.name}"
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with session.writing((groups.file,), threads=min(processors, _MOST_THREADS)) as writer:
        try:
            writer.run(groups.view, doing=doing)
            writer.run(f"COPY ({query}) TO {text_of(str(path))} ({_LARGE})", doing=doing)
        except DataError as error:
            if error.code != "E418":
                raise
            return False  # where it was the time, the next statement is out of it, too
    return True


def _schema(drawn: pa.Schema, lookups: Sequence[Lookup]) -> pa.Schema:
    """Return the schema of the batches that are written: what is looked up is text."""
    import pyarrow as pa

    for each in lookups:
        drawn = drawn.set(drawn.get_field_index(each.column), pa.field(each.column, pa.string()))
    return drawn


def _looked_up(batch: pa.RecordBatch, lookups: Sequence[Lookup]) -> pa.RecordBatch:
    """Return a batch with what its columns are looked up for in their places."""
    for each in lookups:
        place = batch.schema.get_field_index(each.column)
        batch = batch.set_column(place, each.column, each.table.of(batch.column(place)))
    return batch


def whole(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of batches in batches of `size` rows, and the rest of them."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        if not waiting and batch.num_rows == size:
            yield batch
            continue
        waiting.append(batch)
        count += batch.num_rows
        while count >= size:
            joined = pa.concat_batches(waiting)
            yield joined.slice(0, size)
            waiting, count = [joined.slice(size)], count - size
            waiting = waiting if count else []
    if waiting:
        yield pa.concat_batches(waiting)
