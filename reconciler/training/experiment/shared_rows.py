"""Judge recipes of two arms on the rows that both have: by the folds and the classes of one of them.

Each trains on its own rows: the other arm on all of them that were known when a fold begins, and on none that the fold
judges. Where the arm made some classes one, so are the probabilities and decisions of the other's model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.spec.recipe import Recipe
from reconciler.errors import ReconcilerError
from reconciler.ports import ArmRecipe, SharedRowsRequest, SharedRowsResult
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import FEWEST_JUDGED, FEWEST_TRAINED, RowFold
from reconciler.training.experiment.fold_matrices import ArmRows
from reconciler.training.experiment.run_trial import UndefinedError, figures_of
from reconciler.training.fit import fit_encoded
from reconciler.training.runtime_check import check_runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray


def judge_shared_rows(request: SharedRowsRequest) -> SharedRowsResult:
    """Return what each recipe reaches. One that cannot be trained, or too few shared rows, is a result with its reason.

    Raises TrainingError for another runtime.
    """
    for each in (request.arm, request.other):
        check_runtime(each.runtime)
    try:
        own = _rows_of(request.arm, request.folds)
        shared = _Shared(own, _rows_of(request.other, request.folds))
        arm = _rows_of(request.arm, request.folds, shared.of_arm)
        other = _rows_of(request.other, request.folds, shared.of_other)
        joined = _joined(request.other.recipe, request.arm.recipe)
        memory = request.limits.memory
        figures = tuple(_fold(arm, fold, request.arm.recipe, memory) for fold in range(request.folds))
        others = tuple(
            _fold(other, fold, request.other.recipe, memory, labels=shared.labels(fold), joined=joined)
            for fold in range(request.folds)
        )
    except UndefinedError:
        return SharedRowsResult(figures=(), others=(), rows=0, failed="outputs contain infinite or undefined numbers")
    except ReconcilerError as error:
        return SharedRowsResult(figures=(), others=(), rows=0, failed=error.message)
    return SharedRowsResult(figures=figures, others=others, rows=sum(fold.judged for fold in figures))


def _rows_of(arm: ArmRecipe, folds: int, cut: Any = None) -> ArmRows:
    return ArmRows(arm.train, arm.days, arm.recipe, arm.features, folds, cut)


class _Shared:
    """The folds of an arm without the rows that the other one has not, and the same rows in the other one."""

    def __init__(self, own: ArmRows, other: ArmRows) -> None:
        import numpy as np

        self._own, self._other = own, other
        places = {key: place for place, key in enumerate(other.keys)}
        found = [places.get(key, -1) for key in own.keys]
        self._place: NDArray[np.int64] = np.asarray(found, dtype=np.int64)  # of each own row in the other arm

    def of_arm(self, _rows: ArmRows) -> list[RowFold]:
        return _enough(RowFold(fold.trained, self._judged(fold)) for fold in self._own.folds)

    def of_other(self, _rows: ArmRows) -> list[RowFold]:
        return _enough(RowFold(self._known(fold), self._place[self._judged(fold)]) for fold in self._own.folds)

    def labels(self, fold: int) -> Any:
        """Return the outcomes that judge, by the arm's classes."""
        return self._own.targets[self._judged(self._own.folds[fold])]

    def _judged(self, fold: RowFold) -> Any:
        return fold.judged[self._place[fold.judged] >= 0]

    def _known(self, fold: RowFold) -> Any:
        """Return the rows of the other arm that were known when a fold begins, or that it does not judge."""
        import numpy as np

        moments, own = self._other.moments, self._own.moments
        if moments is None or own is None:
            left = np.ones(len(self._other.keys), dtype=bool)
            left[self._place[self._judged(fold)]] = False
            return np.flatnonzero(left)
        days, matured = (np.asarray(each, dtype="datetime64[D]") for each in (moments.days, moments.matured))
        first = np.asarray(own.days, dtype="datetime64[D]")[fold.judged].min()
        return np.flatnonzero((days < first) & (np.isnat(matured) | (matured < first)))


def _enough(folds: Iterable[RowFold]) -> list[RowFold]:
    """Return the folds of enough rows; where one is left out, there are too few of them, which is told."""
    return [fold for fold in folds if len(fold.trained) >= FEWEST_TRAINED and len(fold.judged) >= FEWEST_JUDGED]


def _joined(other: Recipe, arm: Recipe) -> tuple[tuple[int, ...], tuple[str, ...]] | None:
    """Return where each class of the other recipe is among those of the arm; None where they are the same."""
    if other.class_names == arm.class_names:
        return None
    [one] = [place for place, name in enumerate(arm.class_names) if name not in other.class_names]
    known = {name: place for place, name in enumerate(arm.class_names)}
    return tuple(known.get(name, one) for name in other.class_names), arm.class_names


def _fold(
    rows: ArmRows,
    fold: int,
    recipe: Recipe,
    memory: int,
    *,
    labels: Any = None,
    joined: tuple[tuple[int, ...], tuple[str, ...]] | None = None,
) -> FoldFigures:
    """Fit a recipe on a fold and judge it; by `labels` where the classes are not its own."""
    matrix = rows.of(fold, estimator_pipeline.built_recipe(recipe), memory)
    keys, days = rows.about(fold, recipe)
    model = fit_encoded(recipe, matrix.schema, matrix.trained, matrix.trained_targets, keys=keys, days=days)
    if labels is not None:
        matrix = replace(matrix, judged_targets=labels)
    return figures_of(recipe, model, matrix, joined)
