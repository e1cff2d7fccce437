"""Keep the text of a table in a file without a name: no path leads to it, and it is gone however the process ends."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

_DESCRIPTORS = Path("/proc/self/fd")


@contextmanager
def unnamed_file(into: Path, name: str) -> Iterator[tuple[BinaryIO, Path]]:
    """Open a file for writing, and yield it with a path that only this process can open, below no folder of the user's.

    Where the system has no such paths, it is `name` in the folder `into`, readable by this user only and removed at the
    end; a process that is killed leaves it there.
    """
    if _DESCRIPTORS.is_dir():
        with tempfile.TemporaryFile(dir=into) as stream:
            yield cast("BinaryIO", stream), _DESCRIPTORS / str(stream.fileno())
        return
    path = into / name
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            yield target, path
    finally:
        path.unlink(missing_ok=True)
