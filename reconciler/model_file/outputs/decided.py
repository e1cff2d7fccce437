"""Decide on a class by the probabilities of all: the most likely by its weight, or the one whose cost is least."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.prediction.output_rules import ClassDecision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix


def decided(
    decision: ClassDecision | None, probabilities: Matrix, possible: NDArray[np.bool_] | None = None
) -> NDArray[np.intp]:
    """Return the class of each row by its probabilities (rows, classes); of equal ones the first.

    `possible`: which classes a row may have, where not all of them; one that it may not have is never decided on.
    """
    import numpy as np

    if not len(probabilities):
        return np.zeros(0, dtype=np.intp)
    if decision is None:
        return np.asarray(probabilities.argmax(axis=1))
    merits = merits_of(decision, probabilities)
    if possible is not None:
        merits = np.where(possible, merits, -np.inf)
    return np.asarray(merits.argmax(axis=1))


def merits_of(decision: ClassDecision, probabilities: Matrix) -> Matrix:
    """Return what speaks for each class: its weighted probability, or less its expected cost."""
    import numpy as np

    weighted: Matrix = probabilities * np.asarray(decision.weights)
    if not decision.costs:
        return weighted
    # One class after the other, in order: a product of matrices may add up in another order where there are more rows.
    merits: Matrix = np.zeros_like(weighted)
    for actual, row in enumerate(decision.costs):
        merits -= weighted[:, actual, None] * np.asarray(row)
    return merits
