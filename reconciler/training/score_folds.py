"""Score recipes that differ in their estimators on folds of the same training rows, prepared and fitted as in training.

Every fold has a schema of its own, of its own training rows: no category, median or weight is learnt from what judges.
"""

from __future__ import annotations

from typing import Any

from reconciler.core.onboarding.estimator_options import FOLDS
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.errors import ReconcilerError, TrainingError
from reconciler.evaluation.metrics import confusion_of, numbers_of, rates_of
from reconciler.model_file.feature_matrix import keys_of, labels_of, matrix_of, read_rows, values_of
from reconciler.ports import FoldScores, FoldsRequest, FoldsResult
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import RowFold, moments_of, stratified_k_fold, time_series_split
from reconciler.training.fit import fit_rows

METRICS = {Task.CLASSIFICATION: "f1_macro", Task.REGRESSION: "r2"}  # of the headline


def score_folds(request: FoldsRequest) -> FoldsResult:
    """Return each recipe's scores, in order. Raises TrainingError when there are no two folds to judge by."""
    recipe = request.recipes[0]
    rows, days = read_rows(request.train), read_rows(request.days)
    targets = labels_of(rows) if recipe.task is Task.CLASSIFICATION else values_of(rows)
    if recipe.holdout.by is not None:
        folds = time_series_split(moments_of(days), folds=FOLDS)
    else:
        keys, labels = keys_of(rows), targets if recipe.task is Task.CLASSIFICATION else None
        cut = (stratified_k_fold(keys, labels, folds=FOLDS, salt=salt) for salt in range(request.repeats))
        folds = [fold for folds in cut for fold in folds]
    folds = [fold for fold in folds if _varies(targets, fold, recipe.task)]
    if len(folds) < 2:
        raise TrainingError(
            f"{len(targets):,} training rows give no two folds to judge by",
            hint="more rows, of more days or of more classes, are needed to compare estimators",
        )
    return FoldsResult(
        metric=METRICS[recipe.task],
        recipes=tuple(_scores(candidate, rows, days, targets, folds) for candidate in request.recipes),
        guess=tuple(_score(recipe, targets[fold.judged], _guess(recipe, targets, fold)) for fold in folds),
    )


def _varies(targets: Any, fold: RowFold, task: Task) -> bool:
    """Tell whether the rows to train on have two classes, or those to judge by two numbers."""
    import numpy as np

    decisive = fold.trained if task is Task.CLASSIFICATION else fold.judged
    return len(np.unique(targets[decisive])) > 1


def _scores(recipe: Recipe, rows: Any, days: Any, targets: Any, folds: list[RowFold]) -> FoldScores:
    import numpy as np

    built = estimator_pipeline.built_recipe(recipe)
    scores = []
    try:
        for fold in folds:
            model, _, _ = fit_rows(built, rows.take(fold.trained), (), days=days.take(fold.trained))
            outputs = model.outputs(matrix_of(rows.take(fold.judged), model.schema))
            if not np.isfinite(outputs).all():
                return FoldScores(scores=(), failed="its outputs contain infinite or undefined numbers")
            predicted = model.decided(outputs) if recipe.task is Task.CLASSIFICATION else outputs[:, 0]
            scores.append(_score(recipe, targets[fold.judged], predicted))
    except ReconcilerError as error:
        return FoldScores(scores=(), failed=error.message)
    return FoldScores(scores=tuple(scores))


def _score(recipe: Recipe, actual: Any, predicted: Any) -> float:
    """Return the headline metric of predicted class indices, or of predicted numbers."""
    if recipe.task is Task.REGRESSION:
        return float(numbers_of(predicted, actual)["r2"])
    confusion = confusion_of(actual, predicted, len(recipe.class_names)).astype("float64")
    return float(rates_of(confusion)[METRICS[Task.CLASSIFICATION]])


def _guess(recipe: Recipe, targets: Any, fold: RowFold) -> Any:
    """Return the blind guess for the rows of a fold: the most frequent class, or the mean, of its training rows."""
    import numpy as np

    trained = targets[fold.trained]
    value = np.bincount(trained).argmax() if recipe.task is Task.CLASSIFICATION else trained.mean()
    return np.full(len(fold.judged), value)
