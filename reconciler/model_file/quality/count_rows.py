"""Count today's rows by a model's reference: those in each cell, and what is unknown to the model, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.quality.drift import FeatureDrift, RowDrift
from reconciler.core.quality.feature_drift import drift_of
from reconciler.core.quality.reference import FeatureCounts, FeatureReference, RowCounts
from reconciler.core.quality.unknown_values import UnknownColumn, UnknownKind, UnknownValues
from reconciler.model_file.encoding.outcomes import codes_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix, Rows
    from reconciler.model_file.loaded_model import LoadedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRows:
    """Rows as counted. `drift`: None without a reference. `marks`: by column that is unknown in any row, the rows."""

    drift: RowDrift | None
    unknown: UnknownValues
    marks: tuple[tuple[str, NDArray[np.bool_]], ...]

    def names(self, row: int) -> str:
        """Return the columns that are unknown in one row, in the order of the schema."""
        return "; ".join(name for name, mark in self.marks if mark[row])


def count_rows(model: LoadedModel, matrix: Matrix, outputs: Matrix, rows: Rows | None = None) -> CountedRows:
    """Count encoded rows, and what the model gives for them, by the model's reference.

    Without a reference only unknown categories are counted. `rows`: what was encoded, without which unknown categories
    that are encoded by outcomes are not counted, since their encoding is a number like others.
    """
    import numpy as np

    reference, any_unknown = model.reference, np.zeros(len(matrix), dtype=bool)
    features: list[FeatureCounts] = []
    columns: list[UnknownColumn] = []
    marks: list[tuple[str, Any]] = []
    for index, column in enumerate(model.schema.columns):
        values = np.ascontiguousarray(matrix[:, index])
        trained = reference.features[index] if reference is not None else None
        gone = np.isnan(values)
        unknown, kind = _unknown(values, column, trained, rows), _kind(column)
        missing, odd = int(gone.sum()), int(unknown.sum())
        if trained is not None:
            counts = _cells(values[~gone], column, trained)
            features.append(FeatureCounts(counts=counts, missing=missing, unknown=odd))
        if odd:
            columns.append(_told(column, kind, odd, trained, reference.rows if reference is not None else 0))
        if missing and trained is not None and not trained.missing:
            columns.append(UnknownColumn(column=column.name, kind=UnknownKind.MISSING, rows=missing))
            unknown |= gone
        if unknown.any():
            marks.append((column.feature, unknown))
            any_unknown |= unknown
    columns.sort(key=lambda each: (-each.rows, each.column, each.kind))
    counted = RowCounts(rows=len(matrix), features=tuple(features), outcome=_outcome(model, outputs))
    return CountedRows(
        drift=_by_feature(drift_of(reference, counted), model.schema) if reference is not None else None,
        unknown=UnknownValues(rows=int(any_unknown.sum()), columns=tuple(columns), referenced=reference is not None),
        marks=tuple(marks),
    )


def _by_feature(drift: RowDrift, schema: Schema) -> RowDrift:
    """Return the drift with one entry for a feature of several columns: that of the column that changed most."""
    found: dict[str, FeatureDrift] = {}
    several = {name: len(places) for name, places in schema.features() if len(places) > 1}
    of = {column.name: column.feature for column in schema.columns}
    for each in sorted(drift.features, key=lambda each: (-each.verdict.rank, -each.severity, each.feature)):
        name = of[each.feature]
        told = f"{name} (most changed of {several[name]:,})" if name in several else name
        found.setdefault(name, replace(each, feature=told))
    return replace(drift, features=tuple(sorted(found.values(), key=lambda each: (-each.severity, each.feature))))


def _kind(column: SchemaColumn) -> UnknownKind:
    is_category = column.type in (ColumnType.CATEGORICAL, ColumnType.TARGET_ENCODED)
    return UnknownKind.CATEGORY if is_category else UnknownKind.RANGE


def _told(
    column: SchemaColumn, kind: UnknownKind, rows: int, trained: FeatureReference | None, of: int
) -> UnknownColumn:
    name = column.feature
    if trained is None or not of or column.type == ColumnType.TARGET_ENCODED:  # whose reference is of encodings
        return UnknownColumn(column=name, kind=kind, rows=rows)
    if kind is UnknownKind.CATEGORY:
        return UnknownColumn(column=name, kind=kind, rows=rows, trained=min(1.0, trained.counts[-1] / of))
    return UnknownColumn(column=name, kind=kind, rows=rows, lowest=trained.lowest, highest=trained.highest)


def _unknown(values: Any, column: SchemaColumn, trained: FeatureReference | None, rows: Rows | None) -> Any:
    """Return which values are there and unknown to the model."""
    import numpy as np

    # Of a feature of several columns only the first holds the categories.
    if column.type == ColumnType.TARGET_ENCODED and column.categories and rows is not None:
        return codes_of(rows.column(column.feature), column.categories) > len(column.categories)

    if column.type == ColumnType.CATEGORICAL:
        return values == len(column.categories)
    if column.type == ColumnType.NUMERIC and trained is not None and trained.edges:
        return (values < trained.edges[0]) | (values > trained.edges[-1])
    return np.zeros(len(values), dtype=bool)


def _cells(filled: Any, column: SchemaColumn, trained: FeatureReference) -> tuple[int, ...]:
    """Return how many values lie in each cell of a feature's reference."""
    import numpy as np

    if column.type in ColumnType.NUMBERS:
        return _binned(filled, trained.edges, trained.counts)
    if column.type == ColumnType.BOOLEAN:
        trues = int(filled.sum())
        return len(filled) - trues, trues
    by_code = np.bincount(filled.astype(np.int64), minlength=len(column.categories) + 1)
    own = [int(by_code[code]) for code in trained.codes]
    rare = int(by_code[len(column.categories)])
    return (*own, len(filled) - sum(own) - rare, rare)


def _binned(values: Any, edges: tuple[float, ...], counts: tuple[int, ...]) -> tuple[int, ...]:
    import numpy as np

    if not counts:
        return ()
    places = np.searchsorted(np.asarray(edges[1:-1]), values, side="right")
    return tuple(int(count) for count in np.bincount(places, minlength=len(counts)))


def _outcome(model: LoadedModel, outputs: Matrix) -> tuple[int, ...]:
    import numpy as np

    reference = model.reference
    if reference is None:
        return ()
    if not model.schema.classes:
        return _binned(outputs[:, 0], reference.outcome.edges, reference.outcome.counts)
    return tuple(int(count) for count in np.bincount(model.decided(outputs), minlength=len(model.schema.classes)))
