"""Encode selected rows as the matrix that a model sees, by the artifact's schema: the same code trains and predicts.

Numbers stay numbers, booleans become 0 and 1, a category becomes its index in the schema's list; a rare or unseen one
becomes the index after the last (the rare bucket); missing is NaN everywhere. Texts stay in the schema, so that a model
file holds numbers only. A text, or what
is encoded by its outcomes, becomes several columns (`encoding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core import parquet_file
from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.parquet_file import ParquetError
from reconciler.errors import DataError
from reconciler.model_file.encoding.outcomes import encode_outcomes
from reconciler.model_file.encoding.words import encode_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

Rows = Any  # pyarrow.Table


def open_rows(path: Path) -> Any:
    """Open a Parquet file of selected rows (a pyarrow ParquetFile).

    Raises DataError E411, E419, before any row is read, for one that declares more than it can hold.
    """
    import pyarrow.parquet as pq

    with path.open("rb") as stream:
        try:
            parquet_file.measure(stream)
        except ParquetError as error:
            raise DataError(f"selected rows: {error}", code=error.code, hint=error.hint) from None
    return pq.ParquetFile(path)


def read_rows(path: Path) -> Rows:
    """Read a Parquet file of selected rows as a pyarrow table, on one thread. Raises as `open_rows`."""
    return open_rows(path).read(use_threads=False)


def matrix_of(rows: Rows, schema: Schema) -> Matrix:
    """Encode `rows` as a (rows, columns) float64 matrix, columns in the schema's order."""
    import numpy as np

    matrix = np.empty((rows.num_rows, len(schema.columns)), dtype=np.float64, order="F")
    encode_into(matrix, rows, schema, range(len(schema.columns)))
    return np.ascontiguousarray(matrix)


def encode_into(matrix: Matrix, rows: Rows, schema: Schema, wanted: Sequence[int]) -> None:
    """Write the wanted columns of the schema side by side into a matrix. Each row is encoded by itself."""
    positions = {place: position for position, place in enumerate(wanted)}
    for feature, places in schema.features():
        of_feature = [place for place in places if place in positions]
        if not of_feature:
            continue
        into, columns = [positions[place] for place in of_feature], [schema.columns[place] for place in places]
        within = [places.index(place) for place in of_feature]
        match columns[0].type:
            case ColumnType.TEXT:
                encode_words(matrix, into, columns, rows.column(feature), within)
            case ColumnType.TARGET_ENCODED:
                matrix[:, into] = encode_outcomes(columns, rows.column(feature))[:, within]
            case _:
                matrix[:, into[0]] = _encoded(rows.column(columns[0].name), columns[0])


def _encoded(values: Any, column: SchemaColumn) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type != ColumnType.CATEGORICAL:
        return values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    known = pa.array(column.categories, type=pa.string())
    codes = pc.fill_null(pc.index_in(values.cast(pa.string()), value_set=known), len(column.categories))
    return pc.if_else(pc.is_null(values), None, codes).cast(pa.float64()).to_numpy(zero_copy_only=False)


def encode_rows(rows: Rows, schema: Schema) -> tuple[Matrix, Any]:
    """Return the matrix of rows with known outcomes, and the outcome of each row.

    Outcomes are class indices (int64) for classification, values (float64) for regression.
    """
    return matrix_of(rows, schema), outcomes_of(rows, schema)


def outcomes_of(rows: Rows, schema: Schema) -> Any:
    """Return the outcome of each row, as `encode_rows` does."""
    return labels_of(rows) if schema.classes else values_of(rows)


def labels_of(rows: Rows) -> NDArray[np.int64]:
    """Return the class index of each row: its position in the declared classes."""
    import numpy as np

    return np.asarray(rows.column("outcome").to_numpy(), dtype=np.int64)


def values_of(rows: Rows) -> Matrix:
    """Return the numeric outcome of each row."""
    import numpy as np

    return np.asarray(rows.column("outcome").to_numpy(), dtype=np.float64)


def keys_of(rows: Rows) -> list[str]:
    """Return the key of each row as text."""
    keys: list[str] = rows.column("key").to_pylist()
    return keys
