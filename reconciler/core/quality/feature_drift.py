"""Data drift: how far today's rows are from the rows that a model was trained on, feature by feature. Pure.

Two measures of effect, by which many rows and few give the same answer, more or less exactly:

- psi, the population stability index over the bins of a number and its missing values: sum of (p - q) ln(p / q)
- tv, the total variation over the categories (booleans, classes) and their missing values: half the sum of |p - q|

What chance alone adds to either with so many rows is taken off. The verdict is the band that the effect lies in. Where
chance alone could reach a band more often than once in a thousand features, a verdict is given only as far as the
effect exceeds the band by what chance may add; else there are too few rows to tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from reconciler.core.quality.drift import BANDS, OUTCOME, DriftVerdict, FeatureDrift, Measure, RowDrift
from reconciler.core.quality.reference import FeatureReference, OutcomeReference, RowCounts, TrainingReference

FALSE_ALARM = 0.001
"""The share of features that may be told as drifted by chance alone, at the most."""
_Z = 3.0902323061678132  # what a normal variable exceeds once in a thousand times
_Z_BOTH_SIDES = 3.2905267314919255  # the same of its absolute value
_HALF_INTERVAL = 1.959963984540054  # and of a 95 % interval
_TAIL = {Measure.PSI: 2.0, Measure.TV: 1.0}  # of few rows, the index has a longer tail than is reckoned with
_MOST_NEEDED, _STEP = 1_000_000, 1.05  # rows that are tried, each time so many times as many
_SMALLEST = 0.001  # the share that an empty cell counts as, whatever the number of rows


def drift_of(reference: TrainingReference, today: RowCounts) -> RowDrift:
    """Return the drift of today's rows, counted in the cells of the reference."""
    features, needed = [], []
    for trained, counts in zip(reference.features, today.features, strict=True):
        measure, before = _measure(trained), (*trained.counts, trained.missing)
        after = (*counts.counts, counts.missing)
        features.append(_measured(trained.name, measure, before, after))
        if features[-1].verdict is DriftVerdict.TOO_FEW:
            needed.append(_needed(measure, before, after))
    outcome = reference.outcome
    return RowDrift(
        rows=today.rows,
        trained=reference.rows,
        outcome=_measured(OUTCOME, _measure(outcome), (*outcome.counts, 0), (*today.outcome, 0)),
        features=tuple(sorted(features, key=lambda each: (-each.severity, each.feature))),
        needed=max((each for each in needed if each is not None), default=None) if None not in needed else None,
    )


def _measure(trained: FeatureReference | OutcomeReference) -> Measure:
    return Measure.PSI if trained.edges else Measure.TV


def _measured(feature: str, measure: Measure, before: Sequence[int], after: Sequence[int]) -> FeatureDrift:
    """Measure one feature. `before`, `after`: rows per cell; the last cell has the rows without a value."""
    old, new = sum(before), sum(after)
    cells = [(a, b) for a, b in zip(before, after, strict=True) if a or b]
    if not old or not new:
        return FeatureDrift(
            feature=feature, measure=measure, effect=0.0, lower=0.0, upper=0.0, verdict=DriftVerdict.TOO_FEW
        )
    p, q = [a / old for a, _ in cells], [b / new for _, b in cells]
    inverse = 1 / old + 1 / new
    effect, deviation, chance = (_psi if measure is Measure.PSI else _tv)(p, q, old, new, inverse)
    half = _HALF_INTERVAL * deviation
    lower, upper = max(0.0, effect - half), effect + half
    return FeatureDrift(
        feature=feature,
        measure=measure,
        effect=_rounded(effect),
        lower=_rounded(lower),
        upper=_rounded(upper),
        verdict=_verdict(measure, effect, lower, chance),
        missing=_rounded(after[-1] / new),
        missing_trained=_rounded(before[-1] / old),
    )


