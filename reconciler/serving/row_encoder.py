"""Encode rows that are given by their columns as the matrix that a model sees.

Most models read columns as they are: their rows become numbers here, without a table. Where features are computed, the
rows become a table, and its columns the matrix, by the code that encodes the rows of `predict`. Both give the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.prediction.input_column import WHOLE, InputColumn
from reconciler.core.prediction.input_errors import no_condition, not_finite
from reconciler.core.spec.recipe import Recipe
from reconciler.model_file.feature_matrix import matrix_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from reconciler.data.dataset.computed_rows import RowComputer, RowRecipe
    from reconciler.model_file.feature_matrix import Matrix

Given = Mapping[str, Sequence[Any]]
_ENCODED = (ColumnType.TEXT, ColumnType.TARGET_ENCODED)


class RowEncoder(Protocol):
    """Makes features of rows. `inputs`: the columns that a row brings; `reads_day`: whether they depend on the day."""

    inputs: tuple[InputColumn, ...]
    reads_day: bool

    def encode(self, given: Given, count: int, as_of: str) -> tuple[Matrix, NDArray[np.bool_] | None]:
        """Return the rows as the model sees them, and which classes each may have (None: all)."""


class PlainRows:
    """Rows whose features are their columns."""

    reads_day = False

    def __init__(self, inputs: tuple[InputColumn, ...], recipe: Recipe, schema: Schema) -> None:
        self.inputs, self._schema = inputs, schema
        types = {column.name: column.type for column in inputs}
        self._conditions = tuple(name for name in recipe.features.boolean if types[name] in WHOLE)
        self._numeric = tuple(name for name in recipe.features.numeric if types[name] not in WHOLE)
        self._codes = [_coder(column, types) for column in schema.columns if column.type not in _ENCODED]
        self._of_table = len(self._codes) < len(schema.columns)

    def encode(self, given: Given, count: int, as_of: str) -> tuple[Matrix, NDArray[np.bool_] | None]:
        import numpy as np

        del as_of
        for name in self._conditions:
            if wrong := sum(value not in (None, 0, 1) for value in given[name]):
                raise no_condition(name, wrong)
        for name in self._numeric:
            check_finite(name, given[name])
        if self._of_table:
            return matrix_of(self._table(given), self._schema), None
        matrix = np.empty((count, len(self._codes)), dtype=np.float64)
        for place, code in enumerate(self._codes):
            matrix[:, place] = code(given)
        return matrix, None

    def _table(self, given: Given) -> pa.Table:
        import pyarrow as pa

        columns = {}
        for feature, places in self._schema.features():
            kind = self._schema.columns[places[0]].type
            values = given[feature]
            if kind == ColumnType.NUMERIC:
                columns[feature] = pa.array([None if v is None else float(v) for v in values], pa.float64())
            elif kind == ColumnType.BOOLEAN:
                columns[feature] = pa.array([None if v is None else bool(v) for v in values], pa.bool_())
            else:
                columns[feature] = pa.array([None if v is None else text_of(v) for v in values], pa.string())
        return pa.table(columns)


class ComputedRows:
    """Rows whose features are computed from their columns."""

    def __init__(self, rows: RowRecipe, computer: RowComputer, schema: Schema) -> None:
        self.inputs, self.reads_day, self._schema = rows.inputs, rows.reads_day, schema
        self._computer = computer
        self._numeric = rows.relation.recipe.features.numeric
        self._possible = tuple(index for index, _ in rows.possible)
        self._types = dict(_arrow_types(rows.inputs))

    def encode(self, given: Given, count: int, as_of: str) -> tuple[Matrix, NDArray[np.bool_] | None]:
        import numpy as np
        import pyarrow as pa

        arrays = {column.name: pa.array(given[column.name], self._types[column.name]) for column in self.inputs}
        rows = self._computer.compute(pa.table(arrays) if arrays else _rows_without(count), as_of)
        for name in self._numeric:
            values = rows.column(name).drop_null().to_numpy()
            if wrong := int((~np.isfinite(values)).sum()):
                raise not_finite(name, wrong)
        may_be = np.ones((count, len(self._schema.classes)), dtype=bool)
        for index in self._possible:
            may_be[:, index] = rows.column(f"possible_{index}").to_numpy(zero_copy_only=False)
        return matrix_of(rows, self._schema), may_be


def _rows_without(count: int) -> pa.Table:
    import pyarrow as pa

    return pa.table({"row": pa.nulls(count, pa.bool_())})


def _arrow_types(inputs: Sequence[InputColumn]) -> Iterator[tuple[str, pa.DataType]]:
    """Yield the type that the values of each column come in; the query gives them their own."""
    import pyarrow as pa

    by_datatype = {"BOOL": pa.bool_(), "INT64": pa.int64(), "FP64": pa.float64(), "BYTES": pa.string()}
    for column in inputs:
        yield column.name, by_datatype[column.datatype]


def check_finite(name: str, values: Sequence[Any]) -> None:
    """Raise DataError E410 where a number is infinite or none."""
    # A value minus itself is 0 unless it is infinite or not a number.
    if wrong := sum(value is not None and value - value != 0 for value in values):
        raise not_finite(name, wrong)


def text_of(value: object) -> str:
    """Return a category as the text that it has in a table."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _coder(column: SchemaColumn, types: Mapping[str, str]) -> Callable[[Given], Any]:
    """Return what makes numbers of one column; missing is NaN."""
    import numpy as np

    name, nan = column.name, float("nan")
    if column.type != ColumnType.CATEGORICAL:

        def numbers(given: Given) -> Any:
            return np.array(given[name], dtype=np.float64)

        return numbers
    known: dict[Any, float] = {text: float(code) for code, text in enumerate(column.categories)}
    rare, is_text = float(len(column.categories)), types[name] == "VARCHAR"

    def codes(given: Given) -> Any:
        values = given[name]
        if is_text:
            return [nan if value is None else known.get(value, rare) for value in values]
        return [nan if value is None else known.get(text_of(value), rare) for value in values]

    return codes
