"""Weigh training rows by how long ago they happened."""

from __future__ import annotations

from typing import Any

from reconciler.core.spec.recipe import Recipe
from reconciler.errors import TrainingError

_DAY = 86_400


def row_weights(recipe: Recipe, days: Any | None) -> Any | None:
    """Return the weight of each training row, 1 on average; None where all weigh alike.

    `days`: a pyarrow table with the column `weighed_by`, in the order of the rows. A row half a life older than another
    weighs half as much. Raises TrainingError where a row has no day.
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
    return weights / weights.mean()
