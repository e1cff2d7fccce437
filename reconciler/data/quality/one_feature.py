"""Measure one feature against the outcome, and its holdout against its training rows. Functions of numpy arrays alone.

A feature is cut into bins that do not depend on the outcome; what a bin predicts for a fold is learnt from the other
folds. So all that is needed of a feature is one table of counts (or sums) by fold, bin and class.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from reconciler.core.quality.figures import Estimate
from reconciler.core.quality.rules import wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Codes = NDArray[np.int64]

FOLDS = 5
_FEWEST_IN_BIN, _MOST_BINS = 5, 500
_MOST_CELLS = 2_000_000  # of one table of counts


def bound_of(alarms: float, features: int) -> float:
    """Return the number of standard deviations of a one-sided bound at `alarms`, divided among the features."""
    return NormalDist().inv_cdf(1 - alarms / max(1, features))


def bins_of(values: Any, *, category: bool) -> tuple[Codes, int]:
    """Return the bin of each value (masked where missing), and the number of bins; missing is a bin of its own."""
    import numpy as np

    missing = np.ma.getmaskarray(values)
    present = np.ma.getdata(values)[~missing]
    bins = np.zeros(len(missing), dtype=np.int64)
    if not len(present):
        return bins, 1
    known, codes, counts = np.unique(present, return_inverse=True, return_counts=True)
    codes, used = codes.reshape(-1), len(known)
    if not category:  # neighbours share a bin until it has rows enough; a frequent value has one of its own
        least = max(_FEWEST_IN_BIN, len(present) // _MOST_BINS)
        starts, places = np.unique((counts.cumsum() - counts) // least, return_inverse=True)
        codes, used = places.reshape(-1)[codes], len(starts)
    bins[~missing] = codes + 1
    return bins, used + 1


def alone_for_classes(bins: Codes, count: int, labels: Codes, classes: int, z: float) -> Estimate | None:
    """Return the share of the errors of always guessing the most frequent class that the bins remove, out of fold.

    None where the guess makes no errors, or the bins are too many to be counted.
    """
    import numpy as np

    rows = len(labels)
    naive = rows - int(np.bincount(labels, minlength=classes).max(initial=0))
    if not naive or FOLDS * count * classes > _MOST_CELLS:
        return None
    place = (np.arange(rows) % FOLDS * count + bins) * classes + labels
    counts = np.bincount(place, minlength=FOLDS * count * classes).reshape(FOLDS, count, classes)
    others = counts.sum(axis=0) - counts
    # A bin that the other folds do not have predicts their most frequent class; so do ties, for which it decides.
    overall = others.sum(axis=1)[:, None, :] / (rows + 1)
    predicted = (others + overall).argmax(axis=2)
    correct = int(np.take_along_axis(counts, predicted[:, :, None], axis=2).sum())
    wrong = rows - correct
    return Estimate(value=1 - wrong / naive, least=1 - wilson(wrong, rows, z) * rows / naive)


def alone_for_numbers(bins: Codes, count: int, values: Numbers, z: float) -> Estimate | None:
    """Return the share of the squared errors of always guessing the mean that the bins remove, out of fold."""
    import numpy as np

    rows = len(values)
    centred = values - values.mean()
    total = float((centred**2).sum())
    if total <= 0 or rows <= FOLDS or FOLDS * count > _MOST_CELLS:
        return None
    place, size = np.arange(rows) % FOLDS * count + bins, FOLDS * count
    counts = np.bincount(place, minlength=size).reshape(FOLDS, count).astype(np.float64)
    sums = np.bincount(place, weights=centred, minlength=size).reshape(FOLDS, count)
    others, known = sums.sum(axis=0) - sums, counts.sum(axis=0) - counts
    means = np.divide(others, known, out=np.zeros_like(others), where=known > 0)
    left = total - float((2 * means * sums).sum()) + float((means**2 * counts).sum())
    share = 1 - left / total
    return Estimate(value=share, least=_correlation_at_least(math.sqrt(max(0.0, share)), rows, z) ** 2)


def rank_correlation(values: Any, outcome: Any, z: float) -> Estimate | None:
    """Return the absolute rank correlation of two columns (masked where missing) over the rows that have both.

    None where one of them hardly varies: a column of two values is ordered like many others.
    """
    import numpy as np

    both = ~(np.ma.getmaskarray(values) | np.ma.getmaskarray(outcome))
    a, b = (_ranks(np.ma.getdata(column)[both]) for column in (values, outcome))
    if a is None or b is None:
        return None
    found = min(1.0, abs(float((a * b).sum() / math.sqrt(float((a * a).sum()) * float((b * b).sum())))))
    return Estimate(value=found, least=_correlation_at_least(found, int(both.sum()), z))


def _ranks(values: Any) -> Numbers | None:
    """Return the centred mean ranks of values; None where they are fewer than ten different ones."""
    import numpy as np

    known, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(known) < 10:
        return None
    last = counts.cumsum()
    ranks = (last - (counts - 1) / 2)[codes.reshape(-1)]
    centred: Numbers = ranks - ranks.mean()
    return centred


def _correlation_at_least(value: float, rows: int, z: float) -> float:
    """Return the lower bound of a correlation (Fisher's transform)."""
    if rows <= 4:
        return 0.0
    return max(0.0, math.tanh(math.atanh(min(value, 1 - 1e-12)) - z / math.sqrt(rows - 3)))


def outside_of(values: Any, trained: Any, *, category: bool) -> float:
    """Return the share of the holdout's values (of those that are not missing) that training did not have: categories
    of their own, numbers beyond its smallest and largest."""
    import numpy as np

    missing = np.ma.getmaskarray(values)
    present = np.ma.getdata(values)
    before, after = present[trained & ~missing], present[~trained & ~missing]
    if not len(before) or not len(after):
        return 0.0
    if category:
        return float(np.isin(after, before, invert=True).mean())
    return float(((after < before.min()) | (after > before.max())).mean())


def moved_by(bins: Codes, count: int, trained: Any, *, category: bool) -> float:
    """Return how far the distributions of training and holdout lie apart, less what chance makes of as many rows.

    From 0 to 1: of numbers the largest difference of their cumulated shares (Kolmogorov and Smirnov), of categories the
    share of rows that would have to change (total variation).
    """
    import numpy as np

    before, after = (np.bincount(bins[side], minlength=count).astype(np.float64) for side in (trained, ~trained))
    rows = before.sum(), after.sum()
    if not all(rows):
        return 0.0
    apart = before / rows[0] - after / rows[1]
    scale = math.sqrt(1 / rows[0] + 1 / rows[1])
    if category:
        used = int((before + after > 0).sum())
        return max(0.0, float(abs(apart).sum()) / 2 - scale * (math.sqrt(used / (2 * math.pi)) + 1))
    return max(0.0, float(abs(apart.cumsum()).max()) - 1.63 * scale)
