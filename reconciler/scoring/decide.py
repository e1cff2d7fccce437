"""Decide on a class by what a model gives for each row, and by which classes the row may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model_file.loaded_model import LoadedModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

CERTAIN = 0.5


def decide(
    model: LoadedModel, outputs: Matrix, may_be: NDArray[np.bool_] | None
) -> tuple[Matrix, NDArray[np.intp], NDArray[np.bool_]]:
    """Return the probability of each class (of a number the value), the place of the predicted class, and whether that
    is uncertain. `may_be`: which classes each row may have; None: all."""
    import numpy as np

    rows = len(outputs)
    if not model.schema.classes or not rows:
        return outputs, np.zeros(rows, dtype=np.intp), np.zeros(rows, dtype=bool)
    if may_be is None:
        may_be = np.ones(outputs.shape, dtype=bool)
    values, any_possible = renormalised(outputs, may_be)
    best = model.decided(values, may_be | ~any_possible[:, None])
    return values, best, (values[np.arange(rows), best] < CERTAIN) | ~any_possible


def renormalised(probabilities: Matrix, may_be: NDArray[np.bool_]) -> tuple[Matrix, NDArray[np.bool_]]:
    """Set impossible classes to probability 0 and renormalise each row.

    Returns the probabilities and, per row, whether any class was possible; where none was, the row is unchanged.
    """
    import numpy as np

    masked = np.where(may_be, probabilities, 0.0)
    total = masked.sum(axis=1, keepdims=True)
    any_possible = total[:, 0] > 0
    shares = np.divide(masked, total, where=total > 0, out=np.zeros_like(masked))
    return np.where(any_possible[:, None], shares, probabilities), any_possible
