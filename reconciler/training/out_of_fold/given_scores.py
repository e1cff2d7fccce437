"""A classifier whose decision function is its one column: scores that were computed before, for scikit-learn's
calibrator to take."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class GivenScores(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of two classes that hands on the scores it is given."""

    def fit(self, scores: Any, labels: Any) -> GivenScores:
        """Learn the names of the two classes."""
        self.classes_ = np.unique(labels)
        self.n_features_in_ = scores.shape[1]
        return self

    def decision_function(self, scores: Any) -> Any:
        """Return the scores."""
        return scores[:, 0]

    def predict(self, scores: Any) -> Any:
        """Return the second class of positive scores."""
        return self.classes_[(scores[:, 0] > 0).astype(int)]
