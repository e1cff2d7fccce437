"""The influence of each feature: how much the headline figure drops when its column is shuffled, with its interval.

Source: Breiman, "Random Forests", Machine Learning 45 (2001). On at most 20,000 rows, at least 5 shuffles a feature and
at most 10: more are made until the order of the features that are told apart from nothing no longer hangs on them.

A budget bounds the cells (rows x columns) that are predicted, so that the work is a function of model and rows alone:
of many features fewer rows are looked at, and of very many only those that a rough look finds the most influential.

The interval holds what other rows and other shuffles would have changed. A shuffled figure is a mean over pairs of
rows, one that is judged and one that lends its value: each row pulls on the drop as both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from reconciler.core.evaluation.figures import FeatureInfluence, InfluenceReport
from reconciler.evaluation.detailed import intervals
from reconciler.evaluation.detailed.headline import Headline

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix
    from reconciler.model_file.loaded_model import LoadedModel

MOST_ROWS, FEWEST_ROWS = 20_000, 500
FEWEST_REPEATS, MOST_REPEATS = 5, 10
BUDGET = 60_000_000  # cells that are predicted, of all shuffles together
CLAIMED = 0.05  # the share of models of which any feature without influence is told apart from nothing
_APART = 2.0  # standard errors of shuffles between two features whose order is resolved
_ROWS_AT_ONCE, _CELLS_AT_ONCE = 50_000, 5_000_000


@dataclass(slots=True)
class _Drops:
    """What the shuffles of one feature, of all its columns alike, gave so far: drops, and the sums of each row's pulls
    as judged and as lender."""

    feature: int
    columns: tuple[int, ...]
    drops: list[float]
    judged: Any
    lent: Any

    def variance(self) -> float:
        """Return the squared standard error of the mean drop, over rows and shuffles."""
        pulls = (self.judged + self.lent) / len(self.drops)
        return float((pulls**2).sum())

    def of_shuffles(self) -> float:
        """Return the squared standard error of the mean drop over shuffles alone."""
        mean, count = math.fsum(self.drops) / len(self.drops), len(self.drops)
        return math.fsum((drop - mean) ** 2 for drop in self.drops) / (count * (count - 1))


def influence_of(model: LoadedModel, matrix: Matrix, headline_of: Any, rough: tuple[str, ...]) -> InfluenceReport:
    """Measure the influence of every feature. `headline_of`: chosen rows -> the Headline of those rows; `rough`: the
    features by a rough look, the most influential first, of which the last are left out where there are too many."""
    import numpy as np

    columns, own = matrix.shape[1], model.schema.features()
    random = np.random.Generator(np.random.PCG64(7))
    rows, looked_at = _within_budget(len(matrix), len(own), columns)
    chosen = np.arange(len(matrix))
    if rows < len(matrix):
        chosen = np.sort(random.choice(len(matrix), rows, replace=False))
    matrix, headline = np.ascontiguousarray(matrix[chosen]), headline_of(chosen)
    names = [name for name, _ in own]
    order = {name: n for n, name in enumerate(rough)}
    features = sorted(range(len(own)), key=lambda n: (order.get(names[n], len(own)), n))[:looked_at]
    found = [
        _Drops(feature=feature, columns=own[feature][1], drops=[], judged=np.zeros(rows), lent=np.zeros(rows))
        for feature in sorted(features)
    ]
    value, pulls = headline.measure(model.outputs(matrix))
    sign = -1.0 if headline.loss else 1.0
    most = min(MOST_REPEATS, BUDGET // max(1, rows * columns * len(found)))
    repeats = 0
    while repeats < FEWEST_REPEATS or (repeats < most and not _resolved(found)):
        shuffle = random.permutation(rows)
        _shuffle_all(model, matrix, headline, found, shuffle, value, pulls, sign)
        repeats += 1
    level = NormalDist().inv_cdf(1 - CLAIMED / max(1, len(found)))
    features_found = sorted((_influence(each, names, level) for each in found), key=lambda each: -each.drop)
    return InfluenceReport(
        figure=headline.name,
        rows=rows,
        repeats=repeats,
        resolved=_resolved(found),
        features=tuple(features_found),
        left_out=len(own) - len(found),
    )


def _within_budget(rows: int, features: int, columns: int) -> tuple[int, int]:
    """Return how many rows are looked at, and how many features, so that the fewest repeats stay within the budget."""
    rows = min(rows, MOST_ROWS)
    affordable = BUDGET // (FEWEST_REPEATS * max(1, features) * max(1, columns))
    rows = min(rows, max(FEWEST_ROWS, affordable))
    return rows, max(1, min(features, BUDGET // (FEWEST_REPEATS * rows * max(1, columns))))


def _shuffle_all(
    model: LoadedModel,
    matrix: Matrix,
    headline: Headline,
    found: list[_Drops],
    shuffle: Any,
    value: float,
    pulls: Any,
    sign: float,
) -> None:
    """Shuffle each feature once in the same way, and add what that changes."""
    import numpy as np

    rows, columns = matrix.shape
    step = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // max(1, columns)) // rows)
    for start in range(0, len(found), step):
        block = found[start : start + step]
        stacked = np.tile(matrix, (len(block), 1))
        for position, each in enumerate(block):
            for column in each.columns:
                stacked[position * rows : (position + 1) * rows, column] = matrix[shuffle, column]
        outputs = model.outputs(stacked)
        for position, each in enumerate(block):
            shuffled, theirs = headline.measure(outputs[position * rows : (position + 1) * rows])
            each.drops.append(sign * (value - shuffled))
            changed = sign * (pulls - theirs)
            each.judged += changed
            each.lent[shuffle] += changed - changed.mean()


def _resolved(found: list[_Drops]) -> bool:
    """Tell whether the order of the features that are told apart from nothing is beyond the chance of shuffles."""
    level = NormalDist().inv_cdf(1 - CLAIMED / max(1, len(found)))
    ranked = sorted(
        (sum(each.drops) / len(each.drops), each.of_shuffles())
        for each in found
        if len(each.drops) > 1 and sum(each.drops) / len(each.drops) > level * math.sqrt(each.variance())
    )
    return all(after - before > _APART * math.sqrt(its + others) for (before, others), (after, its) in pairwise(ranked))


def _influence(each: _Drops, names: list[str], level: float) -> FeatureInfluence:
    drop, error = math.fsum(each.drops) / len(each.drops), math.sqrt(each.variance())
    return FeatureInfluence(
        feature=names[each.feature],
        drop=drop,
        low=drop - intervals.Z * error,
        high=drop + intervals.Z * error,
        distinct=error > 0 and drop > level * error,
    )
