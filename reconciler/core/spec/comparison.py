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
class Comparison:
    """Candidate and incumbent on rows that neither trained on. `difference` = candidate - incumbent in the metric's
    own unit, sign turned so that higher is better; `lower`, `upper` its 95 % interval (two-sided, paired bootstrap);
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

    @property
    def seen(self) -> Seen | None:
        """Return what the interval shows; None where nothing was compared."""
        if self.state is not Comparability.COMPARED or self.lower is None or self.upper is None:
            return None
        if self.lower > 0:
            return Seen.BETTER
        return Seen.WORSE if self.upper < 0 else Seen.NOTHING
