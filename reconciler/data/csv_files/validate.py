"""Check that a CSV file is well formed while copying it.

Takes: an open binary file, its delimiter and encoding. Gives: its column names, and a copy of its rows that every
reader understands alike (`blocks`): UTF-8, line feeds, no header, no blank line at the end. Keeps true (RFC 4180,
read strictly): each row has as many cells as the header, quotes stand around whole cells only and are closed, nothing
is skipped, padded or cut that the table does not name. Errors (DataError E401-E407) name the line, never the text. A
line end inside a quoted cell is read as a line feed. The types of cells are decided in `column_types`.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconciler.core.names import COLUMN_RULE, is_column, visible
from reconciler.core.size_limits import ROW_BYTES, TABLE_COLUMNS, TABLE_ROWS
from reconciler.data.csv_files.blocks import read_blocks
from reconciler.data.csv_files.rows import CLOSE_QUOTES, Dialect, RowCheck, line_error
from reconciler.errors import DataError, FilePosition

_PIECE = 65_536  # bytes that are read at once where only the header is wanted
_MOST_ROWS = 1_000  # that are looked at beside the header
EXCEL_SIGN = re.compile(r'"?sep=(.)"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The contents of a copy: the header's names and the number of rows."""

    columns: tuple[str, ...]
    count: int


def copy_rows(
    source: BinaryIO, target: BinaryIO, dialect: Dialect, *, most: int = TABLE_ROWS, empty: bool = False
) -> Rows:
    """Copy at most `most` rows of `source` (at its start) to the end of `target`; `empty`: there may be none.

    Raises DataError E401-E407, E419.
    """
    start = target.tell()
    blocks = read_blocks(source, dialect)
    first = next(blocks, b"")
    columns, rest = _header_of(first, dialect)
    check = RowCheck(dialect, cells=len(columns))
    for block in itertools.chain([rest if dialect.header else first], blocks):
        target.write(check.feed(block))
        if check.rows > most:
            raise DataError(
                f"the file has more than {most:,} rows, and no more are read",
                code="E419",
                where=FilePosition(file=dialect.path),
                hint="split the table",
            )
    check.finish()
    target.truncate(start + check.end)
    target.seek(0, io.SEEK_END)
    if check.rows == 0 and not empty:
        where = FilePosition(file=dialect.path)
        raise DataError(
            "the file has a header and no rows", code="E401", where=where, hint="write rows below the header"
        )
    return Rows(columns=columns, count=check.rows)


