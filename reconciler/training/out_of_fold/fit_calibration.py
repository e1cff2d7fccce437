"""Fit the curves of a calibration by scikit-learn, and keep them as plain numbers.

Source: `CalibratedClassifierCV(ensemble=False)`: one curve per class against the rest, on out-of-fold scores (Platt,
"Probabilistic outputs for support vector machines", 1999; Zadrozny and Elkan, KDD 2002).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.output_rules import Curve, IsotonicCurve, SigmoidCurve
from reconciler.core.spec.decisions.declared import CalibrationMethod

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


def fit_curves(method: CalibrationMethod, scores: Matrix, labels: Any, weights: Any | None) -> tuple[Curve, ...]:
    """Return the curve of each class that occurs in `labels`, ascending; of two classes one, of the second.

    `scores`: as `model_file.outputs.calibrated.scores_of` gives them for these classes.
    """
    import numpy as np

    classes = np.unique(labels)
    of = [classes[1]] if len(classes) == 2 else classes
    return tuple(
        _curve(method, scores[:, place], (labels == label).astype(np.int64), weights) for place, label in enumerate(of)
    )


def _curve(method: CalibrationMethod, scores: Any, is_class: Any, weights: Any | None) -> Curve:
    if method is CalibrationMethod.SIGMOID:
        return _sigmoid(scores, is_class, weights)
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0).fit(scores, is_class, weights)
    thresholds = tuple(float(threshold) for threshold in fitted.X_thresholds_)
    return IsotonicCurve(thresholds=thresholds, values=tuple(float(value) for value in fitted.y_thresholds_))


def _sigmoid(scores: Any, is_class: Any, weights: Any | None) -> SigmoidCurve:
    """Fit Platt's sigmoid by scikit-learn's calibrator, of a classifier that hands the scores on as they are."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from reconciler.training.out_of_fold.given_scores import GivenScores

    frozen = FrozenEstimator(GivenScores().fit(scores[:, None], is_class))
    calibrator = CalibratedClassifierCV(frozen, method="sigmoid", ensemble=False, cv=_everything(len(scores)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the frozen classifier takes no weights: it is not fitted
        calibrator.fit(scores[:, None], is_class, weights)
    fitted = calibrator.calibrated_classifiers_[0].calibrators[0]
    return SigmoidCurve(slope=float(fitted.a_), intercept=float(fitted.b_))


def _everything(rows: int) -> Any:
    """Return the one split that judges all rows: the classifier is frozen, so nothing is fitted on any."""
    import numpy as np

    return [(np.arange(rows), np.arange(rows))]
