"""Rank features by permutation importance on the holdout.

Source: Breiman, "Random Forests", Machine Learning 45 (2001); scikit-learn's `permutation_importance`.

Cheap on purpose: at most 500 rows, two shuffles a feature, one call to the model for several features at once. Seeded
by a constant, so that it is a function of model and holdout.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from reconciler.core.artifact.evaluation import Influence
from reconciler.evaluation.metrics import confusion_of, numbers_of, rates_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix
    from reconciler.model_file.loaded_model import LoadedModel
    from reconciler.model_file.rows.encoded_rows import EncodedRows

ROWS = 500
SHUFFLES = 2
_AT_ONCE = 50_000  # rows in one call
_CELLS_AT_ONCE = 5_000_000  # cells in one call: a table of many columns takes no more memory than one of few


def influences_of(
    model: LoadedModel, matrix: Matrix | EncodedRows, actual: NDArray[np.int64] | Matrix
) -> tuple[Influence, ...]:
    """Return the mean drop of F1 macro (regression: R2) per feature, largest first; ties in the schema's order."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(7))
    if len(matrix) > ROWS:
        chosen = np.sort(random.choice(len(matrix), ROWS, replace=False))
        matrix, actual = matrix[chosen], actual[chosen]
    matrix = np.asarray(matrix)
    baseline = _scores(model, matrix, actual, 1)[0]
    rows, columns = matrix.shape
    features = model.schema.features()
    shuffles = [random.permutation(rows) for _ in range(SHUFFLES)]
    step = max(1, min(_AT_ONCE, _CELLS_AT_ONCE // max(1, columns)) // (rows * SHUFFLES))
    drops: list[float] = []
    for start in range(0, len(features), step):
        block = [places for _, places in features[start : start + step]]
        stacked = np.tile(matrix, (len(block) * SHUFFLES, 1))
        for position, (places, shuffle) in enumerate(itertools.product(block, shuffles)):
            for place in places:
                stacked[position * rows : (position + 1) * rows, place] = matrix[shuffle, place]
        truth = np.concatenate([actual] * (len(block) * SHUFFLES))
        scores = _scores(model, stacked, truth, len(block) * SHUFFLES)
        drops += (baseline - scores.reshape(len(block), SHUFFLES)).mean(axis=1).tolist()
    influences = [Influence(feature=name, drop=drop) for (name, _), drop in zip(features, drops, strict=True)]
    return tuple(sorted(influences, key=lambda influence: -influence.drop))


def _scores(model: LoadedModel, matrix: Matrix, actual: NDArray[np.int64] | Matrix, parts: int) -> Matrix:
    """Compute the headline metric of each of `parts` equal blocks of rows."""
    import numpy as np

    outputs = model.outputs(matrix)
    classes = len(model.schema.classes)
    if not classes:
        values = zip(np.split(outputs[:, 0], parts), np.split(actual.astype(np.float64), parts), strict=True)
        return np.array([numbers_of(predicted, truth)["r2"] for predicted, truth in values])
    predicted = model.decided(outputs)
    blocks = zip(np.split(predicted, parts), np.split(actual.astype(np.int64), parts), strict=True)
    matrices = np.stack([confusion_of(truth, labels, classes) for labels, truth in blocks]).astype(np.float64)
    return rates_of(matrices)["f1_macro"]
