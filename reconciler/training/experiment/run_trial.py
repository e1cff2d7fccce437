"""Run a trial: fit a recipe on each fold as a training does, and measure it on the rows that the fold judges by."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.spec.experiment.declared_experiment import METRICS
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.errors import ReconcilerError
from reconciler.evaluation.metrics import confusion_of, log_loss_of, metrics_of, numbers_of, rates_of
from reconciler.model_file.boosters.boosted_model import BoostedClassifier, BoostedRegressor
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.ports import TrialRequest, TrialResult
from reconciler.training import estimator_pipeline
from reconciler.training.experiment.fold_matrices import ArmRows, FoldMatrix
from reconciler.training.fit import fit_encoded
from reconciler.training.runtime_check import check_runtime

_MOST_ARMS = 2  # whose rows are kept: trials of one arm follow one another
_kept: OrderedDict[str, ArmRows] = OrderedDict()


def run_trial(request: TrialRequest) -> TrialResult:
    """Return what the folds find. A recipe that cannot be trained is a result with its reason.

    Raises TrainingError where the rows cannot be cut into so many folds, and for another runtime.
    """
    check_runtime(request.runtime)
    rows = _rows_of(request)
    started = time.process_time()
    built = estimator_pipeline.built_recipe(request.recipe)
    figures, size = [], 0
    try:
        for fold in request.judged:
            matrix = rows.of(fold, built, request.limits.memory)
            keys, days = rows.about(fold, request.recipe)
            model = fit_encoded(
                request.recipe, matrix.schema, matrix.trained, matrix.trained_targets, keys=keys, days=days
            )
            figures.append(figures_of(request.recipe, model, matrix))
            size = max(size, size_of(model.estimator))
    except UndefinedError:
        return TrialResult(folds=(), failed="its outputs contain infinite or undefined numbers")
    except ReconcilerError as error:
        return TrialResult(folds=(), failed=error.message)
    return TrialResult(folds=tuple(figures), size=size, seconds=round(time.process_time() - started, 3))


class UndefinedError(Exception):
    """A model whose outputs are no numbers."""


def _rows_of(request: TrialRequest) -> ArmRows:
    """Return the rows of the request's arm; the worker keeps them for the next trial."""
    key = f"{request.train}:{request.folds}"
    if (known := _kept.pop(key, None)) is None:
        known = ArmRows(request.train, request.days, request.recipe, request.features, request.folds)
    _kept[key] = known
    while len(_kept) > _MOST_ARMS:
        _kept.popitem(last=False)
    return known


def figures_of(
    recipe: Recipe,
    model: LoadedModel,
    matrix: FoldMatrix,
    joined: tuple[tuple[int, ...], tuple[str, ...]] | None = None,
) -> FoldFigures:
    """Return what a model reaches on the rows that a fold judges by. Raises UndefinedError.

    `joined`: the classes that judge, where they are not its own: of each of its own the place among them, and their
    names.
    """
    import numpy as np

    outputs = model.outputs(matrix.judged)
    if not np.isfinite(outputs).all():
        raise UndefinedError
    actual = matrix.judged_targets
    if recipe.task is Task.CLASSIFICATION:
        labels, decided, names = actual.astype(np.int64), model.decided(outputs), recipe.class_names
        if joined is not None:
            places, names = joined
            sums = np.zeros((len(outputs), len(names)))
            for place, column in zip(places, outputs.T, strict=True):
                sums[:, place] += column
            outputs, decided = sums, np.asarray(places, dtype=np.intp)[decided]
        rates = rates_of(confusion_of(labels, decided, len(names)).astype(np.float64))
        metrics = metrics_of(rates, log_loss_of(outputs, labels), names)
    else:
        metrics = numbers_of(outputs[:, 0], actual.astype(np.float64), quantile_of(recipe.estimator))
    return FoldFigures(
        metrics=tuple(
            sorted((name, value) for name, value in metrics.items() if name in METRICS and math.isfinite(value))
        ),
        trained=len(matrix.trained),
        judged=len(matrix.judged),
    )


def size_of(estimator: Any) -> int:
    """Return the bytes of all arrays of a fitted estimator: about what its file holds, where that is not known."""
    if isinstance(estimator, (BoostedClassifier, BoostedRegressor)):
        return len(estimator.file.body)
    return sum(array.nbytes for array in _arrays(estimator, {}))


def _arrays(value: Any, seen: dict[int, Any]) -> Iterator[Any]:
    """Yield each array once. `seen` holds what was looked at: a state is made when asked for, and its identity would
    be that of the next one."""
    import numpy as np

    if value is None or isinstance(value, (str, bytes, int, float, type)) or id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, np.ndarray):
        yield value
        inner: Any = value.tolist() if value.dtype == object else ()
    elif isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    else:
        try:
            inner = (value.__getstate__(),)
        except Exception:  # noqa: BLE001  (an object that has no state has no arrays)
            inner = ()
    for each in inner:
        yield from _arrays(each, seen)
