"""Gates on the grade, on the naive guess, on other models and on the records to predict."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.duration import in_words
from reconciler.core.number_text import declared
from reconciler.core.quality.drift import DriftVerdict
from reconciler.core.spec.gates.demand import Against, Demand, Rule
from reconciler.core.spec.gates.sliced import SlicedDemand
from reconciler.core.spec.grade import Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceGrade(Demand):
    """The performance grade is at least this one. `too_good`: a model that is D because it is too good to be true
    passes, too; None: it does not."""

    at_least: Grade
    uses: str = "performance-grade"
    too_good: bool | None = None

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"grade {self.at_least}{' or too good to be true' if self.too_good else ''}"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, PerformanceGrade) or not self.reaches(other):
            return False
        return self.at_least.rank >= other.at_least.rank and (not self.too_good or bool(other.too_good))


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatsNaiveGuess(Demand):
    """At least this share of the naive guess's errors is removed."""

    by_share_of_errors: float
    uses: str = "beats-naive-guess"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"{declared(self.by_share_of_errors)} of the errors"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, BeatsNaiveGuess) or not self.reaches(other):
            return False
        return self.by_share_of_errors >= other.by_share_of_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWorseThanIncumbent(SlicedDemand):
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
        return f"{self.uses} by {self.metric}{self.per_in_words}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        words = f"{self.rule} rule, tolerance {declared(self.tolerance)}, {self.min_rows} rows"
        if self.per is not None:
            words += f", slices of {self.support:,} rows"
        return f"{words}, the best in {in_words(self.within)}" if self.within is not None else words

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, NoWorseThanIncumbent) or not self.same_slices(other):
            return False
        stricter = self.rule.strictness >= other.rule.strictness
        reaches_back = (self.within or 0) >= (other.within or 0)
        return stricter and reaches_back and self.tolerance <= other.tolerance and self.min_rows >= other.min_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDrift(Demand):
    """The records to predict are not further from the candidate's training rows than this: none, or some drift."""

    at_most: DriftVerdict = DriftVerdict.SOME
    uses: str = "data-drift"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"at most {self.at_most}"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        return isinstance(other, DataDrift) and self.reaches(other) and self.at_most.rank <= other.at_most.rank
