"""Calibrate what an estimator says of rows: one curve per class, one against the rest, then each row sums to 1.

As scikit-learn's `CalibratedClassifierCV` with `ensemble=False` does it: of two classes on the decision function where
the estimator has one, else on its probabilities. Of several classes always on the probabilities: what a decision
function says of one class tells its probability only together with what it says of the others (ADR 55).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.output_rules import (
    DECISION_FUNCTION,
    PROBABILITIES,
    Curve,
    ProbabilityCalibration,
    SigmoidCurve,
)

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


def calibrates(estimator: Any) -> str:
    """Return what of an estimator is calibrated."""
    of_two = len(estimator.classes_) == 2
    return DECISION_FUNCTION if of_two and hasattr(estimator, DECISION_FUNCTION) else PROBABILITIES


def scores_of(estimator: Any, matrix: Matrix, of: str) -> Matrix:
    """Return the scores of rows: one column per class that the estimator knows, of two classes one, of the second."""
    import numpy as np

    scores = np.asarray(getattr(estimator, of)(matrix), dtype=np.float64)
    if scores.ndim == 1:
        return scores[:, None]
    return scores[:, 1:] if scores.shape[1] == 2 else scores


def calibrated(calibration: ProbabilityCalibration, scores: Matrix) -> Matrix:
    """Return the probability of each class that the estimator knows (rows, classes) by its `scores`.

    Where every curve says 0, the classes are equally likely.
    """
    import numpy as np

    each = np.column_stack([_at(curve, scores[:, place]) for place, curve in enumerate(calibration.curves)])
    if each.shape[1] == 1:
        return np.column_stack([1.0 - each[:, 0], each[:, 0]])
    total = each.sum(axis=1, keepdims=True)
    equal = np.full_like(each, 1 / each.shape[1])
    shares: Matrix = np.divide(each, total, out=equal, where=total > 0)
    return shares


def _at(curve: Curve, scores: Any) -> Any:
    import numpy as np

    if isinstance(curve, SigmoidCurve):
        with np.errstate(over="ignore"):
            return 1.0 / (1.0 + np.exp(curve.slope * scores + curve.intercept))
    return np.interp(scores, np.asarray(curve.thresholds), np.asarray(curve.values))
