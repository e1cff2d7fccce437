"""Draw the background rows that predictions are explained against, from the reference that an artifact carries.

A function of the artifact alone: the same rows in every environment, and none of them is a row of the training. Each
feature has the values of 100 equal shares of its training rows, as the reference tells them; which values stand in one
row is chosen by a fixed seed. So each feature is distributed as it was in training, and features are independent of
each other. Row 99 - i has, feature by feature, the value that lies as far from the other end as that of row i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, SchemaColumn
from reconciler.core.quality.reference import FeatureReference, TrainingReference

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix
    from reconciler.model_file.loaded_model import LoadedModel

ROWS = 100
SEED = 20_240_101


def background_of(model: LoadedModel, reference: TrainingReference) -> Matrix:
    """Return the background rows of a model, encoded as it sees them."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(SEED))
    rows = np.empty((ROWS, len(model.schema.columns)))
    for index, (column, feature) in enumerate(zip(model.schema.columns, reference.features, strict=True)):
        values = _values(column, feature)
        half = random.permutation(ROWS // 2)
        low = random.random(ROWS // 2) < 0.5
        places = np.where(low, half, ROWS - 1 - half)
        rows[: ROWS // 2, index] = values[places]
        rows[ROWS // 2 :, index] = values[ROWS - 1 - places][::-1]
    return rows


def _values(column: SchemaColumn, feature: FeatureReference) -> Any:
    """Return the values of 100 equal shares of the training rows, in the order of the reference's cells."""
    import numpy as np

    cells = _cells(column, feature)
    counts = np.asarray([count for _, _, count in cells], dtype=np.float64)
    if not counts.sum():
        return np.full(ROWS, np.nan)
    ends = np.cumsum(counts) / counts.sum()
    shares = (np.arange(ROWS) + 0.5) / ROWS
    places = np.minimum(np.searchsorted(ends, shares, side="right"), len(cells) - 1)
    begins, widths = ends - counts / counts.sum(), counts / counts.sum()
    low = np.asarray([low for low, _, _ in cells])[places]
    high = np.asarray([high for _, high, _ in cells])[places]
    within = (shares - begins[places]) / widths[places]
    # Not low + within * (high - low), which may be more than a number can hold.
    values = low * (1 - within) + high * within
    return values if column.type in ColumnType.NUMBERS else np.rint(values)


def _cells(column: SchemaColumn, feature: FeatureReference) -> list[tuple[float, float, int]]:
    """Return stretches of values with their training rows; those that no row had are left out."""
    nan = float("nan")
    match column.type:
        case kind if kind in ColumnType.NUMBERS:
            pairs = zip(feature.edges, feature.edges[1:], feature.counts, strict=False)
            cells = [(low, high, count) for low, high, count in pairs]
        case ColumnType.BOOLEAN:
            cells = [(value, value, count) for value, count in zip((0.0, 1.0), feature.counts, strict=True)]
        case _:
            cells = _categories(column, feature)
    return [cell for cell in (*cells, (nan, nan, feature.missing)) if cell[2]]


def _categories(column: SchemaColumn, feature: FeatureReference) -> list[tuple[float, float, int]]:
    *own, others, rare = feature.counts
    cells = [(float(code), float(code), count) for code, count in zip(feature.codes, own, strict=True)]
    left = sorted(set(range(len(column.categories))) - set(feature.codes))
    if left:
        # The reference counts them together: each gets an equal part.
        part, more = divmod(others, len(left))
        cells += [(float(code), float(code), part + (place < more)) for place, code in enumerate(left)]
    return [*cells, (float(len(column.categories)), float(len(column.categories)), rare)]
