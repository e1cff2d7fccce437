"""Split a model into the preparation of its features and what predicts from them.

Each prepared column comes from one feature (its number, whether it was missing, one of its categories), so that rows
may be mixed after they are prepared, once, as well as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import Schema

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedModel:
    """A model in two parts. `prepare`: None where it takes features as they are; `features`: the feature that each
    prepared column comes from."""

    prepare: Any
    predictor: Any
    features: tuple[int, ...]

    def prepared(self, matrix: Matrix) -> Matrix:
        """Return rows as the predictor takes them."""
        import numpy as np

        if self.prepare is None:
            return matrix
        return np.asarray(self.prepare.transform(matrix), dtype=np.float64)

    def columns_of(self, features: list[int]) -> list[int]:
        """Return the prepared columns of some features."""
        wanted = set(features)
        return [place for place, feature in enumerate(self.features) if feature in wanted]


def prepared_model(estimator: Any, schema: Schema) -> PreparedModel:
    """Return an estimator of `training.estimator_pipeline` in two parts, of any other all as the predictor.

    A feature that has several columns stands at the place of its first one.
    """
    own = tuple(range(len(schema.columns)))
    first = {place: places[0] for _, places in schema.features() for place in places}
    steps: Any = getattr(estimator, "steps", ())
    if len(steps) == 2 and steps[0][0] == "prepare":
        features = _features_of(steps[0][1])
        if features is not None:
            return PreparedModel(
                prepare=steps[0][1], predictor=steps[1][1], features=tuple(first[each] for each in features)
            )
    return PreparedModel(prepare=None, predictor=estimator, features=tuple(first[each] for each in own))


def _features_of(prepare: Any) -> list[int] | None:
    """Return the feature that each prepared column comes from."""
    features: list[int] = []
    for name, steps, columns in getattr(prepare, "transformers_", ()):
        if name not in ("numbers", "categories"):
            return None
        parts = dict(steps.steps)
        if name == "numbers":
            features += columns
            indicator = getattr(parts["impute"], "indicator_", None)
            features += [columns[place] for place in indicator.features_] if indicator is not None else []
        elif (one_hot := parts.get("one-hot")) is not None:
            for column, categories in zip(columns, one_hot.categories_, strict=True):
                features += [column] * len(categories)
        else:
            features += columns
    return features
