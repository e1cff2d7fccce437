"""A model that can predict: the result of loading, and the thing that training evaluates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import BlendWeights
from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.prediction.output_rules import NO_RULES, OutputRules
from reconciler.core.quality.reference import TrainingReference
from reconciler.errors import ReconcilerError, ScoringError
from reconciler.model_file.outputs.calibrated import calibrated, scores_of
from reconciler.model_file.outputs.decided import decided

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

VOTING = "sklearn.ensemble._voting"
"""The module of what blends are: scikit-learn's average of estimators."""
_BY_ROW = ("sklearn.ensemble.", "sklearn.tree.", "reconciler.model_file.boosters.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A fitted estimator and the schema that names its columns and classes. `reference`: how its training rows were
    distributed; None where the artifact does not say, and of a model that is not an artifact yet. `rules`: how what the
    estimator says becomes probabilities and a class. `blend`: how the members of a blend were weighed, right after they
    were; None of one that is loaded, whose evaluation tells it."""

    estimator: Any
    schema: Schema
    reference: TrainingReference | None = None
    rules: OutputRules = NO_RULES
    blend: BlendWeights | None = None

    @property
    def by_row(self) -> bool:
        """Tell whether the outputs of a row are the same, to the last bit, whatever rows stand beside it: of trees."""
        return _is_by_row(self.estimator)

    def outputs(self, matrix: Matrix) -> Matrix:
        """Predict for each row of `matrix`.

        Classification: (rows, classes) probabilities in declared order, calibrated where the recipe says so.
        Regression: (rows, 1) values. Raises ScoringError E511 where the estimator raises: it predicted its probe rows,
        and an attribute that no training writes can still fail at others.
        """
        try:
            return self._outputs(matrix)
        except (ReconcilerError, MemoryError):
            raise
        except Exception as error:
            raise ScoringError(
                f"the model cannot predict these rows ({type(error).__name__})",
                code="E511",
                hint="install the runtime that the model's environment declared when the model was trained; if that "
                "fails too, find out who wrote the artifact",
            ) from error

    def _outputs(self, matrix: Matrix) -> Matrix:
        import numpy as np

        if not self.schema.classes:
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1, 1)
        calibration = self.rules.calibration
        if calibration is None:
            trained = np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        else:
            trained = calibrated(calibration, scores_of(self.estimator, matrix, calibration.of))
        # The estimator does not know a class that no training row had; its probability is 0.
        probabilities = np.zeros((len(matrix), len(self.schema.classes)))
        probabilities[:, np.asarray(self.estimator.classes_, dtype=np.int64)] = trained
        return probabilities

    def decided(self, probabilities: Matrix, possible: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
        """Return the class of each row that is decided on by its probabilities, as a place in the declared classes.

        `possible`: which classes a row may have (rows, classes), where not all of them.
        """
        return decided(self.rules.decision, probabilities, possible)


def _is_by_row(estimator: Any) -> bool:
    if type(estimator).__module__ == VOTING:
        return all(map(_is_by_row, estimator.estimators_))
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if steps else estimator
    return type(last).__module__.startswith(_BY_ROW)
