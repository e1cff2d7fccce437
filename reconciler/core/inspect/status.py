"""What `status`, `history` and `audit` show: values, rendered by `report`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.records import Action, ApprovalRecord, OverrideRecord, RollbackHold
from reconciler.core.digest import Digest
from reconciler.core.status_codes import HealthStatus, SyncStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """`since`: when the entry that put `artifact` there was written; `headline`: F1 macro or R2 on its holdout."""

    model: str
    sync: SyncStatus
    health: HealthStatus
    reason: str
    artifact: Digest | None = None
    entry: int | None = None
    since: datetime | None = None
    grade: str | None = None
    headline: float | None = None
    data_as_of: str | None = None
    notes: tuple[str, ...] = ()
    exit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStatus:
    """`snapshot`, `snapshot_age` (seconds): the newest data snapshot, where the environment takes them. Until there are
    signatures, every verification is unsigned, and `notes` says so."""

    environment: str
    role: str
    revision: str | None
    models: tuple[ModelStatus, ...]
    snapshot: int | None = None
    snapshot_age: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    project: str
    environments: tuple[EnvironmentStatus, ...]
    format: int = 1


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
class History:
    """Newest first. With `at`, only what served at that time."""

    events: tuple[HistoryEvent, ...]
    at: datetime | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One thing that is not as it must be: `where` is a key of the store or a path of the target."""

    environment: str
    where: str
    problem: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`checked` counts what was read and hashed, by kind, sorted."""

    findings: tuple[AuditFinding, ...]
    checked: tuple[tuple[str, int], ...]
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAmount:
    """Expected amount of one group per class, in declared order (regression: one amount)."""

    group: str
    amounts: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What `predict` wrote: `out` (and `amounts`) are file names as given; `log` the number in the prediction log."""

    environment: str
    model: str
    artifact: Digest
    as_of: str
    classes: tuple[str, ...]
    rows: int
    counts: tuple[int, ...]
    uncertain: int
    out: str
    log: int
    by: str | None = None
    amount: str | None = None
    expected: tuple[GroupAmount, ...] = ()
    amounts: str | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproduceResult:
    """`differing`: the artifact's files whose bytes came out otherwise; empty when the digests are equal."""

    expected: Digest
    found: Digest
    differing: tuple[str, ...]
    fingerprint: Digest
    trained: str
    format: int = 1

    @property
    def equal(self) -> bool:
        return self.expected == self.found
