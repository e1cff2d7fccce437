"""Read the names of a table's columns from its header or schema alone.

Takes: a file below a root, as its environment declares it. Gives: the columns that a copy of the table would have.
Keeps true: of a CSV file only the first bytes are read, of a Parquet file only its metadata. The rows in these bytes
tell which columns are text without a doubt; no cell leaves this module.
DataError E302, E401-E408, E411, E419.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from reconciler import plugins
from reconciler.core import parquet_file
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import dialect_of
from reconciler.data.tables.cells.cell_shapes import MISSING
from reconciler.data.tables.column_types import text_formats_of
from reconciler.errors import DataError, FilePosition
from reconciler.ports import HeaderRequest, SourceAccess, TableFiles, TableHeader

_ELSEWHERE = ("E431", "E432", "E433", "E610")
_PATIENCE = 5.0  # seconds for a database or a bucket to answer
_FEWEST, _MOSTLY = 3, 0.8  # cells without a digit, and their share, from which a column is text


def header_of(request: HeaderRequest) -> TableHeader:
    """Return the columns of the table, by the names that recipes use; none where its file is not here.

    A declaration that no text can be read by is refused in either case.
    """
    name, table = request.name, request.table
    text_formats_of(name, table, ())
    root = request.root.resolve()
    source = plugins.source(
        SourceAccess(tables=((name, table),), root=root, scratch=root, secrets=request.secrets, seconds=_PATIENCE)
    )
    with ExitStack() as stack:
        stack.callback(source.close)
        try:
            read = stack.enter_context(source.read(name))
            if not isinstance(read, TableFiles):
                named = zip(read.columns, _of_names(table, read.columns), strict=True)
                return TableHeader(columns=tuple(name for written, name in named if written not in read.uncopied))
            stream = stack.enter_context(read.files[0].open())
        except DataError as error:
            if not table.is_here and error.code in _ELSEWHERE:
                return TableHeader(columns=None, unknown=error.message)
            if error.code == "E401" and not _is_something_else(request.root / table.path):
                return TableHeader(columns=None)
            raise
        names, texts = _of_file(name, table, stream)
        names = (*names, *(key for key, _ in read.files[0].partition))
    return TableHeader(columns=names if table.row_number is None else (table.row_number, *names), texts=texts)


def _of_file(name: str, table: Table, stream: BinaryIO) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of a file, and which of them are text without a doubt."""
    if table.uses == "csv":
        names, rows = validate.first_rows(stream, dialect_of(name, table))
        return names, tuple(_texts(table, names, rows))
    try:
        return _of_parquet(table, parquet_file.columns(stream)), ()
    except ParquetError as error:
        raise table_error(name, table, code=error.code, message=str(error), hint=error.hint) from None


def _texts(table: Table, names: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the columns without a declaration of which most cells have no digit: whatever the rest is, it is text."""
    declared = {*dict(table.types), *(cells.column for cells in table.cells)}
    no_value = MISSING | {"true", "false", "inf", "-inf"} | {word.strip() for word in table.nulls}
    for name, column in zip(names, zip(*rows, strict=True), strict=False):
        if name in declared:
            continue
        cells = [cell for cell in map(str.strip, column) if cell.lower() not in no_value and cell not in no_value]
        words = [cell for cell in cells if not any(map(str.isdigit, cell))]
        if len(words) >= _FEWEST and len(words) > _MOSTLY * len(cells):
            yield name


def _is_something_else(path: Path) -> bool:
    """Tell whether a folder, a pipe or a device lies where a file should be: it will be none on another machine."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113  (False where it cannot be reached)


def _of_names(table: Table, written: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that recipes use, of those in the source."""
    where = FilePosition(file=table.place)
    return validate.check_names(validate.renamed(written, table.columns, where), where)


def _of_parquet(table: Table, columns: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
    """Return the columns that are copied: those of lists, records or bytes are not."""
    names = _of_names(table, tuple(name for name, _ in columns))
    return tuple(name for name, (_, is_copied) in zip(names, columns, strict=True) if is_copied)
