"""A trial whether a bucket honours conditional writes: a server that ignores the conditions does not say so.

One object with a fixed name is created twice with different bytes, and, for a target, swapped twice from the same
state. It stays there; nothing has to be deleted, and any number of processes may try at once.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket

PROBE = ".probe"
DAY = 86_400  # seconds


class ConditionalWriteCheck:
    """`swaps`: also try that a swap of a changed object fails.

    `known`: a file whose time is that of the last trial; None: no trial is remembered.
    """

    def __init__(self, bucket: Bucket, *, swaps: bool = False, known: Path | None = None) -> None:
        self._bucket = bucket
        self._swaps = swaps
        self._known = known
        self._done = False
        self._lock = threading.Lock()

    def once(self) -> None:
        """Try once per process, unless a trial of the last day is known."""
        with self._lock:
            if self._done:
                return
            if self._known is None or not _is_recent(self._known):
                self.now()
                self._remember()
            self._done = True

    def now(self) -> None:
        """Try now; StoreError or TargetError E601 when the bucket is not safe for two writers."""
        for _ in range(2):
            self._create(_sample())
        if self._swaps and (before := self._bucket.get(PROBE)) is not None:
            self._bucket.swap(PROBE, _sample(), before[1])
            if self._bucket.swap(PROBE, _sample(), before[1]):
                raise self._bucket.unsafe("an object that had changed was overwritten")

    def _create(self, body: bytes) -> None:
        before = self._bucket.get(PROBE)
        created = self._bucket.create(PROBE, body)
        after = self._bucket.get(PROBE)
        if after is None:
            raise self._bucket.unsafe("a created object does not exist")
        if before is not None and (created or after[0] == body):
            raise self._bucket.unsafe("an existing object was overwritten")

    def _remember(self) -> None:
        if self._known is not None:
            with contextlib.suppress(OSError):
                self._known.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._known.touch()


def _sample() -> bytes:
    return f"Written by reconciler to see whether the first of two writers is kept: {uuid.uuid4()}\n".encode()


def _is_recent(record: Path) -> bool:
    """Return whether it was touched within a day, by this user."""
    try:
        status = record.lstat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and 0 <= time.time() - status.st_mtime < DAY
