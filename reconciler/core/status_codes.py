"""Ordered conditions, so that "worse" is a comparison, and the exit codes that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


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
    return max(conditions, key=lambda one: one.rank, default=HealthStatus.HEALTHY)


class Exit(IntEnum):
    CLEAN = 0
    FAILED = 1
    USAGE = 2
    PENDING = 3
    REFUSED = 4
    CONFLICT = 5
    INTEGRITY = 6
    BUG = 70
    INTERRUPTED = 130


# When several models differ: 6 > 1 > 5 > 4 > 3 > 0. Usage and bugs never mix with results.
_WEIGHT = {
    Exit.CLEAN: 0,
    Exit.PENDING: 1,
    Exit.REFUSED: 2,
    Exit.CONFLICT: 3,
    Exit.FAILED: 4,
    Exit.INTEGRITY: 5,
}


def worst_exit(codes: Iterable[int]) -> Exit:
    return max((Exit(code) for code in codes), key=lambda one: _WEIGHT.get(one, 6), default=Exit.CLEAN)
