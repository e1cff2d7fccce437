"""A model that can be asked: what loading gives, and what training measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import Schema

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A fitted estimator and the schema that says what its columns and labels mean."""

    estimator: Any
    schema: Schema

    def outputs(self, matrix: Matrix) -> Matrix:
        """Classification: (rows, classes) probabilities in declared order. Regression: (rows, 1)."""
        import numpy as np

        if not self.schema.classes:
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
        found = np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        # A class that no training row had is none of the estimator's; its probability is 0.
        full = np.zeros((len(matrix), len(self.schema.classes)))
        full[:, np.asarray(self.estimator.classes_, dtype=np.int64)] = found
        return full
