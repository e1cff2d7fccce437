"""What a plan read, and what the disk said of it just before: so that the next plan can tell whether it would read the
same.

A path counts as unchanged only while its device, inode, size, mode, mtime and ctime are what they were (as in git's
index); one that was touched less than two seconds before is not believed at all, since the clocks of file systems are
coarse.
"""

# Plain strings and os functions: this is done for a hundred thousand files while a person waits.
# ruff: noqa: PTH120

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from reconciler.adapters.executors import fork_map

MANY = 3_000  # claims from which it pays to share them out
BESIDES = 5_000  # claims that take as long as what is done besides
RACY = 2 * 10**9  # nanoseconds
_ABSENT = b"absent"
_PACK = struct.Struct("<6q").pack


class FileFingerprints:
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

    def forget(self) -> None:
        """What was seen for one subject or another."""
        self._seen = {subject: seen for subject, seen in self._seen.items() if not subject}

    def saw_folder(self, path: str, found: Mapping[str, os.stat_result]) -> None:
        """A folder and every file in it, as `durable.listed` has just found them."""
        if found:
            self._note(f"{path}//{'/'.join(name for name in found if name)}", list(found.values()))
        else:
            self.saw(path)

    def saw(self, path: str) -> None:
        seen = self._seen.setdefault(self._subject, {})
        if path in seen:
            return
        found = _found(path)
        if not found and os.path.dirname(path) in seen:
            return  # when it comes, its folder changes
        self._note(path, found)

    def _note(self, path: str, found: list[os.stat_result]) -> None:
        seen = self._seen.setdefault(self._subject, {})
        seen[path] = _said(found)
        # When it last changed, in nanoseconds.
        if any(max(one.st_mtime_ns, one.st_ctime_ns) > self._started - RACY for one in found):
            self._young.add(self._subject)

    def paths(self, subject: str) -> tuple[str, ...]:
        return tuple(self._seen.get(subject, ()))

    def signature(self, subject: str) -> str | None:
        """One text for all that was seen of it; None where something was too young when it was looked at."""
        return None if subject in self._young else _digest(self._seen.get(subject, {}).values())


def signature(root: str, paths: Iterable[str]) -> str:
    """Return what `FileFingerprints.signature` gives for these paths as they are now.

    Relative paths start at `root`, which ends with a slash."""
    return _digest([_said(_found(path if path[0] == "/" else root + path)) for path in paths])


def same(
    root: str, claims: Sequence[tuple[str, tuple[str, ...]]], *, besides: Callable[[], None] | None = None
) -> list[bool]:
    """Whether each (signature, paths) still holds. Many are shared out among the processors: the kernel looks a path up
    in parallel, Python does not. `besides` is done here while others look, if others do."""
    shares = fork_map.count() if len(claims) >= MANY else 1
    bounds = _bounds(len(claims), shares, less=BESIDES if besides is not None else 0)

    def look(share: int) -> bytes:
        if besides is not None and share == 0 and shares > 1:
            besides()
        return bytes(signature(root, paths) == said for said, paths in claims[bounds[share] : bounds[share + 1]])

    # A share that failed has found nothing: its models are looked at the long way.
    answers = fork_map.fork_map(look, shares)
    return [
        one == 1 for share, answer in enumerate(answers) for one in answer or bytes(bounds[share + 1] - bounds[share])
    ]


def _bounds(count: int, shares: int, *, less: int) -> list[int]:
    """Where each share begins, and where the last one ends: of one size, but for the first, which has `less`."""
    if shares == 1:
        return [0, count]
    own = max(0, (count - less * (shares - 1)) // shares)
    size = -(-(count - own) // (shares - 1))
    return [0] + [min(count, own + size * others) for others in range(shares)]


def _found(path: str) -> list[os.stat_result]:
    """What the disk says of a path, or of a folder and the files in it; nothing where one is not there."""
    folder, several, names = path.partition("//")
    try:
        if not several:
            return [os.lstat(path)]
        # No listing: a folder in which something comes or goes has changed itself.
        return [os.lstat(folder), *[os.lstat(f"{folder}/{name}") for name in names.split("/") if name]]
    except OSError:
        return []


def _said(found: list[os.stat_result]) -> bytes:
    return (
        b"".join(
            [_PACK(one.st_dev, one.st_ino, one.st_size, one.st_mode, one.st_mtime_ns, one.st_ctime_ns) for one in found]
        )
        or _ABSENT
    )


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()
