"""What of one store an erasure concerns, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedBuild:
    """A build whose rows held the entity, or would be others without it."""

    fingerprint: Digest
    artifact: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenLog:
    """A member of a prediction log whose rows were written again without those of the entity. `after`: None where none
    is left."""

    key: str
    before: Digest
    after: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedObjects(Checksummed):
    """One member of a store's log of what erasures concern: written before anything is removed.

    `environment`: whose store it is; `origin` and `erasure`: the tombstone; `snapshots`: those with rows of the entity;
    `artifacts`: all that learnt from it, wherever they are.
    """

    environment: str
    origin: str
    erasure: int
    when: datetime
    due: datetime
    snapshots: tuple[int, ...] = ()
    builds: tuple[ErasedBuild, ...] = ()
    artifacts: tuple[Digest, ...] = ()
    predictions: tuple[RewrittenLog, ...] = ()
    format: int = 1

    @property
    def name(self) -> str:
        """Return the erasure's name in messages."""
        return f"erasure {self.erasure} of {self.origin}"
