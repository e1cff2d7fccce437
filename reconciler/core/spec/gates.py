"""Gates: one check each, of an evaluation or of two models on the same rows. A gate's "no" is a value with numbers.

NaN and absent metrics never pass. A gate's result depends on its arguments only (`core.plan.gate_evaluation`).

Each gate also says what of it a change of manifests can weaken: `demands` (one gate per bound), the `subject` and the
`amount` in words, and `as_strict_as`, which compares two gates of one class and subject. `for_` narrows it to some
models: to narrow a gate is to weaken it (`core.spec.applicable_gates` says which gates apply to a model).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from reconciler.core.digest import Checksummed, Digest
from reconciler.core.duration import in_words
from reconciler.core.number_text import declared
from reconciler.core.quality.drift import DriftSummary, DriftVerdict
from reconciler.core.spec.comparison import Comparison
from reconciler.core.spec.recipe import Task


class Grade(StrEnum):
    """A performance grade; A is best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def rank(self) -> int:
        """Return 3 for A down to 0 for D."""
        return "DCBA".index(self.value)


class Against(StrEnum):
    """What `no-worse-than-incumbent` compares a candidate with, besides the incumbent."""

    BEST = "best"


class Rule(StrEnum):
    """How `no-worse-than-incumbent` reads the paired difference (candidate - incumbent, higher is better)."""

    EVIDENCE = "evidence"  # fails when the upper bound is below -tolerance
    POINT = "point"  # fails when the difference is below -tolerance
    STRICT = "strict"  # fails unless the lower bound is above -tolerance

    @property
    def strictness(self) -> int:
        """Return the rank of this rule: the higher, the more a candidate must show."""
        return list(Rule).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateScope:
    """The models that a gate is for: those of this task (None: of any) that have all these labels, sorted by name."""

    task: Task | None = None
    labels: tuple[tuple[str, str], ...] = ()

    def covers(self, task: Task | None, labels: tuple[tuple[str, str], ...]) -> bool:
        """Tell whether it reaches every model of this task (None: of all tasks) that has these labels."""
        return self.task in (None, task) and set(self.labels) <= set(labels)

    def __str__(self) -> str:
        words = [f"task {self.task}"] if self.task is not None else []
        return " and ".join([*words, *(f"label {name}: {value}" for name, value in self.labels)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demand(ABC):
    """The demand of a gate, which a change of manifests can weaken; most have one bound, named by the gate. `for_`: the
    models that the gate is for; None: all."""

    for_: GateScope | None = None
    uses: str = ""

    @property
    def demands(self) -> tuple[Gate, ...]:
        """Return one gate per bound."""
        return (cast("Gate", self),)

    @property
    def subject(self) -> str:
        """Return what is demanded, without how much of it."""
        return self.uses

    @property
    @abstractmethod
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""

    @property
    def amount(self) -> str:
        """Return how much is demanded, and of which models, in words."""
        return f"{self.bound} for {self.for_}" if self.for_ is not None else self.bound

    def reaches(self, other: Gate) -> bool:
        """Tell whether this gate is for every model that `other` is for."""
        mine = self.for_ or GateScope()
        theirs = other.for_ or GateScope()
        return mine.covers(theirs.task, theirs.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(_Demand):
    """A metric of the holdout is at least, or at most, a number."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    uses: str = "threshold"

    @property
    def demands(self) -> tuple[Gate, ...]:
        """Return one gate for each of the two bounds that is set."""
        if self.at_least is None or self.at_most is None:
            return (self,)
        return replace(self, at_most=None), replace(self, at_least=None)

    @property
    def subject(self) -> str:
        """Return the metric and the direction of the bound, or the gate and its metric."""
        return f"{self.metric} {'at least' if self.at_least is not None else 'at most'}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        bound = self.at_least if self.at_least is not None else self.at_most
        return declared(bound) if bound is not None else "nothing"

    def as_strict_as(self, other: Gate) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, Threshold) or not self.reaches(other):
            return False
        if other.at_least is not None:
            return self.at_least is not None and self.at_least >= other.at_least
        return self.at_most is not None and other.at_most is not None and self.at_most <= other.at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceGrade(_Demand):
    """The performance grade is at least this one. `too_good`: a model that is D because it is too good to be true
    passes, too; None: it does not."""

    at_least: Grade
    uses: str = "performance-grade"
    too_good: bool | None = None

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"grade {self.at_least}{' or too good to be true' if self.too_good else ''}"

    def as_strict_as(self, other: Gate) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, PerformanceGrade) or not self.reaches(other):
            return False
        return self.at_least.rank >= other.at_least.rank and (not self.too_good or bool(other.too_good))


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatsNaiveGuess(_Demand):
    """At least this share of the naive guess's errors is removed."""

    by_share_of_errors: float
    uses: str = "beats-naive-guess"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"{declared(self.by_share_of_errors)} of the errors"

    def as_strict_as(self, other: Gate) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, BeatsNaiveGuess) or not self.reaches(other):
            return False
        return self.by_share_of_errors >= other.by_share_of_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWorseThanIncumbent(_Demand):
    """The candidate is no worse than the incumbent on rows that neither of them trained on.

    `against`: BEST also compares it with every artifact that was deployed in the last `within` seconds before the
    incumbent was, so that the tolerance is not lost again and again. None: with the incumbent only.
    """

    metric: str
    tolerance: float = 0.0
    rule: Rule = Rule.EVIDENCE
    min_rows: int = 100
    against: Against | None = None
    within: int | None = None  # seconds; set with `against`
    uses: str = "no-worse-than-incumbent"

    @property
    def subject(self) -> str:
        """Return the metric and the direction of the bound, or the gate and its metric."""
        return f"{self.uses} by {self.metric}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        words = f"{self.rule} rule, tolerance {declared(self.tolerance)}, {self.min_rows} rows"
        return f"{words}, the best in {in_words(self.within)}" if self.within is not None else words

    def as_strict_as(self, other: Gate) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, NoWorseThanIncumbent) or not self.reaches(other):
            return False
        stricter = self.rule.strictness >= other.rule.strictness
        reaches_back = (self.within or 0) >= (other.within or 0)
        return stricter and reaches_back and self.tolerance <= other.tolerance and self.min_rows >= other.min_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDrift(_Demand):
    """The records to predict are not further from the candidate's training rows than this: none, or some drift."""

    at_most: DriftVerdict = DriftVerdict.SOME
    uses: str = "data-drift"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"at most {self.at_most}"

    def as_strict_as(self, other: Gate) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        return isinstance(other, DataDrift) and self.reaches(other) and self.at_most.rank <= other.at_most.rank


Gate = Threshold | PerformanceGrade | BeatsNaiveGuess | NoWorseThanIncumbent | DataDrift
NEED_ROWS = (NoWorseThanIncumbent, DataDrift)
"""Gates that an evaluation cannot answer: they are judged where the rows are, once."""


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
class GateResult:
    """The result of one gate. `reason` is one line with the numbers, e.g. "f1_macro 0.412 is below 0.450".
    `comparison`: with the incumbent; `earlier`: with what was deployed before it, for a gate against the best. `drift`:
    of the records to predict, for a gate that bounds it."""

    gate: Gate
    verdict: GateStatus
    reason: str
    comparison: Comparison | None = None
    earlier: tuple[Comparison, ...] | None = None
    drift: DriftSummary | None = None


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
