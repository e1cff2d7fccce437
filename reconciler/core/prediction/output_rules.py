"""How what an estimator says becomes probabilities and a class: plain numbers, fitted in training, kept in an artifact.

Calibration first: one curve per class, one against the rest, and then each row's probabilities are divided by their
sum (of two classes one curve, of the second). Then the decision: each probability times the weight of its class; the
largest is the class, or the one whose expected cost is least. Of equals the class that was declared first.
"""

from __future__ import annotations

from dataclasses import dataclass

DECISION_FUNCTION, PROBABILITIES = "decision_function", "predict_proba"
"""What of an estimator is calibrated: scikit-learn's names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigmoidCurve:
    """1 / (1 + exp(slope * score + intercept))."""

    slope: float
    intercept: float
    uses: str = "sigmoid"


@dataclass(frozen=True, slots=True, kw_only=True)
class IsotonicCurve:
    """Straight lines from `values` to `values` at `thresholds`, and what stands at the end beyond it; both ascend."""

    thresholds: tuple[float, ...]
    values: tuple[float, ...]
    uses: str = "isotonic"


Curve = SigmoidCurve | IsotonicCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityCalibration:
    """The curves of the classes that the estimator knows, in its order; of two classes one, of the second.

    `of`: what of the estimator they are curves of. `rows`: training rows, out of `folds` folds, that they were fitted
    on; `left_out`: folds whose training rows lacked a class.
    """

    of: str
    curves: tuple[Curve, ...]
    rows: int
    folds: int
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDecision:
    """The weight of each declared class, and the costs by actual and predicted class (none: the largest wins).

    `metric`: what the weights were fitted for; `plain`, `decided`: its value on the training rows that they were fitted
    on, out of fold, without and with them. None where nothing was fitted.
    """

    weights: tuple[float, ...]
    costs: tuple[tuple[float, ...], ...] = ()
    metric: str | None = None
    plain: float | None = None
    decided: float | None = None
    rows: int = 0
    folds: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRules:
    """What follows an estimator in an artifact."""

    calibration: ProbabilityCalibration | None = None
    decision: ClassDecision | None = None
    format: int = 1


NO_RULES = OutputRules()
"""The most likely class, by what the estimator says."""
