"""Read the names of a table's columns from its header or schema alone.

Takes: a file below a root, as its environment declares it. Gives: the columns that a copy of the table would have.
Keeps true: no row is read; of a CSV file only the first bytes up to the end of the header, of a Parquet file only its
metadata.
DataError E302, E401-E408, E411, E419.
"""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.core import parquet_file
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.environment import Table
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import dialect_of
from reconciler.data.tables.column_types import text_formats_of
from reconciler.data.tables.source_file import locate, opened, table_error
from reconciler.errors import DataError, FilePosition
from reconciler.ports import HeaderRequest, TableHeader


def header_of(request: HeaderRequest) -> TableHeader:
    """Return the columns of the table, by the names that recipes use; none where its file is not here.

    A declaration that no text can be read by is refused in either case.
    """
    name, table = request.name, request.table
    text_formats_of(name, table, ())
    try:
        stream = opened(name, table, locate(name, table, request.root.resolve()))
    except DataError as error:
        if error.code == "E401" and not _is_something_else(request.root / table.path):
            return TableHeader(columns=None)
        raise
    with stream:
        if table.uses == "csv":
            names = validate.column_names(stream, dialect_of(name, table))
        else:
            try:
                names = _of_parquet(table, parquet_file.columns(stream))
            except ParquetError as error:
                raise table_error(name, table, code=error.code, message=str(error), hint=error.hint) from None
    return TableHeader(columns=names if table.row_number is None else (table.row_number, *names))


def _is_something_else(path: Path) -> bool:
    """Tell whether a folder, a pipe or a device lies where a file should be: it will be none on another machine."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113  (False where it cannot be reached)


def _of_parquet(table: Table, columns: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
    """Return the columns that are copied: those of lists, records or bytes are not."""
    where = FilePosition(file=table.path)
    names = validate.renamed(tuple(name for name, _ in columns), table.columns, where)
    validate.check_names(names, where)
    return tuple(name for name, (_, is_copied) in zip(names, columns, strict=True) if is_copied)
