"""Write Arrow record batches to a Parquet file of ours, as they come: memory is bounded by a batch.

Takes: a stream of batches, and the names of its columns. Gives: a file with those columns that can be copied, and the
types of the others. Keeps true: no more rows and bytes are written than a table may have; row groups are those of a
table copy, so that DuckDB copies them as they are, but for rows that take much memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from reconciler.core.size_limits import TABLE_BYTES, TABLE_ROWS
from reconciler.data.tables.hand_over import hand_over
from reconciler.data.tables.write_copy import ROW_GROUP
from reconciler.errors import DataError
from reconciler.ports import ArrowStream

_GROUP_BYTES = 32 * 1024**2  # of rows that wait for a row group


class TableErrors(Protocol):
    """Makes the errors of one table."""

    def __call__(self, code: str, message: str, hint: str | None = None) -> DataError: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBatches:
    """What became of batches. `left_out`: the columns that no copy can have, and their types; `is_whole`: whether the
    row groups are those of a table copy."""

    left_out: dict[str, str]
    is_whole: bool


def write_batches(stream: ArrowStream, path: Path, names: tuple[str, ...], error: TableErrors) -> WrittenBatches:
    """Write the batches, without the columns that no copy can have.

    Raises DataError E419, and what the stream raises.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # An error of ours would lose its type on the way through Arrow's interface for streams.
    reader = stream if isinstance(stream, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(stream)
    kinds = {name: _bare(field.type, pa) for name, field in zip(names, reader.schema, strict=True)}
    written = pa.schema([(name, kind) for name, kind in kinds.items() if _is_written(kind, pa)])
    left = {name: str(kind) for name, kind in kinds.items() if name not in written.names}
    places = [place for place, name in enumerate(names) if name not in left]

    def write(batches: Iterator[Any]) -> bool:
        # No dictionaries: the file is read once or twice, from beginning to end, and removed. No statistics: DuckDB
        # would believe that nothing is missing in a column, and the copy's bytes would be others.
        options: dict[str, Any] = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
        options |= {"data_page_version": "2.0"}  # a tenth quicker
        sizes = []
        with pq.ParquetWriter(path, written, **options) as writer:
            for group in _in_groups(batches):
                table = pa.Table.from_batches(group, written)
                writer.write_table(table, ROW_GROUP)
                sizes.append(table.num_rows)
        return set(sizes[:-1]) <= {ROW_GROUP}

    def fitting() -> Iterator[Any]:
        rows = 0
        while (batch := _next(reader, error)) is not None:
            rows += batch.num_rows
            if rows > TABLE_ROWS:
                message = f"the table has more than {TABLE_ROWS:,} rows, and no more are read"
                raise error("E419", message, "select fewer rows with `query`, or split the table")
            if path.stat().st_size > TABLE_BYTES:
                message = f"the table has more than {TABLE_BYTES:,} bytes, and no more are read"
                raise error("E419", message, "select fewer columns or rows with `query`, or split the table")
            columns = [_storage(batch.column(place), pa) for place in places]
            columns = [column.cast(field.type) for column, field in zip(columns, written, strict=True)]
            yield pa.record_batch(columns, schema=written)

    return WrittenBatches(left_out=left, is_whole=hand_over(fitting(), write))


def _in_groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the rows in row groups: they end where a copy's do, or earlier where they take much memory."""
    waiting: list[Any] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        while rows >= ROW_GROUP or size > _GROUP_BYTES:
            group, waiting = _cut(waiting, ROW_GROUP)
            yield group
            rows, size = sum(each.num_rows for each in waiting), sum(each.nbytes for each in waiting)
    if waiting:
        yield waiting


def _cut(batches: list[Any], rows: int) -> tuple[list[Any], list[Any]]:
    """Return the first rows of batches, and the others."""
    first: list[Any] = []
    for number, batch in enumerate(batches):
        if batch.num_rows > rows:
            return [*first, batch.slice(0, rows)], [batch.slice(rows), *batches[number + 1 :]]
        first.append(batch)
        rows -= batch.num_rows
    return first, []


def _next(reader: Any, error: TableErrors) -> Any:
    """Return the next batch; None after the last. Raises DataError E431 where a plug-in's stream breaks off."""
    import pyarrow as pa

    try:
        return next(reader, None)
    except (pa.ArrowException, OSError):
        pass
    hint = "run the command again; nothing was changed, and the last data snapshot stays in use"
    raise error("E431", "the source went away while it was read", hint)


def _bare(kind: Any, pa: Any) -> Any:
    """Return the type of the values themselves: of an extension its storage, of a dictionary its entries."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _storage(column: Any, pa: Any) -> Any:
    return column.storage if isinstance(column.type, pa.BaseExtensionType) else column


def _is_written(kind: Any, pa: Any) -> bool:
    """Tell whether a copy can have such values; lists, records, bytes and intervals have none."""
    of = pa.types
    checks = (of.is_boolean, of.is_integer, of.is_floating, of.is_decimal, of.is_date, of.is_timestamp, of.is_time)
    texts = (of.is_string, of.is_large_string, of.is_string_view, of.is_null)
    return any(check(kind) for check in (*checks, *texts))
