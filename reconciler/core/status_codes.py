"""Ordered conditions, so that "worse" is a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from reconciler.errors import (
    ConflictError,
    GateRefusedError,
    IntegrityError,
    InvalidManifestsError,
    NotInPlaceError,
    ReconcilerError,
    SourceError,
    UsageError,
)


class SyncStatus(StrEnum):
    IN_SYNC = "IN_SYNC"
    OUT_OF_SYNC = "OUT_OF_SYNC"
    UNKNOWN = "UNKNOWN"


class HealthStatus(StrEnum):
    """From best to worst, as in Argo CD."""

    HEALTHY = "HEALTHY"
    SUSPENDED = "SUSPENDED"
    PROGRESSING = "PROGRESSING"
    MISSING = "MISSING"
    DEGRADED = "DEGRADED"
    UNKNOWN = "UNKNOWN"

    @property
    def rank(self) -> int:
        return list(HealthStatus).index(self)


def worst_health(conditions: Iterable[HealthStatus]) -> HealthStatus:
    return max(conditions, key=lambda condition: condition.rank, default=HealthStatus.HEALTHY)


class ResultStatus(StrEnum):
    """How a model, an environment or a command stands or ended, from best to worst."""

    CLEAN = "clean"  # nothing to do, or all done
    PENDING = "pending"  # something is to be done, or queued for a later run
    DENIED = "denied"  # a gate failed, or policy denied it
    CONFLICT = "conflict"  # something else must happen first, or somebody else moved first
    FAILED = "failed"
    DAMAGED = "damaged"  # bytes are not what their digest or chain says
    INVALID = "invalid"  # a manifest or a command line
    INTERRUPTED = "interrupted"

    @property
    def rank(self) -> int:
        return list(ResultStatus).index(self)


def worst_status(statuses: Iterable[ResultStatus]) -> ResultStatus:
    return max(statuses, key=lambda status: status.rank, default=ResultStatus.CLEAN)


def status_of(error: ReconcilerError) -> ResultStatus:
    """Return the status of whatever this error ended."""
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return ResultStatus.FAILED


_STATUSES: tuple[tuple[type[ReconcilerError], ResultStatus], ...] = (
    (UsageError, ResultStatus.INVALID),
    (InvalidManifestsError, ResultStatus.INVALID),
    (SourceError, ResultStatus.INVALID),
    (GateRefusedError, ResultStatus.DENIED),
    (ConflictError, ResultStatus.CONFLICT),
    (IntegrityError, ResultStatus.DAMAGED),
    (NotInPlaceError, ResultStatus.PENDING),
)
