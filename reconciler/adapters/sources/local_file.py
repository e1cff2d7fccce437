"""Find the file of a table below the data root, and check that it does not change while it is read.

Keeps true: no declared path leaves the root, by `..`, an absolute path or a symbolic link, and a file that is written
to while it is read is an error. DataError E302, E401, E408, E409.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from reconciler.core.size_limits import TABLE_BYTES
from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """Implements ports.SourceFile: a file on this disk, whose path is resolved."""

    table: str
    declared: Table
    path: Path
    name: str
    partition: tuple[tuple[str, str | None], ...] = ()

    def open(self) -> BinaryIO:
        """Open the file. Raises DataError E401, E419."""
        try:
            # The path is resolved: a link that appeared since then is not followed.
            stream = os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            raise self._error("E401", message, "check the permission to read it") from None
        if (size := os.fstat(stream.fileno()).st_size) > TABLE_BYTES:
            stream.close()
            message = f"the file has {size:,} bytes; at most {TABLE_BYTES:,} are read"
            raise self._error("E419", message, "split the table")
        return stream

    def local(self) -> Path:
        """Return the file itself."""
        return self.path

    def fingerprint(self) -> tuple[int, ...]:
        """Return what tells the file from what it becomes by a write, or by another file under its name."""
        try:
            status = self.path.lstat()
        except OSError:
            return ()
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def _error(self, code: str, message: str, hint: str) -> DataError:
        return table_error(self.table, self.declared, code=code, message=message, hint=hint, file=self.name)


@contextmanager
def unchanged(file: LocalFile) -> Iterator[LocalFile]:
    """Check at the end that the file was not written to meanwhile. Raises DataError E401, E409, E419."""
    with file.open():
        before = file.fingerprint()
        yield file
        if file.fingerprint() != before:
            hint = "write to another file and rename it, or run the command again"
            raise file._error("E409", "the file was changed while it was read", hint)


def locate(name: str, table: Table, root: Path, *, folder: bool = False, path: str | None = None) -> Path:
    """Return where a table's file, or folder, is below `root` (resolved); `path`: of another one than the declared.

    Raises DataError E302, E401, E408.
    """
    declared = table.path if path is None else path
    if _SCHEME.match(declared):
        raise table_error(
            name, table, code="E408", message="expected a path, found a URL", hint="name a file below the data root"
        )
    pure = PurePosixPath(declared)
    if pure.is_absolute() or ".." in pure.parts or "\\" in declared or "\0" in declared:
        hint = "name a file below it, without `..`"
        raise table_error(name, table, code="E302", message="the path leaves the data root", hint=hint)
    try:
        found = (root / pure).resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        hint = "check the path; it is relative to the data root"
        raise table_error(name, table, code="E401", message="there is no such file", hint=hint) from None
    except (OSError, RuntimeError):
        hint = "check the path and the permission to read it"
        raise table_error(name, table, code="E401", message="the file cannot be reached", hint=hint) from None
    if not found.is_relative_to(root):
        message = "the path leaves the data root through a symbolic link"
        raise table_error(
            name, table, code="E302", message=message, hint="name a file below the data root, not a link out of it"
        )
    if not (found.is_dir() if folder else found.is_file()):
        hint = "name a CSV or Parquet file" if not folder else "name a folder"
        raise table_error(name, table, code="E401", message="this is not a file", hint=hint)
    return found
