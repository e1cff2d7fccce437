"""Durable writes on a local disk: bytes in a file, the file under its name, the name in its folder; each forced down.

A failed fsync is final: the file is abandoned and never forced again, because the kernel may have dropped the pages and
would answer "done" the second time. Modes are cut by the user's umask and never allow the world to write.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from reconciler.core.artifact import object_sizes
from reconciler.core.size_limits import CACHE_BYTES, FOLDER_ENTRIES, MIB
from reconciler.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
ABANDONED = 3600  # seconds after which a dead process' temporary file is nobody's; another host's may still live


class IrregularFileError(OSError):
    """A link, a folder, a pipe or a device where a plain file should be."""


class LinkOnTheWayError(OSError):
    """A symbolic link where a folder should be."""


class FileTooLargeError(OSError):
    """A file with more bytes than are read of it."""

    def __init__(self, path: Path | str, size: int, largest: int) -> None:
        super().__init__(errno.EFBIG, f"it has {size:,} bytes; at most {largest:,} are read", str(path))
        self.size = size
        self.largest = largest


class OpenFileError(OSError):
    """A file that others may write."""


def read_regular(path: Path | str, largest: int, *, guarded: bool = False, own: bool = False) -> bytes:
    """Return the bytes of a plain file, which are at most `largest`: its size is looked at before it is read.

    FileTooLargeError for a larger one, IrregularFileError for anything else than a plain file, OpenFileError for a
    `guarded` one that everybody may write, and with `own` for one that is not this user's alone to write. Follows no
    link and waits for no pipe.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise IrregularFileError(errno.ELOOP, "not a regular file", str(path)) from error
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))
        if guarded and status.st_mode & stat.S_IWOTH:
            raise OpenFileError(errno.EACCES, "everybody may write it", str(path))
        if own:
            _check_own(status, path)
        if status.st_size > largest:
            raise FileTooLargeError(path, status.st_size, largest)
        body = os.read(descriptor, status.st_size + 1)
        if len(body) == status.st_size:  # nearly always; else it grows or shrinks, or comes in pieces
            return body
        parts, size = [body], len(body)
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size > largest:
                raise FileTooLargeError(path, size, largest)
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def listed(folder: str) -> dict[str, os.stat_result]:
    """Return the status of a folder (under "") and of all that lies in it, by name, sorted.

    Of a file or a link only its own; empty where nothing exists. A name that is removed meanwhile is left out: then the
    folder has changed, too. Of a very large folder only FOLDER_ENTRIES are listed.
    """
    try:
        entries = {"": os.lstat(folder)}
        if not stat.S_ISDIR(entries[""].st_mode):
            return entries
        # A folder of so many bytes holds very many names; counting them in each would take longer than listing them.
        names = sorted(os.listdir(folder)) if entries[""].st_size < MIB else _first_names(folder)  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            entries[name] = os.lstat(f"{folder}/{name}")
    return entries


def _first_names(folder: str) -> list[str]:
    with os.scandir(folder) as listing:
        return sorted(entry.name for entry in islice(listing, FOLDER_ENTRIES))


def names_in(folder: Path | str) -> list[str]:
    """Return the names in a folder; IntegrityError E612 where there are more than any folder of ours has."""
    with os.scandir(folder) as listing:
        return object_sizes.listed((entry.name for entry in listing), str(folder))


