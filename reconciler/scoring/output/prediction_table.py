"""Build the table of predictions: the key, columns of the data, what is predicted, its factors, what is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.core.prediction.prediction_columns import PredictionColumns
from reconciler.model_file.feature_matrix import Rows
from reconciler.scoring.explanation.explain import TopFactors

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What is predicted for each row. `values`: the probability of each declared class, or the one value; `best`,
    `unsure`: of classes; `unknown`: the names of the columns that are unknown, where they are asked for."""

    values: Matrix
    best: Any
    unsure: Any
    factors: TopFactors | None
    unknown: list[str] | None


def prediction_table(rows: Rows, schema: Schema, columns: PredictionColumns, scored: Scored) -> Any:
    """Return the pyarrow table. `rows`: a PREDICT selection; where it has the key and columns beside it in their own
    types (`also_with_0`, …), these are taken."""
    import numpy as np
    import pyarrow as pa

    arrays = list(_data(rows, columns))
    if not schema.classes:
        arrays.append(pa.array(scored.values[:, 0]))
    else:
        names = pa.array(schema.classes, pa.string())
        arrays.append(names.take(pa.array(scored.best, pa.int64())))
        certainty = scored.values[np.arange(len(scored.best)), scored.best]
        arrays += [pa.array(certainty), pa.array(scored.unsure)]
        arrays += [pa.array(scored.values[:, place]) for place in range(len(schema.classes))]
    if scored.factors is not None:
        arrays += _factors(rows, schema, scored.factors)
    if scored.unknown is not None:
        arrays.append(pa.array(scored.unknown, pa.string()))
    return pa.table(arrays, names=list(columns.names(schema.classes)))


def numeric_features(schema: Schema) -> frozenset[str]:
    """Return the features whose values are numbers."""
    return frozenset(column.name for column in schema.columns if column.type == ColumnType.NUMERIC)


def _data(rows: Rows, columns: PredictionColumns) -> Iterator[Any]:
    for place in range(len(columns.beside) + 1):
        name = f"also_with_{place}"
        yield rows.column(name if name in rows.column_names or place else "key")


def _factors(rows: Rows, schema: Schema, factors: TopFactors) -> Iterator[Any]:
    """Yield name, value and effect of each factor; values as text, since features differ in their type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = pa.array([column.feature for column in schema.columns], pa.string())
    used = sorted({int(place) for place in set(factors.features.ravel().tolist()) if place >= 0})
    texts = {place: _texts(rows.column(schema.columns[place].feature)) for place in used}
    for turn in range(factors.explained.top):
        if turn >= factors.features.shape[1]:
            yield from (pa.nulls(rows.num_rows, kind) for kind in (pa.string(), pa.string(), pa.float64()))
            continue
        places = factors.features[:, turn]
        chosen = pa.array(places, mask=places < 0)
        yield names.take(chosen)
        yield pa.array([texts[place][row] if place >= 0 else None for row, place in enumerate(places)], pa.string())
        yield pc.if_else(pc.is_valid(chosen), pa.array(factors.effects[:, turn]), None)


def _texts(values: Any) -> list[str | None]:
    """Return the values of a feature as exact text."""
    import pyarrow as pa

    if pa.types.is_floating(values.type):
        return [None if value is None else repr(value).removesuffix(".0") for value in values.to_pylist()]
    if pa.types.is_boolean(values.type):
        return [None if value is None else str(value).lower() for value in values.to_pylist()]
    texts: list[str | None] = values.cast(pa.string()).to_pylist()
    return texts
