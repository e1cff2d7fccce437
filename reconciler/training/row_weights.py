"""Weigh training rows by how long ago they happened."""

from __future__ import annotations

from typing import Any

from reconciler.core.duration import exact
from reconciler.core.spec.recipe import Recipe
from reconciler.errors import TrainingError

_DAY = 86_400
FEWEST = 10.0
"""Rows of equal weight that the training rows must be worth."""


def row_weights(recipe: Recipe, days: Any | None) -> Any | None:
    """Return the weight of each training row, 1 on average; None where all weigh alike.

    `days`: a pyarrow table with the column `weighed_by`, in the order of the rows. A row half a life older than another
    weighs half as much. Raises TrainingError where a row has no day, or hardly any row weighs anything.
    """
    import numpy as np

    if recipe.weights is None or days is None:
        return None
    dated = np.asarray(days.column("weighed_by").to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    missing = int(np.isnat(dated).sum())
    recency = recipe.weights.recency
    if missing:
        raise TrainingError(
            f"weights.recency: {recency.by} is missing in {missing:,} training row{'s' * (missing != 1)}",
            hint="leave these rows out with `data.where`, or weigh by another date",
        )
    ages = (dated.max() - dated).astype(np.float64)
    weights = 0.5 ** (ages * _DAY / recency.half_life)
    counted = float(weights.sum() ** 2 / (weights**2).sum())
    if counted < min(FEWEST, len(weights)):
        raise TrainingError(
            f"weights.recency: with a half-life of {exact(recency.half_life)}, {len(weights):,} training rows "
            f"weigh as much as {counted:,.1f} that weigh alike",
            hint="write a longer `halfLife`: the newest rows alone make no model",
        )
    return weights / weights.mean()
