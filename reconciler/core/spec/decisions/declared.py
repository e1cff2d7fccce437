"""What a recipe says of the weights of its rows, of its probabilities, and of how a class follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

FOLDS = 5
"""Folds that a calibration or a decision is fitted out of where nobody says how many."""


class CalibrationMethod(StrEnum):
    """How probabilities are calibrated: by scikit-learn's names."""

    SIGMOID = "sigmoid"
    ISOTONIC = "isotonic"


class DecisionMetric(StrEnum):
    """What a decision is made to maximise: by scikit-learn's names."""

    F1_MACRO = "f1_macro"
    BALANCED_ACCURACY = "balanced_accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate:
    """That probabilities are calibrated, by what the model says of training rows that it was not fitted on."""

    uses: CalibrationMethod
    folds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """How the predicted class follows from the probabilities: so that a metric is highest, or that it costs least.

    `costs`: of predicting the second class where the first is true; what is not named costs nothing. `folds`: of the
    training rows, out of which the decision is fitted; None where nothing is fitted.
    """

    maximise: DecisionMetric | None = None
    costs: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] | None = None
    folds: int | None = None

    def beside(self, calibrate: Calibrate | None) -> Decide:
        """Return the decision as it is beside a calibration, or none: of calibrated probabilities expected costs are
        right as they are, so nothing is fitted."""
        if self.costs is None:
            return self
        return replace(self, folds=None if calibrate is not None else self.folds or FOLDS)

    def cost_matrix(self, classes: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        """Return the costs by actual and predicted class, in their declared order; empty where there are none."""
        if self.costs is None:
            return ()
        by_actual = {actual: dict(row) for actual, row in self.costs}
        return tuple(tuple(by_actual.get(actual, {}).get(name, 0.0) for name in classes) for actual in classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recency:
    """That a training row weighs half as much as one that is `half_life` seconds later by the date column `by`."""

    half_life: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWeights:
    """How much each training row weighs."""

    recency: Recency
