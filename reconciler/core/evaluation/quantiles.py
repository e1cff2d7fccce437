"""The grade of a quantile model: what it removes of the naive quantile's pinball loss, and whether it covers.

Where errors are normal, a model that explains R2 of the variance removes 1 - sqrt(1 - R2) of a loss that is
proportional to the spread, as pinball is: so the bands of R2 give those of the share removed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reconciler.core.artifact.evaluation import QUANTILE, TOO_GOOD_R2, grade_regression
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import Estimator, Recipe

_Z = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileGrade:
    """The grade of a quantile; `interval`: of the coverage (Wilson, 95 %), which must hold the quantile."""

    grade: Grade
    covers: bool
    interval: tuple[float, float]
    too_good: bool


def grade_quantile(removed: float, coverage: float, rows: int, quantile: float) -> QuantileGrade:
    """Return the grade: by the share removed; at most C where the interval of the coverage does not hold the quantile,
    and D where the coverage is off by half of the smaller tail or more."""
    equal_r2 = 1 - (1 - removed) ** 2 if 0 <= removed <= 1 else -1.0 if removed < 0 else 1.0
    grade = grade_regression(equal_r2)
    low, high = _wilson(coverage, rows)
    covers = low <= quantile <= high
    too_good = equal_r2 >= TOO_GOOD_R2
    if not covers:
        far = abs(coverage - quantile) >= min(quantile, 1 - quantile) / 2
        too_good, grade = False, Grade.D if far else min(grade, Grade.C, key=lambda each: each.rank)
    return QuantileGrade(grade=grade, covers=covers, interval=(low, high), too_good=too_good)


def _wilson(share: float, rows: int) -> tuple[float, float]:
    room = _Z * _Z / rows
    middle, half = share + room / 2, _Z * math.sqrt(share * (1 - share) / rows + room / (4 * rows))
    return max(0.0, (middle - half) / (1 + room)), min(1.0, (middle + half) / (1 + room))


# Of other libraries than scikit-learn: the objective of a quantile, the parameter that says which, and its default.
_OF_LIBRARIES = {"lightgbm": ("quantile", "alpha", 0.9), "xgboost": ("reg:quantileerror", "quantile_alpha", 0.5)}


def quantile_of(estimator: Estimator) -> float | None:
    """Return the quantile that an estimator predicts; None where it predicts a mean, and of a blend whose members
    predict different things."""
    if estimator.blend is not None:
        found = {quantile_of(member) for _, member in estimator.members}
        return found.pop() if len(found) == 1 else None
    params = dict(estimator.params)
    if estimator.uses != "sklearn":
        objective, name, usual = _OF_LIBRARIES[estimator.uses]
        given = params.get(name, usual) if params.get("objective") == objective else None
    elif estimator.class_name == "QuantileRegressor":
        given = params.get("quantile", 0.5)
    elif params.get("loss") == "quantile":
        given = params.get("quantile" if estimator.class_name.startswith("Hist") else "alpha", 0.9)
    else:
        return None
    return float(given) if isinstance(given, (int, float)) else None


def kind_of(recipe: Recipe) -> str:
    """Return the task of a recipe; QUANTILE for a regression that predicts a quantile."""
    return QUANTILE if quantile_of(recipe.estimator) is not None else recipe.task.value
