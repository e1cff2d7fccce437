"""The file of a table: found below the root, and unchanged while it is read.

Keeps true: no declared path leaves the root, by `..`, an absolute path or a symbolic link, and a file that somebody
writes to while it is read is refused. DataError E302, E401, E408, E409.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from reconciler.core.spec.environment import Table
from reconciler.errors import DataError, FilePosition

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def refuse(
    name: str, table: Table, *, code: str, message: str, hint: str | None = None, line: int | None = None
) -> DataError:
    """The error for a table, at its file and line."""
    return DataError(f"table {name}: {message}", code=code, where=FilePosition(file=table.path, line=line), hint=hint)


def locate(name: str, table: Table, root: Path) -> Path:
    """The table's file; `root` is resolved."""
    declared = table.path
    if _SCHEME.match(declared):
        raise refuse(name, table, code="E408", message="an address is not a path", hint="name a file of the project")
    pure = PurePosixPath(declared)
    if pure.is_absolute() or ".." in pure.parts or "\\" in declared or "\0" in declared:
        hint = "name a file below it, without `..`"
        raise refuse(name, table, code="E302", message="the path leaves the data root", hint=hint)
    try:
        path = (root / pure).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        hint = "is the path relative to the data root?"
        raise refuse(name, table, code="E401", message="there is no such file", hint=hint) from None
    except (OSError, RuntimeError):
        hint = "check the path and the right to read it"
        raise refuse(name, table, code="E401", message="the file cannot be reached", hint=hint) from None
    if not path.is_relative_to(root):
        message = "the path leaves the data root through a symbolic link"
        raise refuse(name, table, code="E302", message=message, hint="name the file itself")
    if not path.is_file():
        hint = "name a CSV or Parquet file"
        raise refuse(name, table, code="E401", message="this is not a file", hint=hint)
    return path


@contextmanager
def unchanged(name: str, table: Table, path: Path) -> Iterator[BinaryIO]:
    """The open file; DataError E409 when it was written to before the caller was done with it."""
    try:
        stream = path.open("rb")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise refuse(name, table, code="E401", message=message) from None
    with stream:
        before = _mark(os.fstat(stream.fileno()))
        yield stream
        if _mark(os.fstat(stream.fileno())) != before:
            hint = "write elsewhere and rename, or try again when nobody writes"
            raise refuse(name, table, code="E409", message="the file was changed while it was read", hint=hint)


def _mark(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
