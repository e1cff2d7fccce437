"""A folder that is held open while files are made in it: what happens to the names above it makes no difference.

It is reached component by component, and no link is followed: one that appears after the path was checked makes the
write fail instead of leading it elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import ABANDONED, LinkOnTheWayError, filled, is_alive, temporary_name
from reconciler.errors import ConflictError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Folders above need not be readable, only to be passed through.
_ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LOCK = ".lock"
_TEMPORARY = re.compile(r"\.tmp-(\d+)-[0-9a-f]{32}")


class HeldFolder:
    """An open folder. `descriptor` belongs to whoever opened it."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self.path = path

    def has(self, name: str) -> bool:
        """Tell whether anything has this name, be it a dangling link."""
        return self.status(name) is not None

    def write_temporary(self, body: bytes | Path, *, mode: int) -> str:
        """Write a new file under a temporary name, force it down, and return the name."""
        temporary = temporary_name()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            filled(os.open(temporary, flags, mode, dir_fd=self._descriptor), body)
        except BaseException:
            self.unlink(temporary)
            raise
        return temporary

    def open_file(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open a file, which is no link, and return its descriptor."""
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self._descriptor)

    def status(self, name: str) -> os.stat_result | None:
        """Return the status of what has this name, also of a link; None where nothing has."""
        try:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """Return the names of all that is in it, sorted."""
        return sorted(os.listdir(self._descriptor))  # noqa: PTH208  (a Path knows no descriptor)

    def make(self, name: str) -> None:
        """Make a folder that was not there."""
        os.mkdir(name, 0o755, dir_fd=self._descriptor)

    def link(self, name: str, final: str) -> None:
        """Give a file a second name. Raises FileExistsError where that name is taken."""
        here = self._descriptor
        os.link(name, final, src_dir_fd=here, dst_dir_fd=here, follow_symlinks=False)

    def replace(self, name: str, final: str, *, into: HeldFolder | None = None) -> None:
        """Rename a file, here or into another held folder, over what has the name."""
        there = (into or self)._descriptor
        os.replace(name, final, src_dir_fd=self._descriptor, dst_dir_fd=there)

    def rename(self, name: str, final: str) -> None:
        """Rename a file or a folder. Raises OSError where a folder that is not empty has the name."""
        os.rename(name, final, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def unlink(self, name: str) -> None:
        """Remove a file or a link, where there is one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove a folder and all that is in it; errors are ignored."""
        shutil.rmtree(name, ignore_errors=True, dir_fd=self._descriptor)

    def force(self) -> None:
        """Make the folder's entries durable."""
        os.fsync(self._descriptor)

    def open(self, name: str, *, make: bool = False, above: bool = False) -> int:
        """Open a folder in this one; `make` it, durably, where nothing has the name. `above`: only to be passed
        through. Raises LinkOnTheWayError."""
        return _open(name, self._descriptor, self.path / name, make=make, above=above)

    @contextmanager
    def held(self, name: str, *, make: bool = False) -> Iterator[HeldFolder]:
        """Hold a folder in this one open."""
        descriptor = self.open(name, make=make)
        try:
            yield HeldFolder(descriptor, self.path / name)
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Remove old temporary files of killed processes. They are in nobody's way, so errors are ignored."""
        now = time.time()
        for name in self.names():
            match = _TEMPORARY.fullmatch(name)
            if match is None or is_alive(int(match[1])):
                continue
            with contextlib.suppress(OSError):
                status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
                if now - status.st_mtime < ABANDONED:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    self.remove_folder(name)
                else:
                    self.unlink(name)


@contextmanager
def held(path: Path, *, make: bool = False) -> Iterator[HeldFolder]:
    """Hold the folder at an absolute path open; `make` it and its missing parents, each durable in its parent.

    Raises LinkOnTheWayError where a component is a link, FileNotFoundError, NotADirectoryError.
    """
    descriptor, at = os.open("/", _ON_THE_WAY), Path("/")
    try:
        for number, name in enumerate(path.parts[1:], 2):
            last = number == len(path.parts)
            inner = HeldFolder(descriptor, at).open(name, make=make, above=not last)
            os.close(descriptor)
            descriptor, at = inner, at / name
        yield HeldFolder(descriptor, path)
    finally:
        os.close(descriptor)


def _open(name: str, folder: int, path: Path, *, make: bool, above: bool) -> int:
    flags = _ON_THE_WAY if above else _FOLDER
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(status.st_mode):
                raise LinkOnTheWayError(errno.ELOOP, "a symbolic link", str(path)) from error
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
        raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=folder)
    parent = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
    return _open(name, folder, path, make=False, above=above)


@contextmanager
def locked(folder: HeldFolder, patience: float) -> Iterator[None]:
    """Hold the lock for writing `current`; ConflictError when its holder neither finishes nor dies.

    The kernel frees the lock when its holder dies.
    """
    descriptor = folder.open_file(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ConflictError(
                        f"another process holds {folder.path.name}/{LOCK} of the target and does not finish",
                        hint="end it (a stopped process keeps its lock), and run the same command again",
                    ) from error
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)
