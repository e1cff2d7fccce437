"""The record of what monitoring found of a deployed model: `monitoring/<environment>/<model>`, a numbered log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.core.digest import Checksummed, Digest
from reconciler.core.monitoring.promise import Promise


class LiveVerdict(StrEnum):
    """What known outcomes say of a deployed model."""

    NOTHING = "nothing known"  # no outcome is known yet
    TOO_FEW = "too few"  # too few to tell
    KEPT = "as promised"  # nothing speaks for worse than promised
    DEGRADED = "degraded"  # worse than promised


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFigure:
    """The promised figure of known outcomes: of `rows` records that were predicted from `first` to `last` (ISO)."""

    value: float
    rows: int
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainRequest:
    """The request that asked for a retrain: its branch, and where a forge has it, number and address."""

    branch: str
    number: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringRecord(Checksummed):
    """What was found of `artifact`. `known`: of all known outcomes; `recent`: since the day from which on most speaks
    for a change, where it is worse. `evidence`: see `monitoring.evidence`; natural logarithm. `found`: the day on
    which it was found to be degraded, by predictions up to the day `through`; it stays so until another artifact is
    deployed, unless outcomes that changed since take the evidence away. `asked`: by which request, also once that was
    taken back: one artifact is asked for once."""

    environment: str
    model: str
    artifact: Digest
    when: datetime
    who: str
    verdict: LiveVerdict
    promise: Promise
    waiting: int
    gone: int
    known: LiveFigure | None = None
    recent: LiveFigure | None = None
    evidence: float | None = None
    found: str | None = None
    through: str | None = None
    asked: RetrainRequest | None = None
    format: int = 1

    def says_the_same(self, other: MonitoringRecord) -> bool:
        """Tell whether two records differ in nothing but who found it, and when."""
        return replace(self, when=other.when, who=other.who) == other
