"""Find the file of a table below the data root, and check that it does not change while it is read.

Keeps true: no declared path leaves the root, by `..`, an absolute path or a symbolic link, and a file that is written
to while it is read is an error. DataError E302, E401, E408, E409.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from reconciler.core.size_limits import TABLE_BYTES
from reconciler.core.spec.data import Table
from reconciler.errors import DataError, FilePosition

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def table_error(
    name: str, table: Table, *, code: str, message: str, hint: str | None = None, line: int | None = None
) -> DataError:
    """Return the error for a table, at its file and line."""
    return DataError(f"table {name}: {message}", code=code, where=FilePosition(file=table.path, line=line), hint=hint)


def locate(name: str, table: Table, root: Path) -> Path:
    """Return the path of a table's file below `root` (resolved). Raises DataError E302, E401, E408."""
    declared = table.path
    if _SCHEME.match(declared):
        raise table_error(
            name, table, code="E408", message="expected a path, found a URL", hint="name a file below the data root"
        )
    pure = PurePosixPath(declared)
    if pure.is_absolute() or ".." in pure.parts or "\\" in declared or "\0" in declared:
        hint = "name a file below it, without `..`"
        raise table_error(name, table, code="E302", message="the path leaves the data root", hint=hint)
    try:
        path = (root / pure).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        hint = "check the path; it is relative to the data root"
        raise table_error(name, table, code="E401", message="there is no such file", hint=hint) from None
    except (OSError, RuntimeError):
        hint = "check the path and the permission to read it"
        raise table_error(name, table, code="E401", message="the file cannot be reached", hint=hint) from None
    if not path.is_relative_to(root):
        message = "the path leaves the data root through a symbolic link"
        raise table_error(
            name, table, code="E302", message=message, hint="name a file below the data root, not a link out of it"
        )
    if not path.is_file():
        hint = "name a CSV or Parquet file"
        raise table_error(name, table, code="E401", message="this is not a file", hint=hint)
    return path


def opened(name: str, table: Table, path: Path) -> BinaryIO:
    """Open the file of a table. Raises DataError E401, E419."""
    try:
        # The path is resolved: a link that appeared since then is not followed.
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        message, hint = f"the file cannot be read: {error.strerror}", "check the permission to read it"
        raise table_error(name, table, code="E401", message=message, hint=hint) from None
    if (size := os.fstat(stream.fileno()).st_size) > TABLE_BYTES:
        stream.close()
        message = f"the file has {size:,} bytes; at most {TABLE_BYTES:,} are read"
        raise table_error(name, table, code="E419", message=message, hint="split the table")
    return stream


@contextmanager
def unchanged(name: str, table: Table, path: Path) -> Iterator[BinaryIO]:
    """Open the file, and check at the end that it was not written to meanwhile. Raises DataError E401, E409, E419."""
    with opened(name, table, path) as stream:
        before = _fingerprint(os.fstat(stream.fileno()))
        yield stream
        if _fingerprint(os.fstat(stream.fileno())) != before:
            hint = "write to another file and rename it, or run the command again"
            raise table_error(name, table, code="E409", message="the file was changed while it was read", hint=hint)


def _fingerprint(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
