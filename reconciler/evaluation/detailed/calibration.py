"""Calibration: what was true of rows of like predictions, and the expected calibration error without its bias.

The mean absolute gap of bins is above 0 where a model is calibrated, only since rows are few, and a bootstrap makes it
worse. So the error told is the one for which the seen gaps are to be expected, chance included, when the bins' true
gaps vary like normal variables (as Broecker, "Estimating reliability and resolution of probability forecasts", Climate
Dynamics 39, 2012, does with squares). The ends of its interval are those for which the seen gaps would be odd; of a
calibrated model it begins at 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reconciler.core.evaluation.figures import CalibrationBin
from reconciler.evaluation.detailed import intervals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

BINS = 10
FEWEST = 20  # rows of a bin
_FOLDED = math.sqrt(2 / math.pi)  # the mean absolute value of a normal variable


def bins_of(predicted: Matrix, actual: Matrix, *, proportions: bool) -> tuple[CalibrationBin, ...]:
    """Return bins with about equally many rows, from the lowest prediction up; equal predictions share a bin.

    `proportions`: `actual` is 0 or 1, and the interval that of a proportion; else that of a mean.
    """
    import numpy as np

    order, edges = _cut(predicted)
    bins = []
    for chosen in np.split(order, edges):
        rows = len(chosen)
        values = actual[chosen]
        interval = None
        if rows >= FEWEST:
            interval = intervals.wilson(float(values.sum()), rows) if proportions else intervals.mean(values)
        low, high = interval if interval is not None else (None, None)
        bins.append(
            CalibrationBin(
                rows=rows,
                predicted=float(predicted[chosen].mean()),
                observed=float(values.mean()),
                low=low,
                high=high,
            )
        )
    return tuple(bins)


def _cut(predicted: Matrix) -> tuple[NDArray[np.int64], list[int]]:
    """Return the rows by prediction, and where to cut them."""
    import numpy as np

    order = np.argsort(predicted, kind="stable")
    ranked = predicted[order]
    parts = max(1, min(BINS, len(ranked) // FEWEST))
    wanted = [len(ranked) * part // parts for part in range(1, parts)]
    edges = sorted({int(np.searchsorted(ranked, ranked[at], side="left")) for at in wanted} - {0})
    kept: list[int] = []
    for edge in edges:
        if edge - (kept[-1] if kept else 0) >= FEWEST and len(ranked) - edge >= FEWEST:
            kept.append(edge)
    return order, kept


def expected_error(predicted: Matrix, actual: Matrix, z: float = intervals.Z) -> tuple[float, intervals.Interval]:
    """Return the mean gap between probability and truth over the bins, debiased, and its interval; `z`: of its
    confidence, the normal quantile."""
    import numpy as np

    order, edges = _cut(predicted)
    parts = np.split(order, edges)
    shares = np.array([len(chosen) for chosen in parts]) / len(predicted)
    gaps = np.array([float((actual[chosen] - predicted[chosen]).mean()) for chosen in parts])
    spreads = np.array([_spread(predicted[chosen], actual[chosen]) for chosen in parts])
    wide = np.hypot(spreads, 1 / np.array([len(chosen) for chosen in parts]))  # one more row that is off, in each bin
    seen = float((shares * np.abs(gaps)).sum())
    low, error, high = (_unfolded(seen, shares, spreads, wide, each) for each in (z, 0.0, -z))
    return error, (low, high)


def _unfolded(seen: float, shares: Matrix, spreads: Matrix, wide: Matrix, z: float) -> float:
    """Return the mean true gap for which the mean gap that was seen lies `z` standard errors above the expected one.

    True gaps vary like normal variables around 0, so that their mean absolute value is `_FOLDED` times their spread; 0
    where chance alone gives as much as was seen.
    """
    import numpy as np

    def expected(of_gaps: float) -> float:
        share_of_chance = spreads**2 / np.maximum(spreads**2 + of_gaps**2, 1e-300)
        variance = float((shares**2 * wide**2 * (1 - _FOLDED**2 * share_of_chance)).sum())
        return _FOLDED * float((shares * np.hypot(of_gaps, spreads)).sum()) + z * math.sqrt(variance)

    low, high = 0.0, 2.0
    if expected(low) >= seen:
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(middle) < seen else (low, middle)
    return _FOLDED * low


def _spread(predicted: Matrix, actual: Matrix) -> float:
    """Return the standard error of the gap of one bin: by its probabilities or by its rows, whichever is larger."""
    expected = float((predicted * (1 - predicted)).mean())
    return math.sqrt(max(expected, float((actual - predicted).var())) / len(actual))
