"""The rows of an arm, cut into folds and encoded once for all trials that encode them alike.

A trial takes the columns of its features from matrices that hold those of all trials. Every fold has a schema of its
own, of its own training rows: no category is learnt from what judges.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.recipe import BuiltRecipe, Features, Recipe, Task
from reconciler.errors import TrainingError
from reconciler.model_file.feature_matrix import keys_of, labels_of, matrix_of, read_rows, values_of
from reconciler.model_file.feature_schema import schema_of
from reconciler.training.cross_validation import RowFold, RowMoments, moments_of, split
from reconciler.training.encode_out_of_fold import encode_out_of_fold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

_SHARE = 4  # of the memory that the worker may use, the part that encoded rows may take: one of so many


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldMatrix:
    """The rows of one fold as a model sees them: those to train on and those to judge by, with their outcomes."""

    schema: Schema
    trained: Matrix
    trained_targets: NDArray[np.float64] | NDArray[np.int64]
    judged: Matrix
    judged_targets: NDArray[np.float64] | NDArray[np.int64]

    @property
    def size(self) -> int:
        """Return the bytes of the matrices."""
        return int(self.trained.nbytes + self.judged.nbytes)


class ArmRows:
    """The training rows of an arm. `features`: those of all of its trials. `cut`: its folds, where they are not to be
    cut here."""

    def __init__(
        self,
        train: Path,
        days: Path,
        recipe: Recipe,
        features: Features,
        folds: int,
        cut: Callable[[ArmRows], Sequence[RowFold]] | None = None,
    ) -> None:
        self._recipe = replace(recipe, features=features)
        self._rows, self._days = read_rows(train), read_rows(days)
        classifies = recipe.task is Task.CLASSIFICATION
        self._targets: Any = labels_of(self._rows) if classifies else values_of(self._rows)
        self._moments = moments_of(self._days) if recipe.holdout.by is not None else None
        found = (
            split(
                keys_of(self._rows), self._targets if classifies else None, folds=folds, salt=0, moments=self._moments
            )
            if cut is None
            else cut(self)
        )
        self._folds: list[RowFold] = [fold for fold in found if self._varies(fold)]
        if len(self._folds) < folds:
            raise TrainingError(
                f"{len(self._targets):,} training rows give {len(self._folds)} of {folds} folds to judge by",
                hint="take fewer folds, or more rows, of more days or of more classes",
            )
        self._encoded: OrderedDict[tuple[int, int, int], FoldMatrix] = OrderedDict()

    def of(self, fold: int, built: BuiltRecipe, memory: int) -> FoldMatrix:
        """Return a fold as the recipe's model sees it. Raises TrainingError where none of its features differs.

        `memory`: bytes that this process may use in all.
        """
        whole = self._whole(fold, built, memory // _SHARE)
        places = dict(whole.schema.features())  # of a text several columns
        taken = [place for name in built.recipe.features.all for place in places.get(name, ())]
        if not taken:
            raise TrainingError("each of its features has the same value in all training rows of a fold")
        if taken == list(range(len(whole.schema.columns))):
            return whole
        return FoldMatrix(
            schema=replace(whole.schema, columns=tuple(whole.schema.columns[place] for place in taken)),
            trained=whole.trained[:, taken],
            trained_targets=whole.trained_targets,
            judged=whole.judged[:, taken],
            judged_targets=whole.judged_targets,
        )

    @property
    def folds(self) -> tuple[RowFold, ...]:
        """Return the folds, as places of rows."""
        return tuple(self._folds)

    @property
    def keys(self) -> Sequence[str]:
        """Return the key of each row."""
        return keys_of(self._rows)

    @property
    def moments(self) -> RowMoments | None:
        """Return when each row happened; None where folds are not in time."""
        return self._moments

    @property
    def targets(self) -> Any:
        """Return the outcome of each row."""
        return self._targets

    def about(self, fold: int, recipe: Recipe) -> tuple[list[str], Any | None]:
        """Return the keys and the moments of a fold's training rows, as far as the recipe reads them."""
        places = self._folds[fold].trained
        keys = keys_of(self._rows.take(places)) if recipe.fits_out_of_fold else []
        return keys, self._days.take(places) if recipe.reads_moments else None

    def _whole(self, fold: int, built: BuiltRecipe, memory: int) -> FoldMatrix:
        key = (fold, built.preprocessing.rare, built.preprocessing.most)
        if (known := self._encoded.pop(key, None)) is None:
            known = self._encode(self._folds[fold], replace(built, recipe=self._recipe))
        self._encoded[key] = known
        while len(self._encoded) > 1 and sum(each.size for each in self._encoded.values()) > memory:
            self._encoded.popitem(last=False)
        return known

    def _encode(self, fold: RowFold, built: BuiltRecipe) -> FoldMatrix:
        trained, judged = (self._rows.take(places) for places in fold)
        schema = schema_of(built, trained, ())
        matrix = matrix_of(trained, schema)
        moments = self._moments.of(fold.trained) if self._moments is not None else None
        encode_out_of_fold(matrix, trained, schema, self._targets[fold.trained], moments)
        return FoldMatrix(
            schema=schema,
            trained=matrix,
            trained_targets=self._targets[fold.trained],
            judged=matrix_of(judged, schema),
            judged_targets=self._targets[fold.judged],
        )

    def _varies(self, fold: RowFold) -> bool:
        """Tell whether the rows to train on have two classes, or those to judge by two numbers."""
        import numpy as np

        decisive = fold.trained if self._recipe.task is Task.CLASSIFICATION else fold.judged
        return len(np.unique(self._targets[decisive])) > 1
