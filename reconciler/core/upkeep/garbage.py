"""Garbage of a store: blobs that no record names. Left by what was killed between its blobs and its record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, Digest

GRACE = 7 * 86_400
"""Seconds between taking a blob out and removing it. Longer than any command runs: what a command found in the store
before its blob was taken out, it has named in a record by then, and the blob comes back."""

YOUNG = 86_400
"""Seconds for which a new blob is left alone, in stores that know when it was written: a command may be about to name
it."""

MOST = 20_000  # blobs of one sweep, so that its record stays small


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Checksummed):
    """One member of the log of sweeps: written before the first of its `blobs` is taken out."""

    environment: str
    when: datetime
    who: str
    blobs: tuple[Digest, ...]
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GarbageResult:
    """The result of `gc`, in blobs: `taken_out` now, `returned` since a record names them again, `removed` for good,
    `waiting` until the end of their grace period, the first at `due`. `young`: unnamed, but written just now. `blobs`:
    all that the store holds. `freed`: bytes of those removed. With `dry_run`, what would be done."""

    environment: str
    blobs: int
    taken_out: int = 0
    returned: int = 0
    removed: int = 0
    freed: int = 0
    waiting: int = 0
    due: datetime | None = None
    young: int = 0
    dry_run: bool = False
    format: int = 1
