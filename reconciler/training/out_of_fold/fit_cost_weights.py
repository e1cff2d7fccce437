"""Fit the weight of each class, so that what is decided on by expected costs really costs least on out-of-fold rows.

An expected cost is right where the probabilities are. Those of a model that is not calibrated are corrected by one
factor per class, searched on a grid that gets finer; where that gains no more than chance would, all stay 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.output_rules import ClassDecision
from reconciler.model_file.outputs.decided import decided

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

Costs = tuple[tuple[float, ...], ...]

MOST_ROWS = 50_000
"""Rows that weights are fitted on: every second, third, ... of more."""
_ROUNDS = 4
_GRIDS = ((0.5, 16), (0.125, 3))  # (step of the logarithm to base 2, steps to each side of the best so far)


def fit_cost_weights(costs: Costs, probabilities: Matrix, labels: Any, weights: Any | None) -> tuple[float, ...]:
    """Return the weight of each class, the largest being 1, that the decisions by `costs` cost least with.

    `labels`: the class of each row; `weights`: of the rows, None where all count alike.
    """
    import numpy as np

    step = -(-len(labels) // MOST_ROWS)
    probabilities, labels = probabilities[::step], labels[::step]
    counted = np.ones(len(labels)) if weights is None else weights[::step]
    plain = (1.0,) * int(probabilities.shape[1])
    spent = _spent(costs, plain, probabilities, labels) * counted
    best: tuple[float, ...] = plain
    least = float(spent.mean())
    for _ in range(_ROUNDS):
        before = least
        for label in map(int, np.flatnonzero(np.bincount(labels, minlength=len(plain)))):
            for size, reach in _GRIDS:
                centre = best
                for away in range(-reach, reach + 1):
                    factor = 2.0 ** (size * away)
                    tried: tuple[float, ...] = (*centre[:label], centre[label] * factor, *centre[label + 1 :])
                    cost = float((_spent(costs, tried, probabilities, labels) * counted).mean())
                    if cost < least:
                        best, least = tried, cost
        if least >= before:
            break
    gained = spent - _spent(costs, best, probabilities, labels) * counted
    if gained.mean() <= 2 * gained.std() / np.sqrt(len(gained)):
        return plain
    largest: float = max(best)
    return tuple(weight / largest for weight in best)


def mean_cost(
    costs: Costs, weights: tuple[float, ...], probabilities: Matrix, labels: Any, counted: Any | None = None
) -> float:
    """Return what the decisions by `costs` and `weights` cost, per row. `counted`: how much each row counts."""
    import numpy as np

    return float(np.average(_spent(costs, weights, probabilities, labels), weights=counted))


def _spent(costs: Costs, weights: tuple[float, ...], probabilities: Matrix, labels: Any) -> Any:
    """Return what the decision on each row costs."""
    import numpy as np

    chosen = decided(ClassDecision(weights=weights, costs=costs), probabilities)
    return np.asarray(costs)[labels, chosen]