def write_checked(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines behind their checksum: the form of a cache, so that a damaged one is ignored.

    Replaced in one rename; where that is impossible, nothing is written. Holds one line at a time. Only its owner
    may write it.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Never through a link that somebody put there.
            with open(temporary, "xb", opener=_own) as stream:
                checksum = hashlib.blake2b(digest_size=_WIDTH // 2)
                stream.write(b"0" * _WIDTH + b"\n")
                for line in lines:
                    checksum.update(line + b"\n")
                    stream.write(line + b"\n")
                stream.seek(0)
                stream.write(checksum.hexdigest().encode())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _own(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


def open_checked(path: Path) -> BinaryIO:
    """Open what `write_checked` wrote, before its first line, once all of it was compared with the checksum. For a file
    that is too large to be held. Raises as `read_checked`."""
    stream = os.fdopen(_opened_own(path), "rb")
    try:
        checksum, mark = hashlib.blake2b(digest_size=_WIDTH // 2), stream.read(_WIDTH + 1)
        last = b""
        while part := stream.read(MIB):
            checksum.update(part)
            last = part[-1:]
        if mark != checksum.hexdigest().encode() + b"\n" or last != b"\n":
            raise ValueError("the checksum differs")
        stream.seek(_WIDTH + 1)
    except BaseException:
        stream.close()
        raise
    return stream


def _check_own(status: os.stat_result, path: Path | str) -> None:
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OpenFileError(errno.EACCES, "others may write it", str(path))


def _opened_own(path: Path) -> int:
    """Open a cache file to read; OSError for one that is not a plain file of this user, that others may write, or that
    has more than CACHE_BYTES."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    try:
        if not stat.S_ISREG(status.st_mode):
            raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))
        _check_own(status, path)
        if status.st_size > CACHE_BYTES:
            raise FileTooLargeError(path, status.st_size, CACHE_BYTES)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_checked(path: Path, *, own: bool = False) -> Iterator[bytes]:
    """Return the lines that `write_checked` wrote; ValueError where they are damaged, OSError without a file, where it
    has more than CACHE_BYTES, and with `own` where it is not this user's alone to write."""
    body = read_regular(path, CACHE_BYTES, own=own)
    checksum = hashlib.blake2b(memoryview(body)[_WIDTH + 1 :], digest_size=_WIDTH // 2).hexdigest().encode()
    if body[: _WIDTH + 1] != checksum + b"\n" or not body.endswith(b"\n"):
        raise ValueError("the checksum differs")
    return _lines(body, _WIDTH + 1)


def _lines(body: bytes, at: int) -> Iterator[bytes]:
    """Yield lines one by one: a copy of all could be large."""
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


def temporary_name() -> str:
    """Return a unique name that holds the process id of its owner."""
    return f".tmp-{os.getpid()}-{uuid.uuid4().hex}"


def write_temporary(folder: Path, body: bytes | Path, *, mode: int) -> Path:
    """Write a new file in `folder` under a temporary name, and force it down."""
    temporary = folder / temporary_name()
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        filled(os.open(temporary, flags, mode), body)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def filled(descriptor: int, body: bytes | Path) -> None:
    """Write `body`, or the bytes of a file, to a new file, force it down and close it."""
    with os.fdopen(descriptor, "wb") as stream:
        if isinstance(body, bytes):
            stream.write(body)
        else:
            with body.open("rb") as source:
                shutil.copyfileobj(source, stream, 1 << 20)
        stream.flush()
        os.fsync(stream.fileno())


def explained(error: OSError, path: Path, body: bytes | Path | None = None) -> StoreError:
    """Return an operating-system error as one of ours, with the path and the bytes that were needed."""
    reason = error.strerror or type(error).__name__
    if isinstance(error, LinkOnTheWayError):
        return StoreError(
            f"{error.filename} became a symbolic link after it was looked at",
            code="E607",
            hint="find out who puts links there, remove the link, and run the same command again",
        )
    if error.errno in _FULL:
        needed = f" ({_size(body):,} bytes needed)" if body is not None else ""
        return StoreError(
            f"cannot write {path}: {reason}{needed}",
            code="E608",
            hint="make room for it and run the same command again: the earlier contents are unchanged",
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


def is_alive(process: int) -> bool:
    """Tell whether a process of this host runs."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def identity_of(path: str) -> str:
    """Return what tells a file from any that had its name before: another one replaces it, in a rename."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return ""
    return f"{status.st_dev} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_size}"
