"""How well probabilities rank the rows of one class above all others: ROC and precision-recall, areas and curves.

Equal probabilities are one step of a curve, as in scikit-learn's `roc_curve` and `precision_recall_curve`. The pull of
each row on an area is its influence function; of the ROC's that is DeLong's (Biometrics 44, 1988).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.evaluation.figures import CurvePoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

MOST_POINTS = 200
_DIGITS = 4  # of a point, which nobody sees more of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The ranking of one class. `hits`, `passed`: rows of it, and of all others, from each distinct probability up.
    `roc_pulls`, `average_pulls`: of each row on the two areas."""

    roc_auc: float
    average_precision: float
    roc_pulls: Matrix
    average_pulls: Matrix
    thresholds: Matrix
    hits: Matrix
    passed: Matrix

    def roc(self) -> tuple[CurvePoint, ...]:
        """Return the ROC curve."""
        return _points(self.passed / self.passed[-1], self.hits / self.hits[-1], self.thresholds, (0.0, 0.0))

    def precision_recall(self) -> tuple[CurvePoint, ...]:
        """Return the precision-recall curve."""
        return _points(self.hits / self.hits[-1], self.hits / (self.hits + self.passed), self.thresholds, (0.0, 1.0))


def rank(scores: Matrix, actual: NDArray[np.bool_]) -> Ranking | None:
    """Rank the rows by the probability of a class; None where it, or all others, have no rows."""
    import numpy as np

    rows, of_class = len(scores), int(actual.sum())
    if of_class in (0, rows):
        return None
    order = np.argsort(-scores, kind="stable")
    ranked, truth = scores[order], actual[order].astype(np.float64)
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # of each step
    step = np.repeat(np.arange(len(last)), np.diff(last, prepend=-1))
    hits = np.cumsum(truth)[last]
    passed = last + 1 - hits
    new_hits, new_passed = np.diff(hits, prepend=0), np.diff(passed, prepend=0)
    others = rows - of_class
    # Of each row: the share of the other side that it is ranked right against; equals count half.
    above, below = (hits - new_hits / 2) / of_class, 1 - (passed - new_passed / 2) / others
    area = float((new_hits * below).sum() / of_class)
    roc_pulls = np.where(truth > 0, (below[step] - area) / of_class, (above[step] - area) / others)
    precision = hits / (hits + passed)
    average = float((precision * new_hits).sum() / of_class)
    # A row of the class raises the precision at and below its step, any other row lowers it.
    raised = _from_below(new_hits * (1 - precision) / (hits + passed)) / of_class
    lowered = _from_below(new_hits * precision / (hits + passed)) / of_class
    own = (precision[step] - average) / of_class
    average_pulls = np.where(truth > 0, own + raised[step], -lowered[step])
    return Ranking(
        roc_auc=area,
        average_precision=average,
        roc_pulls=_in_order(roc_pulls, order),
        average_pulls=_in_order(average_pulls - average_pulls.mean(), order),
        thresholds=ranked[last],
        hits=hits,
        passed=passed,
    )


def _from_below(values: Matrix) -> Matrix:
    import numpy as np

    return np.cumsum(values[::-1])[::-1]


def _in_order(values: Matrix, order: Any) -> Matrix:
    import numpy as np

    placed = np.empty_like(values)
    placed[order] = values
    return placed


def _points(x: Matrix, y: Matrix, thresholds: Matrix, start: tuple[float, float]) -> tuple[CurvePoint, ...]:
    """Return at most MOST_POINTS points of a curve, evenly along it, with its start and its end."""
    import numpy as np

    along = np.cumsum(np.hypot(np.diff(x, prepend=start[0]), np.diff(y, prepend=start[1])))
    wanted = np.linspace(0, along[-1], MOST_POINTS - 1)
    chosen = np.unique(np.minimum(np.searchsorted(along, wanted), len(x) - 1))
    points = [CurvePoint(x=start[0], y=start[1])]
    points += (
        CurvePoint(x=round(float(x[n]), _DIGITS), y=round(float(y[n]), _DIGITS), threshold=_coarse(thresholds[n]))
        for n in chosen
    )
    return tuple(points)


def _coarse(threshold: float) -> float:
    return round(float(threshold), 3)
