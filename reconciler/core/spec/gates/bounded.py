"""Gates that bound a figure of the holdout, as a whole or of each slice of its rows."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Self

from reconciler.core.number_text import declared
from reconciler.core.spec.gates.demand import Demand, Rule
from reconciler.core.spec.gates.known_figures import CALIBRATION_ERROR, COVERAGE, known_figure
from reconciler.core.spec.gates.sliced import SlicedDemand


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedFigure(SlicedDemand):
    """A figure lies within limits. `rule`: how its interval is read; None: the figure itself counts."""

    rule: Rule | None = None

    @property
    @abstractmethod
    def figure(self) -> str:
        """Return the name of the figure."""

    @abstractmethod
    def limits(self, quantile: float | None) -> tuple[float | None, float | None]:
        """Return the lowest and the highest value that passes. `quantile`: that the model predicts."""

    @property
    def read_by(self) -> Rule:
        """Return how the figure is read."""
        return self.rule or Rule.POINT

    def _details(self) -> str:
        """Return rule and support in words, to follow the bound; empty where neither is declared."""
        words = [f"{self.rule} rule"] if self.rule is not None else []
        words += [f"slices of {self.support:,} rows"] if self.per is not None else []
        return f", {', '.join(words)}" if words else ""

    def _reads_as_strictly(self, other: BoundedFigure) -> bool:
        """Tell whether it judges the same slices, at least as many of them, by a rule at least as strict."""
        return self.same_slices(other) and self.read_by.strictness >= other.read_by.strictness


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(BoundedFigure):
    """A metric of the holdout is at least, or at most, a number."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    uses: str = "threshold"

    @property
    def figure(self) -> str:
        """Return the name of the figure."""
        return self.metric

    @property
    def in_unit(self) -> bool:
        """Tell whether the figure depends on the unit that an outcome is judged in."""
        known = known_figure(self.metric)
        return known is not None and known.in_unit

    def limits(self, quantile: float | None) -> tuple[float | None, float | None]:
        """Return the lowest and the highest value that passes."""
        del quantile
        return self.at_least, self.at_most

    @property
    def demands(self) -> tuple[Self, ...]:
        """Return one gate for each of the two bounds that is set."""
        if self.at_least is None or self.at_most is None:
            return (self,)
        return replace(self, at_most=None), replace(self, at_least=None)

    @property
    def subject(self) -> str:
        """Return the metric and the direction of the bound, and the slices."""
        return f"{self.metric} {'at least' if self.at_least is not None else 'at most'}{self.per_in_words}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        bound = self.at_least if self.at_least is not None else self.at_most
        return f"{declared(bound) if bound is not None else 'nothing'}{self._details()}"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        if not isinstance(other, Threshold) or not self._reads_as_strictly(other):
            return False
        if other.at_least is not None:
            return self.at_least is not None and self.at_least >= other.at_least
        return self.at_most is not None and other.at_most is not None and self.at_most <= other.at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(BoundedFigure):
    """The expected calibration error of a classification is at most a number: probabilities mean what they say."""

    at_most: float
    uses: str = "calibration"

    @property
    def figure(self) -> str:
        """Return the name of the figure."""
        return CALIBRATION_ERROR

    def limits(self, quantile: float | None) -> tuple[float | None, float | None]:
        """Return the lowest and the highest value that passes."""
        del quantile
        return None, self.at_most

    @property
    def subject(self) -> str:
        """Return what is demanded, without how much of it."""
        return f"{self.uses}{self.per_in_words}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"error at most {declared(self.at_most)}{self._details()}"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        return isinstance(other, Calibration) and self._reads_as_strictly(other) and self.at_most <= other.at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage(BoundedFigure):
    """The share of rows at or below a predicted quantile is that quantile, give or take a tolerance."""

    tolerance: float
    uses: str = "coverage"

    @property
    def figure(self) -> str:
        """Return the name of the figure."""
        return COVERAGE

    def limits(self, quantile: float | None) -> tuple[float | None, float | None]:
        """Return the lowest and the highest value that passes."""
        if quantile is None:
            return None, None
        return quantile - self.tolerance, quantile + self.tolerance

    @property
    def subject(self) -> str:
        """Return what is demanded, without how much of it."""
        return f"{self.uses}{self.per_in_words}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return f"the quantile, give or take {declared(self.tolerance)}{self._details()}"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        return isinstance(other, Coverage) and self._reads_as_strictly(other) and self.tolerance <= other.tolerance
