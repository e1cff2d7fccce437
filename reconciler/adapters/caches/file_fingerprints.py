"""Fingerprints of the files that a plan read, taken just before: the next plan compares them instead of reading again.

A path counts as unchanged while its device, inode, size, mode, mtime and ctime are the same (as in git's index). One
that was modified just before has no fingerprint: a later change could have the same times, since file systems keep them
in steps. What is on no disk has a path that begins with NUL, and counts as unchanged while its state, a text, is the
same.
"""

# Plain strings and os functions: this is done for a hundred thousand files while a person waits.
# ruff: noqa: PTH120

from __future__ import annotations

import hashlib
import os
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from reconciler.adapters.executors import fork_map

MANY = 3_000  # fingerprints from which several processes pay off
BESIDES = 5_000  # fingerprints that take as long as `besides`
SECOND = 10**9  # nanoseconds
WHOLE_STEP = 2 * SECOND  # between two times of a file system that keeps whole seconds (ext3), or every other one (FAT)
FINE_STEP = SECOND // 10  # of one that keeps parts of a second: Linux counts in ticks of 1 to 10 ms
_ABSENT = b"absent"
_ELSEWHERE = "\0"
NO_STATES: Mapping[str, str] = MappingProxyType({})
_PACK = struct.Struct("<6q").pack


class FileFingerprints:
    """Implements ports.ReadObserver: the status of each path, by subject (a model, or "" for all), before it is read.

    `folder//a/b` stands for a folder and the files a and b, which are all that is in it.
    """

    def __init__(self, started: int | None = None) -> None:
        """`started`: start of reading in nanoseconds since 1970 [default: now]."""
        self._started = time.time_ns() if started is None else started
        self._seen: dict[str, dict[str, bytes]] = {}
        self._recent: set[str] = set()
        self._thread = threading.local()

    @property
    def _subject(self) -> str:
        subject: str = getattr(self._thread, "subject", "")
        return subject

    def about(self, subject: str) -> None:
        self._thread.subject = subject

    def forget(self) -> None:
        """Forget the paths of all models."""
        self._seen = {subject: seen for subject, seen in self._seen.items() if not subject}

    def saw_folder(self, path: str, entries: Mapping[str, os.stat_result]) -> None:
        """Record a folder and every file in it, as `durable_files.listed` has just returned them."""
        if entries:
            self._note(f"{path}//{'/'.join(name for name in entries if name)}", list(entries.values()))
        else:
            self.saw(path)

    def saw(self, path: str) -> None:
        seen = self._seen.setdefault(self._subject, {})
        if path in seen:
            return
        statuses = _statuses(path)
        if not statuses and os.path.dirname(path) in seen:
            return  # when it is created, its folder changes
        self._note(path, statuses)

    def saw_state(self, path: str, state: str | None) -> None:
        """Record a state; where it changed while it was looked at, or has none, its subject has no signature."""
        fingerprint = b"" if state is None else state.encode()
        first = self._seen.setdefault(self._subject, {}).setdefault(path, fingerprint)
        if state is None or first != fingerprint:
            self._recent.add(self._subject)

    def _note(self, path: str, statuses: list[os.stat_result]) -> None:
        seen = self._seen.setdefault(self._subject, {})
        seen[path] = _fingerprint(statuses)
        if any(
            at + (FINE_STEP if at % SECOND else WHOLE_STEP) > self._started
            for status in statuses
            for at in (status.st_mtime_ns, status.st_ctime_ns)
        ):
            self._recent.add(self._subject)

    def paths(self, subject: str) -> tuple[str, ...]:
        return tuple(self._needed(subject))

    def signature(self, subject: str) -> str | None:
        """Return one fingerprint of all its paths; None where a path had been modified too recently, or while it was
        read."""
        return None if subject in self._recent else _digest(self._needed(subject).values())

    def _needed(self, subject: str) -> dict[str, bytes]:
        """Return the fingerprints without those of missing paths in a folder that has one: when a path is created, its
        folder changes."""
        seen = self._seen.get(subject, {})
        return {
            path: fingerprint
            for path, fingerprint in seen.items()
            if fingerprint != _ABSENT or os.path.dirname(path) not in seen
        }


def signature(root: str, paths: Iterable[str], states: Mapping[str, str] = NO_STATES) -> str:
    """Return what `FileFingerprints.signature` gives for these paths as they are now.

    Relative paths start at `root`, which ends with a slash. `states`: what is on no disk, by its path; a path that is
    not among them counts as changed.
    """
    return _digest(
        [
            states.get(path, _ELSEWHERE).encode()
            if path[0] == _ELSEWHERE
            else _fingerprint(_statuses(path if path[0] == "/" else root + path))
            for path in paths
        ]
    )


def same(
    root: str,
    fingerprints: Sequence[tuple[str, tuple[str, ...]]],
    *,
    states: Mapping[str, str] = NO_STATES,
    besides: Callable[[], None] | None = None,
) -> list[bool]:
    """Return whether each (signature, paths) is unchanged. `states` is as `signature` takes it.

    Many are partitioned among processes: the kernel looks paths up in parallel, Python does not. With several
    processes, `besides` runs in this one while the others check. With `states` there is one: whoever asked for them has
    threads, and is not forked.
    """
    partitions = fork_map.count() if len(fingerprints) >= MANY and not states else 1
    bounds = _bounds(len(fingerprints), partitions, less=BESIDES if besides is not None else 0)

    def check(partition: int) -> bytes:
        if besides is not None and partition == 0 and partitions > 1:
            besides()
        return bytes(
            signature(root, paths, states) == expected
            for expected, paths in fingerprints[bounds[partition] : bounds[partition + 1]]
        )

    # A partition that failed counts as changed: its models are planned again.
    answers = fork_map.fork_map(check, partitions)
    return [
        unchanged == 1
        for partition, answer in enumerate(answers)
        for unchanged in answer or bytes(bounds[partition + 1] - bounds[partition])
    ]


def _bounds(count: int, partitions: int, *, less: int) -> list[int]:
    """Return the start of each partition and the end of the last: equal sizes, but the first has `less`."""
    if partitions == 1:
        return [0, count]
    own = max(0, (count - less * (partitions - 1)) // partitions)
    size = -(-(count - own) // (partitions - 1))
    return [0] + [min(count, own + size * others) for others in range(partitions)]


def _statuses(path: str) -> list[os.stat_result]:
    """Return the status of a path, or of a folder and the files in it; empty where one is missing."""
    folder, several, names = path.partition("//")
    try:
        if not several:
            return [os.lstat(path)]
        # Without listing: when a file is added or removed, the folder's own status changes.
        return [os.lstat(folder), *[os.lstat(f"{folder}/{name}") for name in names.split("/") if name]]
    except OSError:
        return []


def _fingerprint(statuses: list[os.stat_result]) -> bytes:
    packed = [_PACK(s.st_dev, s.st_ino, s.st_size, s.st_mode, s.st_mtime_ns, s.st_ctime_ns) for s in statuses]
    return b"".join(packed) or _ABSENT


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()