def _needed(measure: Measure, before: Sequence[int], after: Sequence[int]) -> int | None:
    """Return about how many rows, distributed as today's, chance alone would seldom lift into a band; None where no
    number of them is enough, since there are too few rows of training."""
    old, new = sum(before), sum(after)
    if not old or not new:
        return None
    cells = [(a / old, b / new) for a, b in zip(before, after, strict=True) if a or b]
    p, q = [share for share, _ in cells], [share for _, share in cells]
    rows = new
    while rows < _MOST_NEEDED:
        rows = math.ceil(rows * _STEP)
        chance = (_psi if measure is Measure.PSI else _tv)(p, q, old, rows, 1 / old + 1 / rows)[2]
        if chance < BANDS[measure][0]:
            step = int(10 ** max(1, len(str(rows)) - 2))
            return -(-rows // step) * step
    return None


def _verdict(measure: Measure, effect: float, lower: float, chance: float) -> DriftVerdict:
    """Return the band of an effect. `chance`: the effect that chance alone exceeds once in a thousand features."""
    some, strong = BANDS[measure]
    enough = chance < some
    shown = effect if enough else min(lower, effect - _TAIL[measure] * chance)
    if shown >= strong:
        return DriftVerdict.STRONG
    if shown >= some:
        return DriftVerdict.SOME
    return DriftVerdict.NONE if enough else DriftVerdict.TOO_FEW


def _psi(p: list[float], q: list[float], old: int, new: int, inverse: float) -> tuple[float, float, float]:
    """Return the index without what chance adds, its standard deviation, and what chance alone seldom exceeds."""
    a, b = ([max(share, _SMALLEST) for share in shares] for shares in (p, q))
    logs = [math.log(x / y) for x, y in zip(a, b, strict=True)]
    raw = math.fsum((x - y) * log for x, y, log in zip(a, b, logs, strict=True))
    free = max(1, len(p) - 1)
    added = free * inverse
    # Slopes by each share (delta method), and the spread of the index where nothing has changed.
    by_old = [log + 1 - y / x for x, y, log in zip(a, b, logs, strict=True)]
    by_new = [-log + 1 - x / y for x, y, log in zip(a, b, logs, strict=True)]
    variance = _spread(p, by_old) / old + _spread(q, by_new) / new + 2 * free * inverse**2
    return max(0.0, raw - added), math.sqrt(variance), _chi_square(free) * inverse - added


def _tv(p: list[float], q: list[float], old: int, new: int, inverse: float) -> tuple[float, float, float]:
    """Return the variation without what chance adds, its standard deviation, and what chance alone seldom exceeds."""
    raw = math.fsum(abs(x - y) for x, y in zip(p, q, strict=True)) / 2
    both = [(x * old + y * new) / (old + new) for x, y in zip(p, q, strict=True)]
    spreads = [share * (1 - share) * inverse for share in both]
    # Half the mean of |normal|, and its spread as if the cells were independent.
    added = math.sqrt(2 / math.pi) * math.fsum(math.sqrt(spread) for spread in spreads) / 2
    by_chance = math.sqrt(math.fsum(spreads) * (1 - 2 / math.pi)) / 2 * math.sqrt(2)
    signs = [math.copysign(0.5, x - y) for x, y in zip(p, q, strict=True)]
    variance = _spread(p, signs) / old + _spread(q, signs) / new
    # Of two cells, or one that outweighs the others, it is the absolute value of one normal variable.
    seldom = max(added + _Z * by_chance, _Z_BOTH_SIDES * math.sqrt(max(spreads)))
    chance = math.sqrt(max(0.0, seldom**2 - added**2))
    return math.sqrt(max(0.0, raw**2 - added**2)), math.sqrt(max(variance, by_chance**2)), chance


def _spread(shares: list[float], slopes: list[float]) -> float:
    """Return the variance of one row's slope."""
    mean = math.fsum(share * slope for share, slope in zip(shares, slopes, strict=True))
    return max(0.0, math.fsum(share * slope**2 for share, slope in zip(shares, slopes, strict=True)) - mean**2)


def _chi_square(free: int) -> float:
    """Return what a chi-square variable exceeds once in a thousand times (Wilson and Hilferty's approximation)."""
    part = 2 / (9 * free)
    return float(free * (1 - part + _Z * math.sqrt(part)) ** 3)


def _rounded(value: float) -> float:
    """Return a figure as it is shown and kept: more digits say nothing, and differ between machines."""
    return round(value, 6) + 0.0