def first_rows(source: BinaryIO, dialect: Dialect) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the columns of `source` (at its start), and the whole rows in its first bytes that have a cell for each.

    Raises DataError E401-E407 for the header; of rows that are not well formed none is returned.
    """
    first = next(read_blocks(source, dialect, piece=_PIECE), b"")
    columns, rest = _header_of(first, dialect)
    lines = (rest if dialect.header else first).decode("utf-8", "replace").splitlines(keepends=True)
    try:
        rows = list(itertools.islice(csv.reader(lines, delimiter=dialect.delimiter, strict=True), _MOST_ROWS))
    except csv.Error:
        return columns, []
    return columns, [row for row in rows[:-1] or rows if len(row) == len(columns)]


def _header_of(first: bytes, dialect: Dialect) -> tuple[tuple[str, ...], bytes]:
    """Return the column names in the first block, and what of the block is below the header."""
    if not first.strip():
        raise DataError(
            "the file is empty", code="E401", where=FilePosition(file=dialect.path), hint="write a header and rows"
        )
    line, _, rest = first.partition(b"\n")
    if len(line) > ROW_BYTES:
        raise line_error(dialect, dialect.skip + 1, "E402", "the header is longer than 1 MiB", CLOSE_QUOTES)
    return read_header(line.decode("utf-8"), dialect), rest


def line_of(copy: Path, row: int, dialect: Dialect, *, start: int = 0) -> int | None:
    """Return the source line on which row `row` (from 1) of a copy begins; None where it cannot be told. `start`: where
    the copy of the file begins, in bytes."""
    if dialect.skip_blank:
        return None
    with copy.open(encoding="utf-8", newline="\n") as stream:
        stream.seek(start)
        reader = csv.reader(stream, delimiter=dialect.delimiter)
        try:
            for _ in itertools.islice(reader, row - 1):
                pass
        except csv.Error:
            return None
        return reader.line_num + dialect.first_row_line


# --- the header ---------------------------------------------------------------------------------------------------


def read_header(line: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the column names of a header line. Raises DataError E403, E404, E406.

    An invalid name is not shown in the message: in a file without a header it would be a cell.
    """
    top = dialect.skip + 1
    if (excel := EXCEL_SIGN.fullmatch(line.strip())) is not None:
        shown = "\\t" if excel[1] == "\t" else excel[1]
        hint = f'declare `skip: {top}` and `delimiter: "{shown}"`'
        raise line_error(dialect, top, "E404", "this line is Excel's note on the delimiter, not the header", hint)
    try:
        names = next(csv.reader([line], delimiter=dialect.delimiter, strict=True), [])
    except csv.Error:
        names = []
    if not names:
        hint = "write one line of column names, with quotes closed; lines above it are left out by `skip`"
        raise line_error(dialect, top, "E406", "the header is not well formed", hint)
    present = [delimiter for delimiter in (",", ";", "\t", "|") if delimiter != dialect.delimiter and delimiter in line]
    if len(names) == 1 and present:
        shown = "\\t" if present[0] == "\t" else present[0]
        raise line_error(
            dialect,
            top,
            "E404",
            "only one column found",
            f'declare `delimiter: "{shown}"` if that separates the columns',
        )
    where = FilePosition(file=dialect.path, line=top)
    if not dialect.header:
        names = [f"column_{number}" for number in range(1, len(names) + 1)]
    return check_names(renamed(tuple(names), dialect.columns, where), where)


def renamed(written: tuple[str, ...], columns: tuple[tuple[str, str], ...], where: FilePosition) -> tuple[str, ...]:
    """Rename the columns that `columns` lists; invisible characters of a header are ignored.

    Raises DataError E403 when `columns` lists a name that the file does not have.
    """
    seen = [visible(text) for text in written]
    for name, text in columns:
        if visible(text) not in seen:
            hint = "write it exactly as the file does, or remove it"
            message = f"`columns.{name}` names a column that the file does not have: {text[:60]!r}"
            raise DataError(message, code="E403", where=where, hint=hint)
    names = {visible(text): name for name, text in columns}
    return tuple(names.get(shown, text) for shown, text in zip(seen, written, strict=True))


def check_names(names: tuple[str, ...], where: FilePosition) -> tuple[str, ...]:
    """Check that column names are valid and distinct, and return them.

    Raises DataError E403 (by position), E411 (too many columns).
    """
    if len(names) > TABLE_COLUMNS:
        raise DataError(
            f"{len(names):,} columns; at most {TABLE_COLUMNS:,} are read",
            code="E411",
            where=where,
            hint="split the table, or drop columns that no recipe uses",
        )
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if not is_column(name):
            raise DataError(
                f"column {position} of the header has no valid name",
                code="E403",
                where=where,
                hint=f"a column name is {COLUMN_RULE}; rename it under `columns`, leave out lines above the header"
                " by `skip`, or declare `header: false` if the file has none",
            )
        if name == "as_of":
            hint = "as_of is the day of the data; rename the column"
            raise DataError(f"column {position} is named as_of, which is reserved", code="E403", where=where, hint=hint)
        if (other := seen.setdefault(name.lower(), position)) != position:
            message = f"columns {other} and {position} have the same name (upper and lower case count as equal)"
            raise DataError(message, code="E403", where=where, hint="rename one of them")
    return names
