"""The comparison of two models on the same rows, for the gates that ask for one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Digest


class Comparability(StrEnum):
    """The state of a comparison: made, or the reason why not."""

    COMPARED = "compared"
    NO_INCUMBENT = "no incumbent"
    NOT_COMPARABLE = "not comparable"
    UNSCORABLE = "incumbent unscorable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedMetric:
    """One metric of candidate and incumbent on the same rows."""

    metric: str
    candidate: float
    incumbent: float


class Seen(StrEnum):
    """What the interval of a paired difference shows."""

    BETTER = "better"
    WORSE = "worse"
    NOTHING = "no difference seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPart:
    """Candidate and incumbent on the rows with one value of a slice, as in a Comparison. `confidence`: of the interval,
    which is the wider, the more parts there are. `why`: the reason where these rows do not have the metric."""

    name: str
    rows: int
    candidate: float | None = None
    incumbent: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    confidence: float | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedParts:
    """The parts of a slice that two models were compared on: those with rows enough, and the rows of the others.
    `problem`: why none could be compared."""

    parts: tuple[ComparedPart, ...] = ()
    small: int = 0
    small_rows: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Candidate and incumbent on rows that neither trained on. `difference` = candidate - incumbent in the metric's
    own unit, sign turned so that higher is better (of coverage: by how much the candidate is nearer to the quantile);
    `lower`, `upper` its interval (two-sided, paired); `per`: the same on each part of the gate's slice;
    `detectable`: the smallest true loss that this many rows would have shown with 80 % power. `metrics`: all metrics of
    the task on these rows, sorted by name, for people to read. `artifact`: the other side, where it is not the
    incumbent but was deployed before; then the interval has this `confidence`. `reason`: why they
    were not compared, or on which of the rows only."""

    state: Comparability
    metric: str
    rows: int = 0
    candidate: float | None = None
    incumbent: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    detectable: float | None = None
    reason: str | None = None
    metrics: tuple[PairedMetric, ...] = ()
    artifact: Digest | None = None
    confidence: float | None = None
    per: ComparedParts | None = None

    @property
    def seen(self) -> Seen | None:
        """Return what the interval shows; None where nothing was compared."""
        if self.state is not Comparability.COMPARED or self.lower is None or self.upper is None:
            return None
        if self.lower > 0:
            return Seen.BETTER
        return Seen.WORSE if self.upper < 0 else Seen.NOTHING
