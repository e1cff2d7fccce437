"""Predict from boosted trees whose library gives raw scores: what scikit-learn's estimators offer, by plain formulas.

The libraries only add up their trees. What becomes of the sum (a probability, a power) is computed here, in double
precision, so that the two libraries differ in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import ScoringError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix


class NotOfThisFormError(ValueError):
    """Bytes are no model of a library, as far as they were read."""


EXTRAS = {"lightgbm": "LightGBM", "xgboost": "XGBoost"}
OPENMP = "install the OpenMP runtime (apt-get install libgomp1, or dnf install libgomp)"
"""The extras that bring a library of boosted trees, and its name. The extra is named as the module is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoosterFile:
    """The file that a model was loaded from: the name of its form, and its bytes."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedClassifier:
    """A classifier. `raw`: one score per class of each row, of two classes only the second's; `classes_`: the places of
    its classes among the declared ones; `slope`: of the logistic function of two classes; `file`: as it is stored."""

    raw: Callable[[Matrix], Matrix]
    file: BoosterFile
    classes_: NDArray[np.int64]
    slope: float = 1.0

    def decision_function(self, matrix: Matrix) -> Matrix:
        """Return the log-odds of the second of two classes (rows), or one score per class (rows, classes)."""
        scores = self.raw(matrix)
        return scores[:, 0] * self.slope if len(self.classes_) == 2 else scores

    def predict_proba(self, matrix: Matrix) -> Matrix:
        """Return the probability of each class (rows, classes)."""
        import numpy as np

        scores = self.decision_function(matrix)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros(len(scores)), scores])
        powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        shares: Matrix = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def predict(self, matrix: Matrix) -> NDArray[np.int64]:
        """Return the most probable class of each row."""
        places: NDArray[np.int64] = self.classes_[self.predict_proba(matrix).argmax(axis=1)]
        return places


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedRegressor:
    """A model of a number. `link`: what its sum is of the number: itself, its logarithm, or its signed root."""

    raw: Callable[[Matrix], Matrix]
    file: BoosterFile
    link: str = "identity"

    def predict(self, matrix: Matrix) -> Matrix:
        """Return the value of each row."""
        import numpy as np

        scores = self.raw(matrix)[:, 0]
        match self.link:
            case "log":
                values: Matrix = np.exp(scores)
            case "root":
                values = np.sign(scores) * scores * scores
            case _:
                values = scores
        return values


BoostedModel = BoostedClassifier | BoostedRegressor


def without_library(extra: str, error: ImportError | OSError) -> ScoringError:
    """Return the error for a model whose library is not installed or cannot be loaded by the system; raise `error`
    again where it is another one."""
    if isinstance(error, OSError):  # of the library's own binary: its wheel leaves the OpenMP runtime to the system
        return ScoringError(
            f"the model needs {EXTRAS[extra]}, which is installed and cannot be loaded: {str(error)[:200]}",
            code="E610",
            hint=f"{OPENMP}; then run the same command again",
        )
    if (error.name or "").partition(".")[0] != extra:
        raise error
    return ScoringError(
        f"the model needs {EXTRAS[extra]}, which is not installed here",
        code="E610",
        hint=f"pip install 'model-reconciler[{extra}]'",
    )


def classes_text(classes: Iterable[int]) -> str:
    """Return the places of a model's classes as its file writes them."""
    return " ".join(str(int(place)) for place in classes)
