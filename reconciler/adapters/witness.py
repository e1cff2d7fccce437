"""What a plan read, and what the disk said of it just before: so that the next plan can tell whether it would read the
same.

A path counts as unchanged only while its device, inode, size, mode, mtime and ctime are what they were (as in git's
index); one that was touched less than two seconds before is not believed at all, since the clocks of file systems are
coarse.
"""

# Plain strings and os functions: this is done for a hundred thousand files while a person waits.
# ruff: noqa: PTH120, PTH208

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Iterable, Sequence

MANY = 3_000  # claims from which it pays to share them out
MOST_PARTS = 4
RACY = 2 * 10**9  # nanoseconds
_ABSENT = b"absent"
_PACK = struct.Struct("<6q").pack


class Witness:
    """Paths by subject (a model, or "" for what concerns all), each looked at before it is read. `folder//a/b` stands
    for a folder and the files a and b, which are all that lies in it."""

    def __init__(self, started: int | None = None) -> None:
        """`started`: when reading began, in nanoseconds since 1970 [default: now]."""
        self._started = time.time_ns() if started is None else started
        self._seen: dict[str, dict[str, bytes]] = {}
        self._young: set[str] = set()
        self._subject = ""

    def about(self, subject: str) -> None:
        self._subject = subject

    def saw_folder(self, path: str) -> None:
        """A folder and every file in it."""
        try:
            self.saw(f"{path}//{'/'.join(sorted(os.listdir(path)))}")
        except OSError:
            self.saw(path)

    def saw(self, path: str) -> None:
        seen = self._seen.setdefault(self._subject, {})
        if path in seen:
            return
        said = _look(path)
        if said == _ABSENT and os.path.dirname(path) in seen:
            return  # when it comes, its folder changes
        seen[path] = said
        if _latest(path) > self._started - RACY:
            self._young.add(self._subject)

    def paths(self, subject: str) -> tuple[str, ...]:
        return tuple(self._seen.get(subject, ()))

    def signature(self, subject: str) -> str | None:
        """One text for all that was seen of it; None where something was too young when it was looked at."""
        return None if subject in self._young else _digest(self._seen.get(subject, {}).values())


def signature(root: str, paths: Iterable[str]) -> str:
    """What `Witness.signature` gives for these paths, as they are now. `root` (with a slash at its end) is where those
    start that do not start with one."""
    return _digest([_look(path if path[0] == "/" else root + path) for path in paths])


def same(root: str, claims: Sequence[tuple[str, tuple[str, ...]]]) -> list[bool]:
    """Whether each (signature, paths) still holds. Many are shared out among the processors: the kernel looks a path up
    in parallel, Python does not."""
    parts = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_PARTS)
    if len(claims) < MANY or parts < 2:
        return [signature(root, paths) == said for said, paths in claims]
    size = -(-len(claims) // parts)
    others = [_fork(root, claims[at : at + size]) for at in range(size, len(claims), size)]
    found = [signature(root, paths) == said for said, paths in claims[:size]]
    for reader, child, count in others:
        with os.fdopen(reader, "rb") as stream:
            answer = stream.read()
        os.waitpid(child, 0)
        # A child that died has found nothing: its share is looked at the long way.
        found += [one == 1 for one in answer] if len(answer) == count else [False] * count
    return found


def _fork(root: str, claims: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[int, int, int]:
    """(pipe to read a byte per claim from, process, number of claims)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return reader, child, len(claims)
    try:
        os.close(reader)
        answer = bytes(signature(root, paths) == said for said, paths in claims)
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
    finally:
        os._exit(0)


def _look(path: str) -> bytes:
    """What the disk says of a path."""
    folder, several, names = path.partition("//")
    try:
        if not several:
            return _said(os.lstat(path))
        # No listing: a folder in which something comes or goes has changed itself.
        inside = [_said(os.lstat(f"{folder}/{name}")) for name in names.split("/") if name]
        return _said(os.lstat(folder)) + b"".join(inside)
    except OSError:
        return _ABSENT


def _said(found: os.stat_result) -> bytes:
    return _PACK(found.st_dev, found.st_ino, found.st_size, found.st_mode, found.st_mtime_ns, found.st_ctime_ns)


def _latest(path: str) -> int:
    """When it last changed, in nanoseconds."""
    folder, _, names = path.partition("//")
    try:
        found = [os.lstat(folder), *[os.lstat(f"{folder}/{name}") for name in names.split("/") if name]]
    except OSError:
        return 0
    return max(max(one.st_mtime_ns, one.st_ctime_ns) for one in found)


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()
