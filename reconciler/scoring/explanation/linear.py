"""Explain linear models exactly: coefficients times the distance of the prepared features from the background's mean.

A feature may become several prepared columns (its number and whether it was missing; one per category): its effect is
the sum of theirs. Whether a model is linear on its scale is not believed by its name: it is tried on the background.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.prediction_explanation import ExplanationScale
from reconciler.scoring.explanation.scale import ModelScale

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_TOLERANCE = 1e-9
_CELLS = 1 << 21  # that are prepared at once


class LinearEffects:
    """The effects of a linear model's features; `coefficients`: (declared classes, prepared columns)."""

    def __init__(self, scale: ModelScale, coefficients: Matrix, background: Matrix) -> None:
        self._prepared, self._coefficients = scale.prepared, coefficients
        self._mean = self._prepared.prepared(background).mean(axis=0)

    def of(self, matrix: Matrix, wanted: Any) -> Matrix:
        """Return the effect of each feature (rows, features) on the score of each row's `wanted` class."""
        import numpy as np

        effects = np.zeros(matrix.shape)
        at_once = max(1, _CELLS // max(1, len(self._mean)))
        for begin in range(0, len(matrix), at_once):
            part = slice(begin, begin + at_once)
            far = self._prepared.prepared(matrix[part]) - self._mean
            products = far * self._coefficients[wanted[part]]
            for column, feature in enumerate(self._prepared.features):
                effects[part, feature] += products[:, column]
        return effects


def linear_effects(scale: ModelScale, background: Matrix) -> LinearEffects | None:
    """Return the effects of a model that is linear on its scale, None of any other."""
    import numpy as np

    weights = getattr(scale.prepared.predictor, "coef_", None)
    if weights is None or scale.kind is ExplanationScale.PROBABILITY:
        return None
    raw = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    if raw.shape[1] != len(scale.prepared.features) or len(raw) not in (1, len(scale.trained)):
        return None
    effects = LinearEffects(scale, scale.of_raw(raw.T).T, background)
    scores = scale.scores(background)
    for label in range(scores.shape[1]):
        told = effects.of(background, np.full(len(background), label)).sum(axis=1)
        far = scores[:, label] - scores[:, label].mean()
        if not np.allclose(told, far, rtol=_TOLERANCE, atol=_TOLERANCE * max(1.0, float(np.abs(far).max()))):
            return None
    return effects
