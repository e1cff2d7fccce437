"""Gates: one check each, of an evaluation or of two models on the same rows. A gate's "no" is a value with numbers.

NaN and absent metrics never pass. What a gate says depends on its arguments only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Checksummed, Digest


class Grade(StrEnum):
    """A is best. `rank` orders them: A 3, B 2, C 1, D 0."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def rank(self) -> int:
        return "DCBA".index(self.value)


class Rule(StrEnum):
    """How `no-worse-than-incumbent` reads the paired difference (candidate - incumbent, higher is better)."""

    EVIDENCE = "evidence"  # refuse when the upper bound is below -tolerance
    POINT = "point"  # refuse when the difference is below -tolerance
    STRICT = "strict"  # refuse unless the lower bound is above -tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    uses: str = "threshold"


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceGrade:
    at_least: Grade
    uses: str = "performance-grade"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatsNaiveGuess:
    """At least this share of the naive guess's errors is removed."""

    by_share_of_errors: float
    uses: str = "beats-naive-guess"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWorseThanIncumbent:
    metric: str
    tolerance: float = 0.0
    rule: Rule = Rule.EVIDENCE
    min_rows: int = 100
    uses: str = "no-worse-than-incumbent"


Gate = Threshold | PerformanceGrade | BeatsNaiveGuess | NoWorseThanIncumbent


class GateStatus(StrEnum):
    PASSED = "passed"
    REFUSED = "refused"


class Comparability(StrEnum):
    """Why a comparison has, or has not, a number."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Candidate and incumbent on rows that neither trained on. `difference` = candidate - incumbent in the metric's
    own unit, sign turned so that higher is better; `lower`, `upper` its 95 % interval (two-sided, paired bootstrap);
    `detectable`: the smallest true loss that this many rows would have shown with 80 % power. `metrics`: all metrics of
    the task on these rows, sorted by name, for people to read."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSet:
    """What a verification is bound to besides its artifact; its digest names the verification. `incumbent` counts only
    where a gate compares with it."""

    environment: str
    gates: tuple[Gate, ...]
    evaluation: Digest
    incumbent: Digest | None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """`reason` is one line with the numbers, e.g. "f1_macro 0.412 is below 0.450"."""

    gate: Gate
    verdict: GateStatus
    reason: str
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Checksummed):
    """All checks of one digest against one gate set, for one environment.

    `gate_set` binds artifact, gates (model's and environment's), evaluation rows and incumbent; a verification that is
    bound to something else does not count.
    """

    artifact: Digest
    environment: str
    gate_set: Digest
    evaluation: Digest
    incumbent: Digest | None
    results: tuple[GateResult, ...]
    format: int = 1

    @property
    def passed(self) -> bool:
        return bool(self.results) and all(r.verdict is GateStatus.PASSED for r in self.results)

    @property
    def refusals(self) -> tuple[str, ...]:
        return tuple(r.reason for r in self.results if r.verdict is GateStatus.REFUSED)
