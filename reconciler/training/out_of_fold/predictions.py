"""Predict training rows out of fold: each by an estimator that was fitted on other rows.

Folds share the schema of all training rows, as scikit-learn's `cross_val_predict` shares its matrix: which categories
are rare is counted on all of them; what is fitted to outcomes never saw the rows that it is asked about. A fold whose
training rows lack a class that others have is left out: its estimator says something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.recipe import BLEND, Recipe
from reconciler.errors import TrainingError
from reconciler.model_file.rows.encoded_rows import EncodedRows
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import RowFold, RowMoments, split

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRows:
    """The encoded training rows of a recipe. `moments`: where the holdout is in time; `weights`: of the rows, None
    where all weigh alike; `shares`: of a blend the weights of its members, once they are known."""

    recipe: Recipe
    schema: Schema
    matrix: Matrix | EncodedRows
    targets: Any
    keys: Sequence[str]
    moments: RowMoments | None = None
    weights: Any | None = None
    shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFold:
    """What estimators said of rows that they were not fitted on. `rows`: places of these rows, ascending; `folds`: how
    many were used, `left_out`: how many were not."""

    said: Matrix
    rows: Any
    folds: int
    left_out: int


def predict_out_of_fold(
    training: TrainingRows, *, folds: int, say: Callable[[Any, Matrix], Matrix], what: str
) -> OutOfFold:
    """Fit the recipe's estimator once per fold, and return what it says of the rows of that fold.

    `say`: (fitted estimator, rows) -> (rows, numbers). `what`: the field that asks for it. Raises TrainingError where
    an estimator cannot be fitted, or no fold is left.
    """
    import numpy as np

    labels = training.targets if training.schema.classes else None
    all_folds = split(training.keys, labels, folds=folds, salt=training.recipe.seed, moments=training.moments)
    classes = np.unique(training.targets) if labels is not None else None
    used = [
        fold for fold in all_folds if classes is None or len(np.unique(training.targets[fold.trained])) == len(classes)
    ]
    if not used:
        raise _no_folds(training, all_folds, classes, what)
    said = []
    for fold in used:
        estimator = estimator_pipeline.fit(
            training.recipe,
            training.schema,
            _some(training.matrix, fold.trained),
            training.targets[fold.trained],
            training.weights[fold.trained] if training.weights is not None else None,
            training.shares,
        )
        said.append(say(estimator, training.matrix[fold.judged]))
    rows, numbers = np.concatenate([fold.judged for fold in used]), np.concatenate(said)
    if not np.isfinite(numbers).all():
        raise TrainingError(
            f"{what}: what {training.recipe.estimator.class_name} says of rows that it was not fitted on is infinite or"
            " undefined",
            hint="scale or cap the numeric features of the recipe, or use an estimator that tolerates large values",
        )
    order = np.argsort(rows, kind="stable")
    return OutOfFold(said=numbers[order], rows=rows[order], folds=len(used), left_out=len(all_folds) - len(used))


def _some(matrix: Matrix | EncodedRows, rows: Any) -> Matrix | EncodedRows:
    """Return some of the rows, which are not made yet where all are not."""
    return matrix.of(rows) if isinstance(matrix, EncodedRows) else matrix[rows]


def _no_folds(training: TrainingRows, folds: list[RowFold], classes: Any, what: str) -> TrainingError:
    import numpy as np

    if not folds or classes is None:
        reason = f"{len(training.targets):,} training rows give no folds to fit it on"
    else:
        counts = np.min([np.bincount(training.targets[fold.trained], minlength=classes.max() + 1) for fold in folds], 0)
        names = [training.schema.classes[label] for label in classes if not counts[label]]
        reason = f"no fold has training rows of every class: {', '.join(names)} come too late or too seldom"
    instead = "declare one estimator" if what == BLEND else f"leave out `{what}`"
    merge = "merge rare classes, " if classes is not None else ""
    hint = f"widen data.train, {merge}or {instead}"
    return TrainingError(f"{what}: {reason}", hint=hint)
