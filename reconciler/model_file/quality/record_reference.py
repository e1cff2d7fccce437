"""Describe training rows as a reference: quantile bins of numbers, counts of categories, what the holdout predicts.

A function of the rows alone, whatever their order. No number of it is the value of a single row, other than by chance:
each edge is the roundest number within a stretch of the sorted values that holds several rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.quality.reference import (
    FEWEST_ROWS,
    MOST_CATEGORIES,
    FeatureReference,
    OutcomeReference,
    TrainingReference,
    told,
)
from reconciler.model_file.rows.encoded_rows import EncodedRows

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

BINS = 10
_MARGIN = 20  # the outermost edges are rounded outwards by no more than this part of the range
_NEARBY = 200  # an inner edge lies within this part of the rows on each side of its quantile


def record_features(matrix: Matrix | EncodedRows, schema: Schema) -> tuple[FeatureReference, ...]:
    """Return the reference of each feature of the encoded training rows."""
    columns = matrix.columns() if isinstance(matrix, EncodedRows) else matrix.T
    return tuple(_feature(values, column) for values, column in zip(columns, schema.columns, strict=True))


def record_reference(
    features: tuple[FeatureReference, ...], rows: int, outputs: Matrix, schema: Schema, decided: Any = None
) -> TrainingReference:
    """Return the reference of a model. `rows`: the number of training rows; `outputs`: the model's for its holdout;
    `decided`: the class of each of its rows, where it is not the most likely one."""
    import numpy as np

    if schema.classes:
        chosen = outputs.argmax(axis=1) if decided is None else decided
        counted = np.bincount(chosen, minlength=len(schema.classes))
        outcome = OutcomeReference(counts=tuple(told(int(count)) for count in counted))
    else:
        edges, counts = _bins(np.sort(outputs[:, 0]))
        outcome = OutcomeReference(counts=counts, edges=edges)
    return TrainingReference(rows=rows, features=features, outcome=outcome)


def _feature(values: Any, column: SchemaColumn) -> FeatureReference:
    import numpy as np

    filled = values[~np.isnan(values)]
    filled.sort()
    missing = told(len(values) - len(filled))
    match column.type:
        case kind if kind in ColumnType.NUMBERS:
            edges, counts = _bins(filled)
            return FeatureReference(name=column.name, counts=counts, edges=edges, missing=missing)
        case ColumnType.BOOLEAN:
            trues = int(filled.sum())
            counts = told(len(filled) - trues), told(trues)
            return FeatureReference(name=column.name, counts=counts, missing=missing)
    known = len(column.categories)
    by_code = np.bincount(filled.astype(np.int64), minlength=known + 1)
    frequent = sorted(range(known), key=lambda code: (-by_code[code], code))[:MOST_CATEGORIES]
    codes = tuple(sorted(frequent))
    others = int(by_code[:known].sum()) - sum(int(by_code[code]) for code in codes)
    counts = (*(told(int(by_code[code])) for code in codes), told(others), told(int(by_code[known])))
    return FeatureReference(name=column.name, counts=counts, codes=codes, missing=missing)


def _bins(ordered: Any) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return the edges and the rows of the bins of sorted values; nothing of fewer than ten, which tell of single
    rows."""
    import numpy as np

    count = len(ordered)
    if count < 2 * FEWEST_ROWS:
        return (), ()
    low, high = float(ordered[FEWEST_ROWS - 1]), float(ordered[-FEWEST_ROWS])
    margin = (high - low) / _MARGIN
    if not math.isfinite(margin):
        margin = 0.0
    lowest, highest = roundest(low - margin, low), roundest(high, high + margin)
    edges, begin, counts = [lowest], 0, []
    for edge in sorted({edge for edge in _cuts(ordered) if lowest < edge < highest}):
        end = int(np.searchsorted(ordered, edge, side="left"))
        if end - begin >= FEWEST_ROWS and count - end >= FEWEST_ROWS:
            edges.append(edge)
            counts.append(end - begin)
            begin = end
    return (*edges, highest), (*counts, count - begin)


def _cuts(ordered: Any) -> list[float]:
    """Return round numbers near the quantiles of sorted values; of a value that many rows share, also one above it."""
    import numpy as np

    count = len(ordered)
    nearby = max(FEWEST_ROWS, count // _NEARBY)
    cuts = []
    for part in range(1, BINS):
        place = count * part // BINS
        low = float(ordered[max(place - nearby, 0)])
        high = float(ordered[min(place + nearby, count - 1)])
        cuts.append(roundest(low, high))
        if low == high and (above := int(np.searchsorted(ordered, high, side="right"))) < count:
            upper = float(ordered[min(above + nearby, count - 1)])
            cuts.append(roundest(math.nextafter(high, math.inf), upper))
    return cuts


def roundest(low: float, high: float) -> float:
    """Return the number from `low` to `high` with the fewest digits, the one nearest to their middle of several."""
    if low <= 0 <= high:
        return 0.0
    largest = max(abs(low), abs(high))
    for power in range(math.floor(math.log10(largest)) + 1, -340, -1):
        for factor in (10, 5, 2):
            number = _multiple(low, high, factor, power - 1)
            if number is not None:
                return number
        if largest + 10.0 ** max(power - 2, -320) == largest:  # no digits are left
            break
    return high


def _multiple(low: float, high: float, factor: int, power: int) -> float | None:
    """Return the multiple of `factor` times ten to the `power` nearest to the middle of a range, if it has one."""

    def multiple(times: int) -> float:
        # Whole numbers, divided once: the nearest double, and the same one everywhere.
        try:
            return float(times * factor * 10**power) if power >= 0 else times * factor / int(10**-power)
        except OverflowError:
            return math.inf

    step = multiple(1)
    if not 0 < step < math.inf or not math.isfinite(low / step):
        return None
    middle = round((low / step + high / step) / 2)
    first = math.ceil(low / step)
    for times in (middle, first, first + 1):
        number = float(multiple(times))
        if low <= number <= high:
            return number
    return None
