"""What an artifact promised on its holdout, as a loss per row between 0 and 1, so that live rows can be held to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation import quantiles
from reconciler.core.spec.recipe import Recipe, Task

PINBALL = "pinball"
_WIDE = 2.0  # a regression's loss is 1 from this many RMSE of the holdout on
_WIDE_PINBALL = 4.0  # and from this many times its mean pinball loss on


class LossKind(StrEnum):
    """How wrong one prediction is: whether it is wrong, how far off it is, or by how much a quantile is off."""

    WRONG = "wrong"
    ABSOLUTE = "absolute"
    PINBALL = "pinball"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The promise of a holdout of `rows` rows: `figure` (a metric's name) was `value`.

    A row's loss is 1 where its class is wrong; of a number, its error in parts of `cap`, at most 1. `quantile`: of the
    pinball loss. `loss`: the mean loss of a row on the holdout; that of capped errors is at most this.
    """

    figure: str
    value: float
    rows: int
    kind: LossKind
    cap: float = 1.0
    quantile: float | None = None

    @property
    def loss(self) -> float:
        """Return the mean loss per row of the holdout, from 0 to 1."""
        return (1.0 - self.value) if self.kind is LossKind.WRONG else min(1.0, self.value / self.cap)

    @property
    def higher_is_better(self) -> bool:
        """Tell whether the figure grows as predictions get better."""
        return self.kind is LossKind.WRONG

    def figure_of(self, rows: int, error: float) -> float:
        """Return the same figure of live rows with this sum of errors (of wrong rows, their number)."""
        return 1.0 - error / rows if self.kind is LossKind.WRONG else error / rows


def promise_of(evaluation: Evaluation, recipe: Recipe, pinball: float | None = None) -> Promise | str:
    """Return what an artifact promised; a reason where it promised nothing that live rows can be held to.

    `pinball`: the mean pinball loss of its holdout, where it is known besides its own evaluation.
    """
    if evaluation.rows < 1:
        return "its holdout has no rows"
    if recipe.task is Task.CLASSIFICATION:
        accuracy = evaluation.metric("accuracy")
        if accuracy is None or not 0.0 <= accuracy <= 1.0:
            return "its evaluation says no accuracy"
        return Promise(figure="accuracy", value=accuracy, rows=evaluation.rows, kind=LossKind.WRONG)
    quantile = quantile_of(recipe)
    pinball = evaluation.metric(PINBALL) if pinball is None else pinball
    if quantile is not None and pinball is not None and _is_size(pinball):
        cap = max(_WIDE_PINBALL * pinball, _LEAST)
        return Promise(
            figure=PINBALL, value=pinball, rows=evaluation.rows, kind=LossKind.PINBALL, cap=cap, quantile=quantile
        )
    mae, rmse = evaluation.metric("mae"), evaluation.metric("rmse")
    if mae is None or not _is_size(mae):
        return "its evaluation says no mean absolute error"
    wide = rmse if rmse is not None and _is_size(rmse) else mae
    return Promise(
        figure="mae", value=mae, rows=evaluation.rows, kind=LossKind.ABSOLUTE, cap=max(_WIDE * wide, mae, _LEAST)
    )


_LEAST = 1e-9  # a cap of a model without any error


def _is_size(value: float) -> bool:
    return math.isfinite(value) and value >= 0.0


def quantile_of(recipe: Recipe) -> float | None:
    """Return the quantile that a recipe's estimator predicts; None where it predicts a mean or another middle."""
    if recipe.estimator.uses != "sklearn":
        return quantiles.quantile_of(recipe.estimator)
    params = dict(recipe.estimator.params)
    if params.get("loss") != "quantile" and recipe.estimator.class_name != "QuantileRegressor":
        return None
    for name in ("quantile", "alpha"):
        value = params.get(name)
        if isinstance(value, float) and 0.0 < value < 1.0:
            return value
    return None
