"""Fit the weight of each class, so that the classes decided on score highest on out-of-fold rows, or cost least.

One class after the other: with the weights of the others as they are, each row has a least weight from which it would
be this class; sorted by that, the score of every possible weight follows in one pass, and the best is taken, in the
middle of its gap; until nothing improves. The best weights of few rows are mostly their noise, so they are found for
several resamples of the rows, drawn from a fixed seed, and their geometric mean is taken (Breiman, "Bagging
predictors", 1996; measured: 0.01 F1 macro with 200 to 1,000 rows, nothing from 5,000 on).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.spec.decisions.declared import DecisionMetric

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

MOST_ROWS = 200_000
"""Rows that weights are fitted on: every second, third, ... of more."""
_ROUNDS = 20
_LEAST_GAIN = 1e-9
_RESAMPLES, _RESAMPLED_ROWS = 10, 100_000
_SEED = 13


def fit_weights(metric: DecisionMetric, probabilities: Matrix, labels: Any, weights: Any | None) -> tuple[float, ...]:
    """Return the weight of each class (columns of `probabilities`), the largest being 1, that maximise a metric.

    `labels`: the class of each row; `weights`: of the rows, None where all count alike.
    """
    import numpy as np

    step = -(-len(labels) // MOST_ROWS)
    probabilities, labels = probabilities[::step], labels[::step]
    counted = np.ones(len(labels)) if weights is None else weights[::step]
    times = min(_RESAMPLES, _RESAMPLED_ROWS // max(1, len(labels)))
    draws = [counted] if times < 2 else _resampled(counted, times)
    logarithms = [np.log(_Search(metric, probabilities, labels, each).best()) for each in draws]
    mean = np.exp(np.mean([each - each.mean() for each in logarithms], axis=0))
    return tuple(float(weight) for weight in mean / mean.max())


def _resampled(counted: Any, times: int) -> list[Any]:
    """Return how much each row counts in each of several resamples."""
    import numpy as np

    random, rows = np.random.Generator(np.random.PCG64(_SEED)), len(counted)
    return [random.multinomial(rows, np.full(rows, 1 / rows)) * counted for _ in range(times)]


class _Search:
    """The search for the weights of classes on some rows."""

    def __init__(self, metric: DecisionMetric, probabilities: Matrix, labels: Any, counted: Any) -> None:
        import numpy as np

        self._is_f1 = metric is DecisionMetric.F1_MACRO
        self._probabilities, self._labels, self._counted = probabilities, labels, counted
        self._classes = probabilities.shape[1]
        self._actual = np.bincount(labels, weights=counted, minlength=self._classes)
        self._moved = [int(label) for label in np.flatnonzero(self._actual)]

    def best(self) -> Any:
        """Return the best weights from each of two beginnings, the first of equals; a class without rows keeps 1."""
        import numpy as np

        shares = np.where(self._actual > 0, self._actual / self._actual.sum(), 1.0)
        found = [self._from(start) for start in (np.ones(self._classes), shares.min() / shares)]
        return max(found, key=lambda each: each[0])[1]

    def _from(self, weights: Any) -> tuple[float, Any]:
        weights = weights.copy()
        score = self._score(weights)
        for _ in range(_ROUNDS):
            before = score
            for label in self._moved:
                reached, weight = self._along(label, weights)
                if reached > score + _LEAST_GAIN:
                    score, weights[label] = reached, weight
            if score <= before + _LEAST_GAIN:
                break
        return score, weights

    def _score(self, weights: Any) -> float:
        predicted = (self._probabilities * weights).argmax(axis=1)
        return float(self._of_counts(*self._counts(predicted)).sum())

    def _counts(self, predicted: Any) -> tuple[Any, Any]:
        import numpy as np

        right = predicted == self._labels
        correct = np.bincount(self._labels[right], weights=self._counted[right], minlength=self._classes)
        return correct, np.bincount(predicted, weights=self._counted, minlength=self._classes)

    def _of_counts(self, correct: Any, predicted: Any, actual: Any | None = None) -> Any:
        """Return the score of classes: F1, or recall; 0 of one that does not occur."""
        import numpy as np

        actual = self._actual if actual is None else actual
        part, whole = (2 * correct, actual + predicted) if self._is_f1 else (correct, actual + 0 * predicted)
        return np.divide(part, whole, out=np.zeros_like(part), where=(whole > 0) & (actual > 0))

    def _along(self, label: int, weights: Any) -> tuple[float, float]:
        """Return the best score along one class's weight, and that weight."""
        import numpy as np

        weighted = self._probabilities * weights
        weighted[:, label] = -1.0
        other = weighted.argmax(axis=1)
        own, rest = self._probabilities[:, label], weighted[np.arange(len(other)), other]
        least = np.divide(rest, own, out=np.full(len(own), np.inf), where=own > 0)
        order = np.argsort(least, kind="stable")
        least, other = least[order], other[order]
        labels, counted = self._labels[order], self._counted[order]
        correct, predicted = self._counts(weighted.argmax(axis=1))
        start = self._of_counts(correct, predicted)
        scores = np.empty(len(labels) + 1)
        is_own = labels == label
        gained = np.concatenate([[0.0], np.cumsum(counted * is_own)])
        taken = np.concatenate([[0.0], np.cumsum(counted)])
        scores[:] = start.sum() - start[label]
        scores += self._of_counts(gained, taken, self._actual[label])
        change = np.zeros(len(labels) + 1)
        for each in self._moved:
            rows = np.flatnonzero(other == each)
            if each == label or not len(rows):
                continue
            lost = np.cumsum(counted[rows] * (labels[rows] == each))
            fewer = np.cumsum(counted[rows])
            after = self._of_counts(correct[each] - lost, predicted[each] - fewer, self._actual[each])
            change[rows + 1] = np.diff(after, prepend=start[each])
        scores += np.cumsum(change)
        return self._best_gap(scores, least, weights[label])

    def _best_gap(self, scores: Any, least: Any, now: float) -> tuple[float, float]:
        """Return the best score that a weight between two rows' least weights gives, and such a weight."""
        import numpy as np

        edges = np.concatenate([[0.0], least, [np.inf]])
        gaps = np.flatnonzero((edges[:-1] < edges[1:]) & np.isfinite(edges[:-1]))
        best = scores[gaps].max()
        low, high = edges[:-1][gaps], edges[1:][gaps]
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = np.where(low == 0, high / 2, np.where(np.isinf(high), low * 2, np.sqrt(low * high)))
        middle = np.where(np.isfinite(middle) & (middle > 0), middle, now)
        equal = np.flatnonzero(scores[gaps] >= best - _LEAST_GAIN)
        place = equal[np.abs(np.log(middle[equal]) - np.log(now)).argmin()]
        return float(scores[gaps][place]), float(middle[place])
