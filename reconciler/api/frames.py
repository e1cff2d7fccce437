"""Tables between pandas and the engine: a frame is written as Parquet, and predictions are read back as a frame.

pandas is imported when a frame is made or read, and nowhere else in the package.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.input_errors import other_type
from reconciler.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas
    import pyarrow


def require_pandas() -> Any:
    """Return the module pandas. Raises UsageError E801 naming the extra where it is not installed."""
    try:
        import pandas as pd
    except ImportError as error:
        raise UsageError(
            "tables as DataFrames need pandas, which is not installed",
            hint="pip install 'model-reconciler[notebook]'",
            code="E801",
        ) from error
    return pd


def frame(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> pandas.DataFrame:
    """Return rows as a frame with these columns, also when there is no row."""
    data_frame: pandas.DataFrame = require_pandas().DataFrame(list(rows), columns=list(columns))
    return data_frame


def plain(value: object) -> object:
    """Return a member of an enumeration as its text, anything else as it is."""
    return value.value if isinstance(value, Enum) else value


def write_frame(rows: pandas.DataFrame, types: Mapping[str, str], path: Path, *, table: str) -> None:
    """Write a frame as a Parquet file, with the columns in their order and without the index.

    `types`: the columns' types when the model was trained. Numbers in a column of text are refused, since `00123` would
    have become 123 on the way: DataError E405. Raises DataError E411 for values that no table can hold.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not all(isinstance(name, str) for name in rows.columns) or len(set(rows.columns)) < len(rows.columns):
        hint = "rename them: rows.columns = [...]"
        raise DataError(f"table {table}: column names must be texts, each there once", code="E416", hint=hint)
    arrays = {}
    for name in rows.columns:
        try:
            arrays[name] = pa.Array.from_pandas(rows[name])
        except pa.ArrowException as error:
            hint = "give each column one type: text, numbers, dates or truth values"
            raise DataError(f"table {table}: column {name} mixes types", code="E411", hint=hint) from error
        if types.get(name) == "VARCHAR" and not _is_text(arrays[name]):
            hint = f"read it as text, such as pandas.read_csv(..., dtype={{{name!r}: str}})"
            raise other_type(f"table {table}", name, str(arrays[name].type), "text", hint=hint)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays), path)


def _is_text(array: pyarrow.Array) -> bool:
    import pyarrow as pa

    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or array.null_count == len(array))


def write_with_history(rows: Path, history: Path, out: Path, *, key: str, later: Collection[str] = ()) -> None:
    """Write to `out` the rows, and those of `history` whose key none of them has; columns are those that both have, and
    those of `later`, which rows that are new do not have yet.

    Both files were copied by the same types. A column that only one of them has is missing, so that a recipe that needs
    it says so.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    given, known = pq.read_table(rows), pq.read_table(history)
    for name in known.column_names:
        if name in later and name not in given.column_names:
            given = given.append_column(name, pa.nulls(given.num_rows, known.schema.field(name).type))
    columns = [name for name in known.column_names if name in given.column_names]
    if key in columns:
        known = known.filter(pc.invert(pc.is_in(known[key], value_set=given[key].combine_chunks())))
    out.parent.mkdir(parents=True, exist_ok=True)
    # A copy of a file whose metadata count no missing values says that none may be missing; the other may not.
    shape = pa.schema([field.with_nullable(True) for field in known.select(columns).schema])
    pq.write_table(pa.concat_tables([given.select(columns).cast(shape), known.select(columns).cast(shape)]), out)


def write_keys(rows: Path, out: Path, *, key: str) -> None:
    """Write the column `key` of a Parquet file as the column `key` of another. DataError E416 where it is missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if key not in pq.read_schema(rows).names:
        raise DataError(f"there is no column {key}", code="E416", hint="each record needs its key, to be told apart")
    out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"key": pq.read_table(rows, columns=[key])[key]}), out)


def read_keys(path: Path) -> list[Any]:
    """Return the keys that `write_keys` wrote, in the order of the rows, as Python values."""
    import pyarrow.parquet as pq

    values: list[Any] = pq.read_table(path)["key"].to_pylist()
    return values


def read_predictions(path: Path, *, keys: list[Any] | None = None, index: Any = None) -> pandas.DataFrame:
    """Return the Parquet file that the scorer wrote as a frame, one row for each open record.

    With `keys` (one for each row of `index`) the rows have that order and those labels, less the records that are not
    open, and without the key; else the index holds the keys as text.
    """
    import pyarrow.parquet as pq

    pd = require_pandas()
    table = pq.read_table(path)
    key, *columns = table.column_names
    values = table[key].to_pylist()
    predictions: pandas.DataFrame = table.select(columns).to_pandas()
    if keys is None:
        return predictions.set_index(pd.Index([str(value) for value in values], name=key))
    places = {value: place for place, value in enumerate(values)}
    open_rows = [row for row, value in enumerate(keys) if value in places]
    aligned = predictions.iloc[[places[keys[row]] for row in open_rows]]
    return aligned.set_axis(index[open_rows], axis=0)
