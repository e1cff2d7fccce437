"""Slices: the rows with one value of a categorical or boolean feature, or of a declared expression, the worst first.

By each feature's most frequent values that have at least 50 rows, and those without a value. A slice is told apart from
all other rows where the interval of the gap, at a level for as many slices as there are, does not hold 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.core.evaluation.figures import CONFIDENCE, Figure, Slice
from reconciler.evaluation.detailed import intervals

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

FEWEST = 50  # rows of a slice
MOST_VALUES = 20  # of a column
MOST_SLICES = 200
MISSING = "no value"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFigure:
    """A figure that is a mean over rows, by row. `proportion`: of 0 and 1. `loss`: less is better."""

    name: str
    values: Any
    proportion: bool = False
    loss: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """Rows, sum and sum of squares of each figure in one part of the rows."""

    rows: int
    sums: tuple[tuple[float, float], ...]


_Part = tuple[str, int | None, _Sums]
"""A value, its place among a feature's categories, and its sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceValues:
    """The values of a declared slice, one per row: numbers, or texts with None for no value."""

    name: str
    values: Any


def slices_of(
    matrix: Matrix, schema: Schema, figures: tuple[RowFigure, ...], declared: tuple[SliceValues, ...] = ()
) -> tuple[tuple[Slice, ...], int]:
    """Return the slices, the worst first, and how many values had too few rows. The gap is that of the first figure.

    A declared slice that is a categorical or boolean feature is the feature's own.
    """
    found, left_out = [], 0
    total = _total(figures, len(matrix))
    columns = {column.name: n for n, column in enumerate(schema.columns) if column.type not in ColumnType.NUMBERS}
    parts_of: list[tuple[str, list[_Part]]] = []
    for name, n in columns.items():
        column = schema.columns[n]
        categorical = column.type == ColumnType.CATEGORICAL
        parts_of.append((name, list(_parts(matrix[:, n], categorical, len(column.categories), figures))))
    parts_of += [(each.name, list(_by_value(each.values, figures))) for each in declared if each.name not in columns]
    for name, parts in parts_of:
        large = sorted((part for part in parts if part[2].rows >= FEWEST), key=lambda part: -part[2].rows)
        left_out += len(parts) - len(large[:MOST_VALUES])
        # A value that every row has is no slice.
        found += [(name, *part) for part in large[:MOST_VALUES] if total.rows - part[2].rows >= FEWEST]
    level = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * max(1, len(found))))
    slices = [_slice(name, value, code, part, total, figures, level) for name, value, code, part in found]
    ranked = sorted(slices, key=lambda each: (not (each.distinct and _worse(each) > 0), -_worse(each)))
    return tuple(ranked[:MOST_SLICES]), left_out + len(ranked[MOST_SLICES:])


def _worse(each: Slice) -> float:
    return each.gap.value or 0.0


def _total(figures: tuple[RowFigure, ...], rows: int) -> _Sums:
    return _Sums(rows=rows, sums=tuple((float(f.values.sum()), float((f.values**2).sum())) for f in figures))


def _parts(values: Matrix, categorical: bool, categories: int, figures: tuple[RowFigure, ...]) -> Iterator[_Part]:
    """Yield each value that occurs: its name (a category's is its code), and its sums."""
    import numpy as np

    codes = np.where(np.isnan(values), categories + 1 if categorical else 2, values).astype(np.int64)
    counts = np.bincount(codes)
    sums = [(np.bincount(codes, f.values), np.bincount(codes, f.values**2)) for f in figures]
    for code in np.flatnonzero(counts):
        part = _Sums(rows=int(counts[code]), sums=tuple((float(one[code]), float(two[code])) for one, two in sums))
        if not categorical:
            yield ("false", "true", MISSING)[code], None, part
        elif code > categories:
            yield MISSING, None, part
        else:
            yield "", int(code), part


