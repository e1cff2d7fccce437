"""Measure a Parquet file by what it declares, before any of it is decoded.

Takes: an open file. Gives: its numbers of rows and columns. Keeps true: what is declared is not more than is read, nor
more than the file can hold: its rows, columns, row groups, pages and dictionaries. A file of 882 bytes can declare 150
million rows, and a page of ten bytes two gigabytes.

Format: https://parquet.apache.org/docs/file-format/, with the structures of `parquet.thrift` in Thrift's compact
protocol. Only the fields that are named here are kept; all others are skipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from reconciler.core.digest import Digest
from reconciler.core.size_limits import (
    FOOTER_BYTES,
    PAGE_BYTES,
    TABLE_BYTES,
    TABLE_COLUMNS,
    TABLE_PAGES,
    TABLE_ROW_GROUPS,
    TABLE_ROWS,
)
from reconciler.core.thrift import BYTES, MalformedError, Reader

MAGIC = b"PAR1"
_UNREADABLE = "the metadata of the file cannot be read"
_BLOCK = 1 << 20
_TAIL = 8  # bytes behind the footer: its length, and the magic
_ROWS_AT_LEAST, _ROWS_PER_BYTE = 1_000_000, 1_000  # what a file may declare: a row of a table with a key takes bytes
_PAGE_HEADER = 1024  # bytes that are looked at first; a header with long statistics has more
_LONGEST_PAGE_HEADER = 1024**2

# Field numbers of parquet.thrift -> what is kept of a field: None its value, else the fields of its structures.
_Wanted = Mapping[int, Any]
_COLUMN: _Wanted = {5: None, 6: None, 7: None, 9: None, 11: None}
_FILE: _Wanted = {2: {5: None}, 3: None, 4: {1: {3: _COLUMN}, 3: None}}
_CHUNKS: _Wanted = {4: {1: {3: {1: None, 3: BYTES, 5: None, 7: None, 9: None, 11: None}}}}
_COUNT: _Wanted = {1: None}
_PAGE: _Wanted = {1: None, 2: None, 3: None, 5: _COUNT, 7: _COUNT, 8: _COUNT}
_SCHEMA: _Wanted = {2: {1: None, 4: BYTES, 5: None, 6: None, 10: {}}}
_RAW_TYPES = (6, 7)  # bytes, unless the schema says that they are a text or a number
_DICTIONARY_PAGE, _DATA_PAGES = 2, {0: 5, 3: 8}  # type of a page -> field of its header


class ParquetError(ValueError):
    """A Parquet file that is not read: E419 where it declares too much (`large`), E411 where it is damaged."""

    def __init__(self, message: str, *, large: bool = False) -> None:
        super().__init__(message)
        self.code = "E419" if large else "E411"
        self.hint = "split the table, or select fewer rows" if large else "write the file again; it may be cut short"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetSize:
    """The numbers that a Parquet file declares."""

    rows: int
    columns: int


def measure(stream: BinaryIO, *, pages: bool = True) -> ParquetSize:
    """Return the size of a Parquet file; `pages`: each page and dictionary is measured, too. Raises ParquetError."""
    size = stream.seek(0, 2)
    try:
        footer, end = _footer(stream, size, _FILE)
        groups = footer.get(4, [])
        found = _declared(footer, groups, size)
        if pages:
            _check_pages(stream, _columns_of(groups), end)
    except (MalformedError, KeyError, TypeError) as error:
        raise ParquetError(_UNREADABLE) from error
    finally:
        stream.seek(0)
    return found


def columns(stream: BinaryIO) -> tuple[tuple[str, bool], ...]:
    """Return each column of a Parquet file, as its metadata name it, and whether it holds single values: no lists, no
    records and no bytes. Raises ParquetError."""
    try:
        elements = iter(_footer(stream, stream.seek(0, 2), _SCHEMA)[0][2])
        named = []
        for _ in range(next(elements).get(5, 0)):
            element = next(elements)
            is_nested, is_raw = bool(element.get(5)), element.get(1) in _RAW_TYPES and not {6, 10} & element.keys()
            named.append((element[4].decode(), not (is_nested or is_raw)))
            inside = element.get(5, 0)
            while inside > 0:
                inside += next(elements).get(5, 0) - 1
    except (MalformedError, KeyError, TypeError, StopIteration, UnicodeDecodeError) as error:
        raise ParquetError(_UNREADABLE) from error
    finally:
        stream.seek(0)
    return tuple(named)


def column_digests(stream: BinaryIO) -> dict[str, Digest]:
    """Return a digest of each column's values in the order of the rows, of a file that `data` wrote.

    Raises ParquetError.

    Hashed are the pages as they are stored, so nothing is decoded: one writer encodes a column's values in the same way
    whatever stands beside them, and a page holds no offset into its file.
    """
    try:
        groups = _footer(stream, stream.seek(0, 2), _CHUNKS)[0].get(4, [])
        digests: dict[str, hashlib._Hash] = {}
        for column in _columns_of(groups):
            (name,) = column[3]
            told = digests.setdefault(name.decode(), hashlib.sha256())
            told.update(f"{column[1]} {column[5]} {column[7]}\n".encode())
            stream.seek(min(column[9], column.get(11) or column[9]))
            left = column[7]
            while left > 0:
                if not (block := stream.read(min(left, _BLOCK))):
                    raise ParquetError("a column ends behind the file's data")
                told.update(block)
                left -= len(block)
    except (MalformedError, KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, ParquetError) else ParquetError(_UNREADABLE) from error
    finally:
        stream.seek(0)
    return {name: Digest("sha256:" + told.hexdigest()) for name, told in digests.items()}


def _footer(stream: BinaryIO, size: int, wanted: _Wanted) -> tuple[dict[int, Any], int]:
    """Return what is wanted of the file's metadata, and where they begin."""
    stream.seek(0)
    start = stream.read(4)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read(_TAIL)
    if size < 4 + _TAIL or start != MAGIC or tail[4:] != MAGIC:
        raise ParquetError("this is not a complete Parquet file")
    length = int.from_bytes(tail[:4], "little")
    if length > size - _TAIL - 4:
        raise ParquetError("this is not a complete Parquet file")
    _check(length, FOOTER_BYTES, "bytes of metadata")
    stream.seek(size - _TAIL - length)
    return Reader(stream.read(length)).struct(wanted), size - _TAIL - length


