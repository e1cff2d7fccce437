"""Fit how much each member of a blend counts: the weights by which their out-of-fold predictions are best on average.

Weights are whole parts of PARTS. From the best member alone, and from all alike, weight moves from one member to
another, as much as is best, for as long as that makes the loss less by more than rounding could. The loss is convex in
the weights, so that leads to its least value, up to the width of a part. Nothing is drawn, and no library's optimiser
is asked, whose last bits and whose end differ by machine and version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import BlendWeights
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.spec.recipe import BLEND, Blend, Estimator, Recipe
from reconciler.training.out_of_fold.predictions import TrainingRows, predict_out_of_fold

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

PARTS = 20
_LEAST_GAIN = 1e-9  # of the loss: more than the last bits of its sum can differ by
_LEAST = 1e-15  # a probability of 0 has no logarithm

Loss = Callable[[Any], float]
"""Of blended values of rows: the probability of the class that is true, or the number predicted."""


def fit_blend(training: TrainingRows, blend: Blend) -> BlendWeights:
    """Return the weights of a recipe's blend. Raises TrainingError where a member cannot be fitted, or no fold made."""
    import numpy as np

    recipe, classifies = training.recipe, bool(training.schema.classes)
    found = [
        predict_out_of_fold(
            replace(training, recipe=replace(recipe, estimator=member)),
            folds=blend.folds,
            say=_probabilities if classifies else _numbers,
            what=BLEND,
        )
        for _, member in blend.members
    ]
    rows = found[0].rows  # the same of all: folds do not depend on the estimator
    actual = training.targets[rows]
    counted = training.weights[rows] if training.weights is not None else None
    if classifies:
        places = np.searchsorted(np.unique(training.targets), actual)
        values = [each.said[np.arange(len(rows)), places] for each in found]
    else:
        values = [each.said[:, 0] for each in found]
    metric, loss = _loss_of(recipe, actual, counted)
    parts = fit_parts(values, loss)
    names = [name for name, _ in blend.members]
    return BlendWeights(
        weights=tuple((name, part / PARTS) for name, part in zip(names, parts, strict=True)),
        metric=metric,
        losses=tuple((name, _told(metric, loss(value))) for name, value in zip(names, values, strict=True)),
        loss=_told(metric, loss(_blended(values, parts))),
        rows=len(rows),
        folds=found[0].folds,
        left_out=found[0].left_out,
    )


def fit_parts(values: list[Any], loss: Loss) -> tuple[int, ...]:
    """Return how many of PARTS each member gets. `values`: what each says of the rows."""
    alone = [tuple(PARTS * (place == other) for other in range(len(values))) for place in range(len(values))]
    best_alone = min(alone, key=lambda parts: loss(_blended(values, parts)))
    share, more = divmod(PARTS, len(values))
    alike = tuple(share + (place < more) for place in range(len(values)))
    ends = [_descended(values, start, loss) for start in (best_alone, alike)]
    return ends[1][1] if _is_less(ends[1][0], ends[0][0]) else ends[0][1]


def _descended(values: list[Any], parts: tuple[int, ...], loss: Loss) -> tuple[float, tuple[int, ...]]:
    best = loss(_blended(values, parts))
    while True:
        found, taken = best, parts
        for moved in _moves(parts):
            if _is_less(reached := loss(_blended(values, moved)), found):
                found, taken = reached, moved
        if taken == parts:
            return best, parts
        best, parts = found, taken


def _moves(parts: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the weights after each move of some parts from one member to another."""
    return [
        tuple(part + size * ((place == to) - (place == of)) for place, part in enumerate(parts))
        for of in range(len(parts))
        for to in range(len(parts))
        if of != to
        for size in range(1, parts[of] + 1)
    ]


def _is_less(loss: float, than: float) -> bool:
    return loss < than - _LEAST_GAIN * abs(than)


def _blended(values: list[Any], parts: tuple[int, ...]) -> Any:
    """Return the average, member by member: a product of matrices may add up in another order elsewhere."""
    total: Any = 0.0
    for value, part in zip(values, parts, strict=True):
        if part:
            total = total + value * (part / PARTS)
    return total


def _loss_of(recipe: Recipe, actual: Any, counted: Any | None) -> tuple[str, Loss]:
    """Return the name of what is made least, and how it is measured."""
    import numpy as np

    def mean(losses: Any) -> float:
        return float(np.average(losses, weights=counted))

    if recipe.class_names:
        return "log_loss", lambda chance: mean(-np.log(np.maximum(chance, _LEAST)))
    if (quantile := quantile_of(recipe.estimator)) is not None:
        return "pinball", lambda value: mean(np.maximum(quantile * (actual - value), (quantile - 1) * (actual - value)))
    if all(map(_is_absolute, (member for _, member in recipe.estimator.members))):
        return "mae", lambda value: mean(np.abs(actual - value))
    return "rmse", lambda value: mean((actual - value) ** 2)


def _is_absolute(estimator: Estimator) -> bool:
    params = dict(estimator.params)
    return "absolute_error" in (params.get("loss"), params.get("criterion"))


def _told(metric: str, loss: float) -> float:
    return float(loss**0.5) if metric == "rmse" else loss


def _probabilities(estimator: Any, rows: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(estimator.predict_proba(rows), dtype=np.float64)


def _numbers(estimator: Any, rows: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(estimator.predict(rows), dtype=np.float64).reshape(-1, 1)
