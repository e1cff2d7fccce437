"""Read a CSV file as blocks of whole lines that every reader understands alike: UTF-8, line feeds, `""` for a quote.

Takes: an open binary file and its dialect. Gives: blocks without the lines that are skipped above the header and, where
the table says so, without blank lines. Keeps true: nothing else is left out, and no more is unpacked than a table may
have. DataError E402, E406, E407, E419.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from reconciler.core.size_limits import ROW_BYTES, TABLE_BYTES
from reconciler.data.csv_files import encodings
from reconciler.data.csv_files.rows import CLOSE_QUOTES, Dialect, line_error
from reconciler.errors import DataError, FilePosition

_BLOCK = 4 * 1024 * 1024
_ESCAPED = re.compile(rb'\\([\\"])')
_HEAD = 65_536

_AS_CSV = "save the sheet as CSV (in Excel: CSV UTF-8)"
_MAGIC = {
    b"\x1f\x8b": ("gzip", "name it so that it ends in .gz, or unpack it first"),
    b"PK\x05\x06": ("zip", "unpack it first"),
    b"\xd0\xcf\x11\xe0": ("workbook of Excel (.xls)", _AS_CSV),
    b"BZh": ("bzip2", "unpack it first"),
    b"\xfd7zXZ\x00": ("xz", "unpack it first"),
    b"\x28\xb5\x2f\xfd": ("zstandard", "unpack it first, or name it .csv.zst"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "unpack it first"),
    b"PAR1": ("Parquet", "declare `uses: parquet`"),
    b"SQLite format 3\x00": ("SQLite", "export the table as CSV"),
    b"ARROW1": ("Arrow (Feather)", "write it as Parquet"),
    b"ORC": ("ORC", "write it as Parquet"),
    b"Obj\x01": ("Avro", "write it as Parquet"),
    b"\x89HDF": ("HDF5", "write it as Parquet"),
    b"$FL2": ("SPSS", "export it as CSV"),
    b"%PDF": ("PDF", "export the table as CSV"),
}
_ZIPPED = (  # names in a zip that tell what it is
    (b"xl/", "workbook of Excel (.xlsx)", _AS_CSV),
    (b"opendocument.spreadsheet", "workbook of LibreOffice (.ods)", _AS_CSV),
)
_TEXTS = {
    b"<!doctype": ("HTML page", "the download may have been a page of errors or of log in: fetch the file again"),
    b"<html": ("HTML page", "the download may have been a page of errors or of log in: fetch the file again"),
    b"<?xml": ("XML file", "export the table as CSV"),
    b"{": ("JSON file", "write one row per line as CSV, or as Parquet"),
    b"[{": ("JSON file", "write one row per line as CSV, or as Parquet"),
}


def known_format(head: bytes) -> tuple[str, str] | None:
    """Return what a file that is no CSV is, and what to do; None where its first bytes tell nothing."""
    if head.startswith(b"PK\x03\x04"):
        for name, kind, hint in _ZIPPED:
            if name in head:
                return kind, hint
        return "zip", "unpack it first"
    for magic, told in _MAGIC.items():
        if head.startswith(magic):
            return told
    text = head[:100].lstrip().lower()
    return next((told for start, told in _TEXTS.items() if text.startswith(start)), None)


def opened(source: BinaryIO, path: str) -> IO[bytes] | gzip.GzipFile:
    """Return the stream of a file's text: unpacked, where its name ends in .gz or .zst."""
    if path.lower().endswith(".gz"):
        return gzip.GzipFile(fileobj=source)
    if path.lower().endswith(".zst"):
        import pyarrow as pa

        unpacked: IO[bytes] = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd")
        return unpacked
    return source


def read(stream: IO[bytes] | gzip.GzipFile, size: int, path: str) -> bytes:
    """Read from a stream that may be packed. Raises DataError E407 where it is damaged."""
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        where = FilePosition(file=path)
        if isinstance(error, gzip.BadGzipFile) and stream.tell() == 0:
            hint = "name it without .gz if it is not packed, else pack it again"
            raise DataError(
                "this is not the gzip file that its name says", code="E407", where=where, hint=hint
            ) from None
        if not path.lower().endswith((".gz", ".zst")):
            raise
        message = f"this is not a whole {'zstandard' if path.lower().endswith('.zst') else 'gzip'} file"
        raise DataError(message, code="E407", where=where, hint="write it again; it may be cut short") from None


def has_returns(head: bytes) -> bool:
    """Tell whether lines end with carriage returns alone, as old programs of the Macintosh write them."""
    return b"\n" not in head and b"\r" in head[:-1]


def read_blocks(source: BinaryIO, dialect: Dialect, *, most: int = TABLE_BYTES, piece: int = _BLOCK) -> Iterator[bytes]:
    """Yield blocks of whole lines, those of the dialect's `skip` left out; at most `most` bytes are unpacked, `piece`
    of them at once."""
    unfinished = b""
    line = 1
    skip = dialect.skip
    returns: bool | None = None  # whether carriage returns alone end the lines
    for text in _utf8(opened(source, dialect.path), dialect, most, piece):
        if returns is None:
            returns = has_returns(text)
        block = unfinished + (text.replace(b"\r", b"\n") if returns else text)
        cut = block.rfind(b"\n") + 1
        block, unfinished = block[:cut], block[cut:]
        if len(unfinished) > ROW_BYTES:
            raise line_error(dialect, line + block.count(b"\n"), "E402", "a row is longer than 1 MiB", CLOSE_QUOTES)
        while skip and block:
            block, skip, line = block[block.index(b"\n") + 1 :], skip - 1, line + 1
        if block:
            yield _clean(block.replace(b"\r\n", b"\n"), dialect, line)
            line += block.count(b"\n")
    if unfinished and not skip:
        yield _clean(unfinished.removesuffix(b"\r") + b"\n", dialect, line)


def _clean(block: bytes, dialect: Dialect, line: int) -> bytes:
    if (offset := block.find(b"\0")) >= 0:
        raise line_error(
            dialect,
            line + block.count(b"\n", 0, offset),
            "E406",
            "a NUL byte",
            "remove it; where there are many, the file is no text or of another `encoding`",
        )
    if dialect.escape == "\\":
        return _ESCAPED.sub(lambda found: b'""' if found[1] == b'"' else b"\\", block)
    return block


def _utf8(source: IO[bytes] | gzip.GzipFile, dialect: Dialect, most: int, size: int) -> Iterator[bytes]:
    start = read(source, size, dialect.path)
    where = FilePosition(file=dialect.path)
    if (known := known_format(start[:_HEAD])) is not None:
        raise DataError(
            f"this is a {known[0]} file, not CSV".replace("file file", "file"), code="E407", where=where, hint=known[1]
        )
    told = encodings.marked(start)
    if told is not None and not dialect.encoding.startswith(told[:6]):
        mark = "" if told in ("utf-16", "utf-32") else ", without a mark"
        message = f"the file is {told.upper()}{mark}, and is read as {dialect.encoding}"
        raise DataError(message, code="E406", where=where, hint=f"declare `encoding: {told}`")
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
            if done > most:
                message = f"the file has more than {most:,} bytes once it is unpacked, and no more are read"
                raise DataError(message, code="E419", where=where, hint="split the table")
            piece = read(source, size, dialect.path)
            continue
        hint = "declare the file's `encoding`, such as cp1252, cp1250 or cp1251"
        raise DataError(
            f"the file is not valid {dialect.encoding} near byte {offset}", code="E406", where=where, hint=hint
        )
