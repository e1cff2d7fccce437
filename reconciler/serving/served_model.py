"""One model in memory, loaded from verified bytes: the columns that a row brings, and what it predicts for rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import codec
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE, Schema
from reconciler.core.digest import Digest
from reconciler.core.prediction.input_column import InputColumn
from reconciler.core.prediction.input_errors import no_such_column
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.data.dataset.computed_rows import RowComputer, row_recipe
from reconciler.errors import DataError
from reconciler.model_file.file_sizes import read_document
from reconciler.model_file.load import load
from reconciler.scoring.decide import decide
from reconciler.serving.row_encoder import ComputedRows, PlainRows, RowEncoder
from reconciler.serving.verified_folder import verified_artifact

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix
    from reconciler.model_file.loaded_model import LoadedModel

Columns = Mapping[str, Sequence[Any]]
"""Rows by column: texts, numbers, truth values; None is missing."""
ERRORS = 1.96  # root mean squared errors to both sides: 95 of 100, where errors are normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is predicted for rows. `values`: (rows, classes) probabilities, or (rows, 1) values; `best`: the place of
    the predicted class; `uncertain`: whether it has less than half; `as_of`: the day that expressions knew."""

    values: Matrix
    best: NDArray[np.intp]
    uncertain: NDArray[np.bool_]
    as_of: str | None


class ServedModel:
    """A model that predicts rows. `rmse`: the error of a number on the holdout, where a value has an interval."""

    def __init__(
        self, digest: Digest, model: LoadedModel, rows: RowEncoder, evaluation: Evaluation, *, as_of: str | None
    ) -> None:
        self.digest, self._model, self._rows, self._as_of = digest, model, rows, as_of
        self.inputs: tuple[InputColumn, ...] = rows.inputs
        self.by_name = {column.name: column for column in rows.inputs}
        self.rmse = None if model.schema.classes or evaluation.quantile is not None else evaluation.metric("rmse")

    @property
    def schema(self) -> Schema:
        return self._model.schema

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes in their declared order; none where a number is predicted."""
        return self._model.schema.classes

    @property
    def is_quick(self) -> bool:
        """Return whether rows are encoded without a query."""
        return isinstance(self._rows, PlainRows)

    @property
    def reads_day(self) -> bool:
        """Return whether a feature depends on the day."""
        return self._rows.reads_day

    def check_columns(self, given: Columns) -> None:
        """Raise DataError E416 where the columns are not those that a row brings."""
        for name in given:
            if name not in self.by_name:
                raise no_such_column("the model's inputs", name, self.by_name)
        if missing := [name for name in self.by_name if name not in given]:
            raise DataError(
                f"column {missing[0]} does not exist",
                code="E416",
                hint=f"each row needs {', '.join(self.by_name)[:300]}; a missing value is null",
            )

    def predict(self, given: Columns, count: int) -> Answer:
        """Predict `count` rows, whose columns are the inputs and whose values have their types.

        Raises DataError E410, E413, E418 for values that no feature can be made of."""
        as_of = None
        if self._rows.reads_day:
            as_of = self._as_of or datetime.now(UTC).date().isoformat()
        matrix, may_be = self._rows.encode(given, count, as_of or date.min.isoformat())
        values, best, uncertain = decide(self._model, self._model.outputs(matrix), may_be)
        return Answer(values=values, best=best, uncertain=uncertain, as_of=as_of)


def load_verified(folder: Path, digest: Digest, *, limits: Limits, as_of: str | None = None) -> ServedModel:
    """Verify the files of a release and load its model. `limits`: of computing features; `as_of`: a fixed day (ISO).

    Raises IntegrityError E501, E511, E612 for other bytes, ScoringError E506, E507, E511, E610 for a model that cannot
    be loaded, DataError for one whose features a row alone does not tell.
    """
    verified_artifact(folder, digest)
    model = load(folder)
    recipe = codec.decode(BuiltRecipe, read_document(folder / RECIPE_FILE), what=RECIPE_FILE).recipe
    evaluation = codec.decode(Evaluation, read_document(folder / EVALUATION_FILE), what=EVALUATION_FILE)
    rows = row_recipe(recipe, model.schema)
    if rows.is_plain:
        encoder: RowEncoder = PlainRows(rows.inputs, recipe, model.schema)
    else:
        encoder = ComputedRows(rows, RowComputer(rows, limits), model.schema)
    return ServedModel(digest, model, encoder, evaluation, as_of=as_of)
