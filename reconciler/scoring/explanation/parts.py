"""Split a forest into groups of trees, whose scores add up to the forest's: each is then seen in orders of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.prediction_explanation import ExplanationScale
from reconciler.scoring.explanation.scale import ModelScale

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

Scores = Callable[["Matrix"], "Matrix"]

_MOST = 16
_FEWEST_TREES = 4  # of a group


def parts_of(scale: ModelScale) -> list[Scores]:
    """Return functions of prepared rows whose sum is their scores; one, of what is no forest of many trees."""
    predictor = scale.prepared.predictor
    is_forest = type(predictor).__name__.startswith(("RandomForest", "ExtraTrees"))
    if not is_forest or scale.kind not in (ExplanationScale.VALUE, ExplanationScale.PROBABILITY):
        return [scale.of_prepared]
    trees = [each.tree_ for each in predictor.estimators_]
    groups = max(1, min(_MOST, len(trees) // _FEWEST_TREES))
    return [_group(scale, trees[place::groups], len(trees)) for place in range(groups)]


def _group(scale: ModelScale, trees: list[Any], of: int) -> Scores:
    def scores(rows: Matrix) -> Matrix:
        import numpy as np

        cells = np.ascontiguousarray(rows, dtype=np.float32)
        total = sum(tree.predict(cells) for tree in trees)
        return scale.of_raw(np.asarray(total, dtype=np.float64).reshape(len(rows), -1) / of)

    return scores