def _declared(footer: dict[int, Any], groups: list[dict[int, Any]], size: int) -> ParquetSize:
    """Check the numbers of the whole file, and return them."""
    rows, columns = footer[3], sum(not element.get(5) for element in footer[2][1:])
    _check(rows, TABLE_ROWS, "rows")
    if columns > TABLE_COLUMNS:
        raise ParquetError(f"{columns:,} columns; at most {TABLE_COLUMNS:,} are read")
    _check(len(groups), TABLE_ROW_GROUPS, "row groups")
    if rows > _ROWS_AT_LEAST + _ROWS_PER_BYTE * size:
        raise ParquetError(f"the file declares {rows:,} rows in {size:,} bytes", large=True)
    if rows < 0 or sum(group[3] for group in groups) != rows or any(group[3] < 0 for group in groups):
        raise ParquetError("the rows of its row groups are not those of the file")
    if any(len(group[1]) != columns for group in groups):
        raise ParquetError("a row group has other columns than the file")
    unpacked = 0
    for column in _columns_of(groups):
        if min(column[5], column[6], column[7]) < 0:
            raise ParquetError("a size is negative")
        unpacked += column[6]
    _check(unpacked, TABLE_BYTES, "bytes unpacked")
    return ParquetSize(rows=rows, columns=columns)


def _columns_of(groups: list[dict[int, Any]]) -> Iterator[dict[int, Any]]:
    for group in groups:
        for chunk in group[1]:
            yield chunk[3]


def _check_pages(stream: BinaryIO, columns: Iterator[dict[int, Any]], end: int) -> None:
    """Check the header of every page, up to the values that each column declares; `end`: where the metadata begins."""
    pages = unpacked = 0
    for column in columns:
        at, values = min(column[9], column.get(11) or column[9]), 0
        while values < column[5]:
            header, length = _page_header(stream, at, end)
            counted, size = _check_page(header, column[5])
            values, pages, unpacked = values + counted, pages + 1, unpacked + size
            at += length + header[3]
            _check(pages, TABLE_PAGES, "pages")
            _check(unpacked, TABLE_BYTES, "bytes unpacked")
            if at > end:
                raise ParquetError("a page ends behind the file's data")


def _page_header(stream: BinaryIO, at: int, end: int) -> tuple[dict[int, Any], int]:
    """Return the page header at a place, and its length."""
    if not 4 <= at < end:
        raise ParquetError("a page lies outside of the file's data")
    for most in (_PAGE_HEADER, _LONGEST_PAGE_HEADER):
        stream.seek(at)
        reader = Reader(stream.read(min(most, end - at)))
        try:
            return reader.struct(_PAGE), reader.at
        except MalformedError:
            if most == _LONGEST_PAGE_HEADER:
                raise
    raise AssertionError("a header is read or refused")


def _check_page(header: dict[int, Any], most: int) -> tuple[int, int]:
    """Check a page's sizes, and return (number of its values, bytes unpacked); no value of a dictionary counts."""
    unpacked, packed = header[2], header[3]
    if min(unpacked, packed) < 0:
        raise ParquetError("a size is negative")
    _check(unpacked, PAGE_BYTES, "bytes of a page")
    if header[1] == _DICTIONARY_PAGE:
        entries = header[7][1]
        if not 0 <= entries <= unpacked:  # each entry takes a byte at the least
            raise ParquetError(f"a dictionary declares {entries:,} entries in {unpacked:,} bytes", large=True)
        return 0, unpacked
    if header[1] not in _DATA_PAGES:
        return 0, unpacked
    counted = header[_DATA_PAGES[header[1]]][1]
    if not 0 <= counted <= most:
        raise ParquetError(f"a page declares {counted:,} values of a column with {most:,}", large=True)
    return counted, unpacked


def _check(number: int, most: int, what: str) -> None:
    if number > most:
        raise ParquetError(f"the file declares {number:,} {what}; at most {most:,} are read", large=True)
