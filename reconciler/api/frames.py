"""Tables between pandas and the engine: a frame is written as Parquet, and predictions are read back as a frame.

pandas is imported when a frame is made or read, and nowhere else in the package.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.inspect.predictions import UNKNOWN
from reconciler.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas
    import pyarrow

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a CSV's cell may not begin with: the scorer writes an apostrophe before it."""


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
            raise DataError(
                f"table {table}: column {name} holds {arrays[name].type}, and the model was trained on text",
                code="E405",
                hint=f"read it as text, such as pandas.read_csv(..., dtype={{{name!r}: str}})",
            )
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


def read_predictions(
    path: Path,
    *,
    classes: Sequence[str],
    key: str,
    keys: list[Any] | None = None,
    index: Any = None,
    unknown: bool = False,
) -> pandas.DataFrame:
    """Return what the scorer wrote as a frame, one row for each open record.

    Classification: `predicted`, `probability` of that class, `uncertain` (under one half), and `p_<class>` of each;
    regression: `predicted`. With `unknown`, a last column of that name. With `keys` (one for each row of `index`) the
    rows have that order and those labels, less the records that are not open; else the index holds the keys as text.
    """
    pd = require_pandas()
    with path.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.reader(stream))[1:]
    columns = (
        ["predicted", "probability", "uncertain", *(f"p_{name}" for name in classes)] if classes else ["predicted"]
    )
    if unknown:
        columns.append(UNKNOWN)
    by_text = {_as_written(name): name for name in classes}
    width = len(columns) - unknown + 1
    values = {line[0]: [*_values(line[1:width], by_text), *line[width:]] for line in lines}
    if keys is None:
        written = [text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text for text in values]
        predictions: pandas.DataFrame = pd.DataFrame(list(values.values()), columns=columns, index=written)
        return predictions.rename_axis(index=key)
    parse = _parser(keys)
    by_key = {parse(text): row for text, row in values.items()}
    texts = [_as_written(str(value)) if parse is str else value for value in keys]
    places = [place for place, text in enumerate(texts) if text in by_key]
    aligned: pandas.DataFrame = pd.DataFrame(
        [by_key[texts[place]] for place in places], columns=columns, index=index[places]
    )
    return aligned


def _values(cells: list[str], classes: Mapping[str, str]) -> list[object]:
    if not classes:
        return [float(cells[0])]
    predicted, probability, uncertain, *shares = cells
    return [classes[predicted], float(probability), uncertain == "yes", *map(float, shares)]


def _parser(keys: list[Any]) -> Any:
    """Return the function that turns a key's text, as the scorer writes it, into a value equal to the key."""
    if any(isinstance(value, float) for value in keys):
        return float
    return datetime.fromisoformat if any(isinstance(value, datetime) for value in keys) else str


def _as_written(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text
