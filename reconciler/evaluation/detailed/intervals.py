"""Intervals of 95 % for figures of rows, by formulas that cover as well as a bootstrap and cost next to nothing.

Proportions: Wilson (JASA 22, 1927), near 0 and 1 as modified by Brown, Cai and DasGupta ("Interval estimation for a
binomial proportion", Statistical Science 16, 2001). Means: Hall's transformation for skewed values ("On the removal of
skewness by transformation", JRSS B 54, 1992). Smooth functions of means: the delta method with the pull of each row on
the figure (its influence function), on a scale on which the figure is nearly normal. Sums and differences of figures
with intervals of their own: Zou and Donner, "Construction of confidence limits about effect measures" (Statistics in
Medicine 27, 2008).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from reconciler.core.evaluation.figures import CONFIDENCE

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

Interval = tuple[float, float]
FEWEST_OF_WILSON = 40  # rows from which its ends are modified
_RARE = {1: 0.0513, 2: 0.3554, 3: 0.8177}  # hits -> the lowest mean of a Poisson variable for which they are not odd
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def student(z: float, freedom: int) -> float:
    """Return the quantile of Student's distribution that belongs to the normal one's, to the second order."""
    return z + (z**3 + z) / (4 * max(1, freedom)) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * max(1, freedom) ** 2)


def wilson(hits: float, rows: float, z: float = Z) -> Interval:
    """Return the interval of a proportion."""
    share, room = hits / rows, z * z / rows
    middle, half = share + room / 2, z * math.sqrt(share * (1 - share) / rows + room / (4 * rows))
    low, high = max(0.0, (middle - half) / (1 + room)), min(1.0, (middle + half) / (1 + room))
    if z == Z and rows > FEWEST_OF_WILSON:
        low = _RARE.get(round(hits), low * rows) / rows
        high = 1 - _RARE.get(round(rows - hits), (1 - high) * rows) / rows
    return low, high


def mean(values: Matrix, z: float = Z) -> Interval | None:
    """Return the interval of the mean of rows; None where all are equal."""
    rows = len(values)
    average, spread = float(values.mean()), float(values.std(ddof=1)) if rows > 1 else 0.0
    if not spread > 0:
        return None
    skew = float((((values - average) / spread) ** 3).mean()) / math.sqrt(rows)
    error, quantile = spread / math.sqrt(rows), student(z, rows - 1)
    return average - error * _unskewed(quantile, skew), average - error * _unskewed(-quantile, skew)


def _unskewed(quantile: float, skew: float) -> float:
    """Return the quantile of the studentised mean that belongs to a normal one, by Hall's cubic."""
    if abs(skew) < 1e-6:
        return quantile
    inner = 1 + skew * (quantile - skew / 6)
    return 3 / skew * (math.copysign(abs(inner) ** (1 / 3), inner) - 1)


def linear(value: float, pulls: Matrix, z: float = Z) -> Interval:
    """Return the interval of a figure; `pulls`: of each row on it, of which the sum is 0."""
    half = student(z, len(pulls) - 1) * standard_error(pulls)
    return value - half, value + half


def logarithmic(value: float, pulls: Matrix) -> Interval | None:
    """Return the interval of a positive figure, on the scale of its logarithm; None where it is 0."""
    around = mean(len(pulls) / value * pulls) if value > 0 else None
    if around is None:
        return None
    return value * math.exp(max(-700.0, around[0])), value * math.exp(min(700.0, around[1]))


def logistic(value: float, pulls: Matrix) -> Interval | None:
    """Return the interval of a figure between 0 and 1, on the scale of its log odds; None where it is either."""
    around = mean(len(pulls) / (value * (1 - value)) * pulls) if 0 < value < 1 else None
    if around is None:
        return None
    odds = math.log(value / (1 - value))
    return _share(odds + around[0]), _share(odds + around[1])


def correlation(value: float, pulls: Matrix) -> Interval | None:
    """Return the interval of a figure between -1 and 1, on Fisher's scale; None where it is either."""
    if not -1 < value < 1:
        return None
    half = student(Z, len(pulls) - 1) * standard_error(pulls) / (1 - value * value)
    at = math.atanh(value)
    return math.tanh(at - half), math.tanh(at + half)


def weighted(parts: list[tuple[float, float, Interval]]) -> Interval:
    """Return the interval of a sum of (weight > 0, value, interval) whose parts are independent."""
    total = math.fsum(weight * value for weight, value, _ in parts)
    below = math.fsum((weight * (value - low)) ** 2 for weight, value, (low, _) in parts)
    above = math.fsum((weight * (high - value)) ** 2 for weight, value, (_, high) in parts)
    return total - math.sqrt(below), total + math.sqrt(above)


def difference(first: float, its: Interval, second: float, others: Interval) -> Interval:
    """Return the interval of first - second, which are independent."""
    below = math.hypot(first - its[0], others[1] - second)
    above = math.hypot(its[1] - first, second - others[0])
    return first - second - below, first - second + above


def standard_error(pulls: Matrix) -> float:
    """Return the standard error of a figure; `pulls`: of each row on it, of which the sum is 0."""
    rows = len(pulls)
    return math.sqrt(float((pulls**2).sum()) * rows / max(1, rows - 1))


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0
