"""Look for a value in files, also inside Parquet pages and archives once they are unpacked.

A value is found as a whole cell, field or text in quotes, in any file. One of SHORTEST signs or more is found anywhere
in the bytes, too; a shorter one is in every file by chance.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

import mmap
import re
import zipfile
import zlib
from pathlib import Path

from reconciler.core.size_limits import MODEL_BYTES
from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, in_parts, name_of, open_session, text_of
from reconciler.data.masking.pseudonyms import text_form
from reconciler.errors import DataError
from reconciler.ports import SearchRequest

SHORTEST = 6
# What an archive raises that is cut, damaged, encrypted or packed in a way that Python does not know.
_NOT_UNPACKED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError)


def search(request: SearchRequest) -> tuple[int, ...]:
    """Return the positions of the files that hold the value. Raises DataError E419 for one that cannot be read."""
    return tuple(position for position, path in enumerate(request.files) if _holds(path.resolve(), request))


def _holds(path: Path, request: SearchRequest) -> bool:
    value = request.value.encode()
    with path.open("rb") as stream:
        start = stream.read(4)
        if not start:  # emptied by somebody; an audit tells it, and nothing is in it
            return False
        if start == b"PK\x03\x04":
            return _in_archive(path, value)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as body:
            if _in_bytes(body, value):
                return True
    return start == b"PAR1" and _in_parquet(path, request)


def _in_bytes(body: mmap.mmap | bytes, value: bytes) -> bool:
    if len(value) >= SHORTEST:
        return body.find(value) >= 0
    end = rb"[\",;\t\r\n]"
    return re.search(rb"(?:\A|" + end + rb")" + re.escape(value) + rb"(?:\Z|" + end + rb")", body) is not None


def _in_archive(path: Path, value: bytes) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MODEL_BYTES:
                raise DataError(f"{path.name} unpacks to more than a model file has", code="E419")
            return any(_in_bytes(archive.read(member), value) for member in archive.infolist())
    except _NOT_UNPACKED as error:
        raise DataError(f"{path.name} cannot be unpacked: {type(error).__name__}", code="E419") from None


def _in_parquet(path: Path, request: SearchRequest) -> bool:
    with open_session(limits=request.limits, into=request.scratch.resolve(), inputs=(path,)) as session:
        relation, doing = f"read_parquet({text_of(str(path))})", f"looking through {path.name}"
        types = session.types(relation, doing=doing)
        for names in in_parts(list(types), COLUMNS_PER_QUERY):
            tests = " OR ".join(_test(name, types[name], request.value) for name in names)
            if session.value(f"SELECT count(*) FROM {relation} WHERE {tests}", doing=doing):
                return True
    return False


def _test(name: str, kind: str, value: str) -> str:
    text = f"CAST({name_of(name)} AS VARCHAR)"
    if len(value.encode()) >= SHORTEST:
        return f"coalesce(contains({text}, {text_of(value)}), false)"
    return f"coalesce({text} = {text_of(value)} OR {text_form(name_of(name), kind)} = {text_of(value)}, false)"