def _by_value(values: Any, figures: tuple[RowFigure, ...]) -> Iterator[_Part]:
    """Yield each value of a declared slice; of a number with more values than slices are shown, its quarters."""
    import numpy as np

    labels, codes = named_parts(values)
    counts = np.bincount(codes, minlength=len(labels) + 1)
    sums = [(np.bincount(codes, f.values), np.bincount(codes, f.values**2)) for f in figures]
    for code in np.flatnonzero(counts):
        part = _Sums(rows=int(counts[code]), sums=tuple((float(one[code]), float(two[code])) for one, two in sums))
        yield (labels[code] if code < len(labels) else MISSING), None, part


def named_parts(values: Any) -> tuple[list[str], Any]:
    """Return the names of a declared slice's parts, and each row's place among them; of no value, one place more."""
    import numpy as np

    if values.dtype == object:
        missing = np.array([value is None for value in values])
        names, codes = np.unique(np.where(missing, "", values).astype(str), return_inverse=True)
        labels = names.tolist()
    else:
        missing = np.isnan(values)
        labels, codes = _bands(values, missing)
    return labels, np.where(missing, len(labels), codes)


def _bands(values: Any, missing: Any) -> tuple[list[str], Any]:
    """Return the names of the values, or of quarters of them, and each row's place in these."""
    import numpy as np

    known = values[~missing]
    distinct = np.unique(known)
    if len(distinct) <= MOST_VALUES:
        return [f"{value:g}" for value in distinct], np.searchsorted(distinct, np.where(missing, 0, values))
    # Rounded: an edge is then no row's own value.
    edges = np.unique([float(f"{edge:.2g}") for edge in np.quantile(known, (0.25, 0.5, 0.75))])
    texts = [f"{edge:g}" for edge in edges]
    between = [f"from {low} to under {high}" for low, high in pairwise(texts)]
    names = [f"under {texts[0]}", *between, f"from {texts[-1]}"]
    return names, np.searchsorted(edges, np.where(missing, 0, values), side="right")


def _slice(
    column: str,
    value: str,
    code: int | None,
    part: _Sums,
    total: _Sums,
    figures: tuple[RowFigure, ...],
    level: float,
) -> Slice:
    rest = _Sums(
        rows=total.rows - part.rows,
        sums=tuple((a - c, b - d) for (a, b), (c, d) in zip(total.sums, part.sums, strict=True)),
    )
    told = tuple(_figure(figure, part, n, intervals.Z) for n, figure in enumerate(figures))
    gap, apart = (_gap(figures[0], part, rest, z) for z in (intervals.Z, level))
    return Slice(
        column=column,
        value=value,
        rows=part.rows,
        figures=told,
        gap=gap,
        distinct=apart.interval is not None and not apart.holds(0.0),
        code=code,
    )


def _figure(figure: RowFigure, part: _Sums, n: int, z: float) -> Figure:
    one, two = part.sums[n]
    value = one / part.rows
    low, high = _around(figure, part.rows, one, two, z)
    return Figure(name=figure.name, value=value, low=low, high=high)


def _around(figure: RowFigure, rows: int, one: float, two: float, z: float) -> tuple[float, float]:
    if figure.proportion:
        return intervals.wilson(one, rows, z)
    value = one / rows
    spread = math.sqrt(max(0.0, two / rows - value * value) / max(1, rows - 1))
    half = intervals.student(z, rows - 1) * spread
    return value - half, value + half


def _gap(figure: RowFigure, part: _Sums, rest: _Sums, z: float) -> Figure:
    """Return by how much the slice is worse than all other rows."""
    (one, two), (other, others) = part.sums[0], rest.sums[0]
    mine, theirs = one / part.rows, other / rest.rows
    low, high = intervals.difference(
        mine,
        _around(figure, part.rows, one, two, z),
        theirs,
        _around(figure, rest.rows, other, others, z),
    )
    if figure.loss:
        return Figure(name=figure.name, value=mine - theirs, low=low, high=high)
    return Figure(name=figure.name, value=theirs - mine, low=-high, high=-low)
