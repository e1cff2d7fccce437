"""A model that can predict: the result of loading, and the thing that training evaluates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.quality.reference import TrainingReference

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A fitted estimator and the schema that names its columns and classes. `reference`: how its training rows were
    distributed; None where the artifact does not say, and of a model that is not an artifact yet."""

    estimator: Any
    schema: Schema
    reference: TrainingReference | None = None

    def outputs(self, matrix: Matrix) -> Matrix:
        """Predict for each row of `matrix`.

        Classification: (rows, classes) probabilities in declared order. Regression: (rows, 1) values.
        """
        import numpy as np

        if not self.schema.classes:
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
        trained = np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        # The estimator does not know a class that no training row had; its probability is 0.
        probabilities = np.zeros((len(matrix), len(self.schema.classes)))
        probabilities[:, np.asarray(self.estimator.classes_, dtype=np.int64)] = trained
        return probabilities
