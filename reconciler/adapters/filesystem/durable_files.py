"""Durable writes on a local disk: bytes in a file, the file under its name, the name in its folder; each forced down.

A failed fsync is final: the file is abandoned and never forced again, because the kernel may have dropped the pages and
would answer "done" the second time. Modes are cut by the user's umask and never allow the world to write.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_TEMPORARY = re.compile(r"\.tmp-(\d+)-[0-9a-f]{32}")
ABANDONED = 3600  # seconds after which a dead process' temporary file is nobody's; another host's may still live


class IrregularFileError(OSError):
    """A link, a folder, a pipe or a device where a plain file should be."""


def read_regular(path: Path | str) -> bytes:
    """The bytes of a plain file; IrregularFileError for anything else. Follows no link and waits for no pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise IrregularFileError(errno.ELOOP, "not a regular file", str(path)) from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))
        body = os.read(descriptor, found.st_size + 1)
        if len(body) == found.st_size:  # nearly always; else it grows or shrinks, or comes in pieces
            return body
        parts = [body]
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def listed(folder: str) -> dict[str, os.stat_result]:
    """What the disk says of a folder (under "") and of all that lies in it, by name, sorted; of what is no folder, or a
    link to one, only that; nothing where nothing is there. A name that goes meanwhile is left out: then the folder has
    changed, too."""
    try:
        found = {"": os.lstat(folder)}
        if not stat.S_ISDIR(found[""].st_mode):
            return found
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            found[name] = os.lstat(f"{folder}/{name}")
    return found


def write_checked(path: Path, lines: Iterable[bytes]) -> None:
    """Lines behind their checksum: the form of a cache, of which any damage must make nothing. Replaced in one rename;
    where that cannot be, nothing is written. No more is held than a line."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as stream:
                found = hashlib.blake2b(digest_size=_WIDTH // 2)
                stream.write(b"0" * _WIDTH + b"\n")
                for line in lines:
                    found.update(line + b"\n")
                    stream.write(line + b"\n")
                stream.seek(0)
                stream.write(found.hexdigest().encode())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def read_checked(path: Path) -> Iterator[bytes]:
    """The lines that `write_checked` was given; ValueError when they are not those any more, OSError where there is no
    plain file."""
    body = read_regular(path)
    found = hashlib.blake2b(memoryview(body)[_WIDTH + 1 :], digest_size=_WIDTH // 2).hexdigest().encode()
    if body[: _WIDTH + 1] != found + b"\n" or not body.endswith(b"\n"):
        raise ValueError("the checksum does not fit")
    return _lines(body, _WIDTH + 1)


def _lines(body: bytes, at: int) -> Iterator[bytes]:
    """One after the other, since a copy of all could be large."""
    while (end := body.find(b"\n", at)) >= 0:
        yield body[at:end]
        at = end + 1


_WIDTH = 32  # of a checksum, in hexadecimal digits


def force_folder(path: Path) -> None:
    """Make the folder's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(path: Path) -> None:
    """Create `path` and its missing parents, each durable in its parent."""
    missing = []
    here = path
    while not here.is_dir():
        missing.append(here)
        here = here.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o755, exist_ok=True)
        force_folder(folder.parent)


def temporary_name() -> str:
    """A name that nobody else uses and that tells whose it is."""
    return f".tmp-{os.getpid()}-{uuid.uuid4().hex}"


def write_temporary(folder: Path, body: bytes | Path, *, mode: int) -> Path:
    """A new, forced file in `folder` under a temporary name."""
    temporary = folder / temporary_name()
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, mode), "wb") as stream:
            if isinstance(body, bytes):
                stream.write(body)
            else:
                with body.open("rb") as source:
                    shutil.copyfileobj(source, stream, 1 << 20)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sweep(folder: Path) -> None:
    """Remove what killed processes left in `folder` under temporary names, long ago. It is in nobody's way, so nothing
    is made of it when that fails."""
    now = time.time()
    for path in folder.iterdir():
        match = _TEMPORARY.fullmatch(path.name)
        if match is None or _alive(int(match[1])):
            continue
        with contextlib.suppress(OSError):
            found = path.lstat()
            if now - found.st_mtime < ABANDONED:
                continue
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(path)
            else:
                path.unlink()


def explained(error: OSError, path: Path, body: bytes | Path | None = None) -> StoreError:
    """An operating-system error as one of ours, with the path and the bytes that were needed."""
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        needed = f" ({_size(body):,} bytes needed)" if body is not None else ""
        return StoreError(
            f"cannot write {path}: {reason}{needed}",
            code="E608",
            hint="make room for it and run the same command again: what was there before is unchanged",
        )
    if error.errno in _FORBIDDEN:
        return StoreError(
            f"cannot use {path}: {reason}", code="E602", hint="give this user the right to read and write the store"
        )
    return StoreError(f"cannot use {path}: {reason}", code="E608", hint="check the path and the disk under it")


def _size(body: bytes | Path) -> int:
    try:
        return len(body) if isinstance(body, bytes) else body.stat().st_size
    except OSError:
        return 0


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
