"""The results of gates: what is recorded of each, and the verification that holds those of one gate set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Checksummed, Digest
from reconciler.core.quality.drift import DriftSummary
from reconciler.core.spec.comparison import Comparison
from reconciler.core.spec.gates.any_gate import Gate
from reconciler.core.spec.grade import Grade


class GateStatus(StrEnum):
    """The outcome of one gate. Only a gate that is not for a model, by its own `for:`, does not apply to it."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT_APPLICABLE = "does not apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSet:
    """All that a verification depends on besides its artifact; its digest names the verification. `gates` are those
    that apply to the model; `incumbent` is set only where a gate compares with it. `deployed_before`: what the gates
    against the best compare with besides, by their `within`, sorted."""

    environment: str
    gates: tuple[Gate, ...]
    evaluation: Digest
    incumbent: Digest | None
    deployed_before: tuple[tuple[str, tuple[Digest, ...]], ...] | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFigure:
    """A figure as a gate judged it, of all rows or of one slice. `low`, `high`: its interval, at 95 % unless
    `confidence` says otherwise; where there is none, `why` says so. `value`: None where these rows have none."""

    figure: str
    rows: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str | None = None
    slice: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceCounts:
    """How many slices a gate judged; how many were too small for it, and the rows in those."""

    judged: int
    small: int = 0
    small_rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """The result of one gate. `reason` is one line with the numbers, e.g. "f1_macro 0.412 is below 0.450".
    `comparison`: with the incumbent; `earlier`: with what was deployed before it, for a gate against the best. `drift`:
    of the records to predict, for a gate that bounds it. `figures`: what a gate on a figure judged, of slices the worst
    ones, of which there were `slices`. `grade`: in full; None where one was judged by the bands alone, as before.
    `quantile`: that the figures are held to."""

    gate: Gate
    verdict: GateStatus
    reason: str
    comparison: Comparison | None = None
    earlier: tuple[Comparison, ...] | None = None
    drift: DriftSummary | None = None
    figures: tuple[JudgedFigure, ...] | None = None
    slices: SliceCounts | None = None
    grade: Grade | None = None
    too_good: bool | None = None
    quantile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Checksummed):
    """The results of all gates for one artifact and one gate set, for one environment; last those that did not apply.

    `gate_set` is the digest over gates (model's and environment's), evaluation rows and incumbent; a verification of
    another gate set does not count.
    """

    artifact: Digest
    environment: str
    gate_set: Digest
    evaluation: Digest
    incumbent: Digest | None
    results: tuple[GateResult, ...]
    deployed_before: tuple[tuple[str, tuple[Digest, ...]], ...] | None = None
    format: int = 1

    @property
    def passed(self) -> bool:
        """Tell whether some gate applied, and each that did passed."""
        return bool(self.applied) and all(result.verdict is GateStatus.PASSED for result in self.applied)

    @property
    def applied(self) -> tuple[GateResult, ...]:
        """Return the results of the gates that applied to the model."""
        return tuple(result for result in self.results if result.verdict is not GateStatus.NOT_APPLICABLE)

    @property
    def failures(self) -> tuple[str, ...]:
        """Return the reasons of the gates that failed."""
        return tuple(result.reason for result in self.results if result.verdict is GateStatus.REFUSED)

    @property
    def refusals(self) -> tuple[str, ...]:
        """Return why it did not pass: the failures, or that there is no gate that it passed."""
        return () if self.passed else self.failures or (f"no gate of {self.environment} applies to it",)
