"""Result of history: journal entries, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.journal import Action, ApprovalRecord, OverrideRecord, RollbackHold
from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One journal entry, as people read it. `hold`: on what git still declared when this was rolled back to."""

    environment: str
    model: str
    n: int
    action: Action
    artifact: Digest | None
    commit: str | None
    who: str
    when: datetime
    reason: str
    entry: Digest
    approved: ApprovalRecord | None = None
    overrides: tuple[OverrideRecord, ...] | None = None
    hold: RollbackHold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLoss:
    """A journal that is gone; `model` None: a whole store."""

    environment: str
    model: str | None
    problem: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureEvent:
    """An entity of `key` (TABLE.COLUMN) that was forgotten, or that came back: then `returns` is the erasure that this
    one ended."""

    environment: str
    n: int
    key: str
    when: datetime
    who: str
    reason: str
    returns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Newest first. With `at`, only what served at that time. `lost`: what this history does not know of; `erasures`:
    of the data that live in these environments, newest first; None where there are none."""

    events: tuple[HistoryEvent, ...]
    at: datetime | None = None
    lost: tuple[HistoryLoss, ...] = ()
    erasures: tuple[ErasureEvent, ...] | None = None
    format: int = 1
