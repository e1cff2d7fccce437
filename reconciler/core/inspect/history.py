"""Result of history: journal entries, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.journal import Action, ApprovalRecord, OverrideRecord, RollbackHold
from reconciler.core.digest import Digest
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.spec.grade import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """The entries that are asked for. `at`: only what was deployed at that time; `since`: only later ones; `entry`:
    only those of this number; `limit`: only the newest."""

    at: datetime | None = None
    since: datetime | None = None
    entry: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEvaluation:
    """How good the artifact of an event was on the holdout of its own build: `value` is that of `metric`; `doubt` says
    how far off it may be where few rows were judged; `unit`: of what grade and value are, where the artifact predicts a
    transform."""

    grade: Grade
    metric: str
    value: float | None
    rows: int
    doubt: str | None = None
    unit: OutcomeUnit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventData:
    """The data that the artifact of an event was trained on: as of a day, and when the snapshot was taken."""

    as_of: str
    taken: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One journal entry, as people read it. `hold`: on what git still declared when this was rolled back to.

    `evaluation`, `data`: of the artifact that a training or deployment brought; None of others, and where the artifact
    is gone. `request`: the number of the pull request that the commit's message names; nobody asked the forge.
    """

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
    evaluation: EventEvaluation | None = None
    data: EventData | None = None
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLoss:
    """A journal that is gone; `model` None: a whole store."""

    environment: str
    model: str | None
    problem: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryBeginning:
    """Where the history of a journal begins after a loss that a person accepted: earlier entries than `first` are gone.

    `first` 0: all earlier ones. `proof`: what outside the store names a later entry; None where nothing does. `when`:
    None where no record says it.
    """

    environment: str
    model: str
    first: int
    who: str
    reason: str
    when: datetime | None = None
    proof: str | None = None


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
    of the data that live in these environments, newest first; None where there are none. `older`: how many more
    entries there are, which a limit left out. `begins`: journals whose earlier entries are gone; None where none is."""

    events: tuple[HistoryEvent, ...]
    at: datetime | None = None
    lost: tuple[HistoryLoss, ...] = ()
    erasures: tuple[ErasureEvent, ...] | None = None
    older: int | None = None
    begins: tuple[HistoryBeginning, ...] | None = None
    format: int = 1
