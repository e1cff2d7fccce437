"""Check that a CSV file is well formed while copying it.

Takes: an open binary file, its delimiter and encoding. Gives: its column names, and a copy of its rows that every
reader understands alike: UTF-8, line feeds, no header, no blank line at the end. Keeps true (RFC 4180, read strictly):
each row has as many cells as the header, quotes stand around whole cells only and are closed, nothing is skipped,
padded or cut. Errors (DataError E401-E407) name the line, never the text. A line end inside a quoted cell is read as
a line feed. The types of cells are decided in `column_types`.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconciler.core.names import COLUMN_RULE, is_column, visible
from reconciler.core.size_limits import ROW_BYTES, TABLE_COLUMNS, TABLE_ROWS
from reconciler.data.tables.csv_rows import CLOSE_QUOTES, Dialect, RowCheck, line_error
from reconciler.errors import DataError, FilePosition

ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-1": "latin-1",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf16": "utf-16",
}
_BLOCK = 4 * 1024 * 1024

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"PAR1": "Parquet",
    b"SQLite format 3\x00": "SQLite",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The contents of a copy: the header's names and the number of rows."""

    columns: tuple[str, ...]
    count: int


def copy_rows(source: BinaryIO, target: BinaryIO, dialect: Dialect, *, most: int = TABLE_ROWS) -> Rows:
    """Copy at most `most` rows of `source` (at its start) to `target`. Raises DataError E401-E407, E419."""
    blocks = _blocks(source, dialect)
    first = next(blocks, b"")
    if not first.strip():
        raise DataError(
            "the file is empty", code="E401", where=FilePosition(file=dialect.path), hint="write a header and rows"
        )
    header, _, rest = first.partition(b"\n")
    if len(header) > ROW_BYTES:
        raise line_error(dialect, 1, "E402", "the header is longer than 1 MiB", CLOSE_QUOTES)
    columns = read_header(header.decode("utf-8"), dialect)
    check = RowCheck(dialect, cells=len(columns))
    for block in itertools.chain([rest], blocks):
        target.write(block)
        check.feed(block)
        if check.rows > most:
            raise DataError(
                f"the file has more than {most:,} rows, and no more are read",
                code="E419",
                where=FilePosition(file=dialect.path),
                hint="split the table",
            )
    check.finish()
    target.truncate(check.end)
    if check.rows == 0:
        where = FilePosition(file=dialect.path)
        raise DataError(
            "the file has a header and no rows", code="E401", where=where, hint="write rows below the header"
        )
    return Rows(columns=columns, count=check.rows)


def line_of(copy: Path, row: int, delimiter: str) -> int | None:
    """Return the source line on which row `row` (from 1) of a copy begins; None when a cell is too long to tell."""
    with copy.open(encoding="utf-8", newline="\n") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        try:
            for _ in itertools.islice(reader, row - 1):
                pass
        except csv.Error:
            return None
        return reader.line_num + 2


# --- bytes --------------------------------------------------------------------------------------------------------


def _blocks(source: BinaryIO, dialect: Dialect) -> Iterator[bytes]:
    """Yield blocks of whole lines: UTF-8 without a byte order mark, lines ending with a line feed."""
    unfinished = b""
    line = 1
    for piece in _utf8(source, dialect):
        block = unfinished + piece
        cut = block.rfind(b"\n") + 1
        block, unfinished = block[:cut], block[cut:]
        if len(unfinished) > ROW_BYTES:
            raise line_error(dialect, line + block.count(b"\n"), "E402", "a row is longer than 1 MiB", CLOSE_QUOTES)
        if block:
            block = block.replace(b"\r\n", b"\n")
            yield _clean(block, dialect, line)
            line += block.count(b"\n")
    if unfinished:
        yield _clean(unfinished.removesuffix(b"\r") + b"\n", dialect, line)


def _clean(block: bytes, dialect: Dialect, line: int) -> bytes:
    if (offset := block.find(b"\0")) >= 0:
        raise line_error(
            dialect, line + block.count(b"\n", 0, offset), "E406", "a NUL byte", "check the declared `encoding`"
        )
    return block


def _utf8(source: BinaryIO, dialect: Dialect) -> Iterator[bytes]:
    start = source.read(_BLOCK)
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            hint = "declare `uses: parquet`" if kind == "Parquet" else "unpack it first"
            raise DataError(
                f"this is a {kind} file, not CSV", code="E407", where=FilePosition(file=dialect.path), hint=hint
            )
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and dialect.encoding != "utf-16":
        raise _undecodable(dialect, 0, "declare `encoding: utf-16`")
    if dialect.encoding == "utf-8":
        start = start.removeprefix(codecs.BOM_UTF8)
    decoder = codecs.getincrementaldecoder(dialect.encoding)("strict")
    done = 0
    piece = start
    while True:
        last = not piece
        try:
            if dialect.encoding == "utf-8" and piece.isascii() and not decoder.getstate()[0]:
                text = piece
            else:
                text = decoder.decode(piece, last).encode("utf-8")
        except UnicodeError as error:
            offset = done + (error.start if isinstance(error, UnicodeDecodeError) else 0)
        else:
            if text:
                yield text
            if last:
                return
            done += len(piece)
            piece = source.read(_BLOCK)
            continue
        raise _undecodable(dialect, offset, "declare the file's `encoding`: utf-8, latin-1, cp1252 or utf-16")


def _undecodable(dialect: Dialect, offset: int, hint: str) -> DataError:
    where = FilePosition(file=dialect.path)
    return DataError(
        f"the file is not valid {dialect.encoding} near byte {offset}", code="E406", where=where, hint=hint
    )


# --- the header ---------------------------------------------------------------------------------------------------


def read_header(line: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the column names of a header line. Raises DataError E403, E404, E406.

    An invalid name is not shown in the message: in a file without a header it would be a cell.
    """
    try:
        names = next(csv.reader([line], delimiter=dialect.delimiter, strict=True), [])
    except csv.Error:
        names = []
    if not names:
        raise line_error(
            dialect, 1, "E406", "the header is not well formed", "write one line of column names, with quotes closed"
        )
    present = [delimiter for delimiter in (",", ";", "\t", "|") if delimiter != dialect.delimiter and delimiter in line]
    if len(names) == 1 and present:
        shown = "\\t" if present[0] == "\t" else present[0]
        raise line_error(
            dialect, 1, "E404", "only one column found", f'declare `delimiter: "{shown}"` if that separates the columns'
        )
    where = FilePosition(file=dialect.path, line=1)
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
                hint=f"a column name is {COLUMN_RULE}; rename it under `columns`, or add a header if the file has none",
            )
        if name == "as_of":
            hint = "as_of is the day of the data; rename the column"
            raise DataError(f"column {position} is named as_of, which is reserved", code="E403", where=where, hint=hint)
        if (other := seen.setdefault(name.lower(), position)) != position:
            message = f"columns {other} and {position} have the same name (upper and lower case count as equal)"
            raise DataError(message, code="E403", where=where, hint="rename one of them")
    return names
