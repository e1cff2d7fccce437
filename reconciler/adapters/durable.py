"""Durable writes on a local disk: bytes in a file, the file under its name, the name in its folder; each forced down.

A failed fsync is final: the file is abandoned and never forced again, because the kernel may have dropped the pages and
would answer "done" the second time.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path

from reconciler.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def force_folder(path: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(path: Path, *, above: Path) -> None:
    """Create `path` and its missing parents below `above`, each durable in its parent."""
    missing = []
    here = path
    while here != above and not here.is_dir():
        missing.append(here)
        here = here.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o755, exist_ok=True)
        force_folder(folder.parent)


def write_temporary(folder: Path, body: bytes | Path, *, mode: int) -> Path:
    """A new, forced file in `folder` under a name that nobody else uses."""
    temporary = folder / f".tmp-{os.getpid()}-{uuid.uuid4().hex}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as stream:
            if isinstance(body, bytes):
                stream.write(body)
            else:
                with body.open("rb") as source:
                    shutil.copyfileobj(source, stream, 1 << 20)
            stream.flush()
            os.fchmod(stream.fileno(), mode)  # whatever the umask is
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def explained(error: OSError, path: Path, body: bytes | Path | None = None) -> StoreError:
    """An operating-system error as one of ours, with the path and the bytes that were needed."""
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        needed = len(body) if isinstance(body, bytes) else body.stat().st_size if body is not None else 0
        return StoreError(
            f"cannot write {path}: {reason} ({needed:,} bytes needed)",
            code="E608",
            hint="free some space and run the same command again: what was there before is unchanged",
        )
    return StoreError(f"cannot use {path}: {reason}", code="E608", hint="check the path and its permissions")
