"""The figures of a classification, whole and by class, each with its interval or why it has none.

Intervals are given from 200 rows and 50 of each class that a figure needs: with fewer they would not cover.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reconciler.core.evaluation.figures import MOST_CURVES, ClassDetail, Figure
from reconciler.core.evaluation.too_few import too_few
from reconciler.evaluation.detailed import calibration, intervals
from reconciler.evaluation.detailed.number_figures import figure
from reconciler.evaluation.detailed.ranking import Ranking, rank
from reconciler.evaluation.metrics import log_loss_of, rates_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

ONE_CLASS = "all rows are of one class"
NO_ROWS_OF = "it has no rows of class {name}"


def figures_of(
    probabilities: Matrix, actual: NDArray[np.int64], confusion: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[tuple[Figure, ...], tuple[ClassDetail, ...]]:
    """Return the figures of all rows, and those of each class."""
    import numpy as np

    rows, counts = len(actual), confusion.sum(axis=1)
    by_class = [(name, int(count)) for name, count in zip(names, counts, strict=True)]
    occurring = [(name, count) for name, count in by_class if count]
    each, all_rows = too_few(rows, occurring), too_few(rows)
    rates = {name: value.tolist() for name, value in rates_of(confusion.astype(np.float64)).items()}
    rankings = [rank(probabilities[:, label], actual == label) for label in range(len(names))]
    losses, squares = log_loss_of(probabilities, actual), squares_of(probabilities, actual)
    certainty, right = probabilities.max(axis=1), (probabilities.argmax(axis=1) == actual).astype(np.float64)
    if len(names) == 2:
        certainty, right = probabilities[:, 1], (actual == 1).astype(np.float64)
    error, around = calibration.expected_error(certainty, right)
    recalls = [
        (1 / len(occurring), confusion[n, n] / counts[n], intervals.wilson(confusion[n, n], counts[n]))
        for n in range(len(names))
        if counts[n]
    ]
    taken = confusion.sum(axis=0)
    precisions = [
        (
            1 / max(1, int(((counts + taken) > 0).sum())),
            confusion[n, n] / taken[n],
            intervals.wilson(confusion[n, n], taken[n]),
        )
        for n in range(len(names))
        if taken[n]
    ]
    predicted = too_few(rows, [(f"{name}, as predicted", int(taken[n])) for n, (name, _) in enumerate(by_class)])
    f1_pulls = _by_row(macro_f1_pulls(confusion), confusion)
    correlation, pulls = matthews(confusion)
    figures = [
        figure("accuracy", rates["accuracy"], intervals.wilson(np.trace(confusion), rows), all_rows),
        figure("balanced_accuracy", rates["balanced_accuracy"], intervals.weighted(recalls), each),
        figure("f1_macro", rates["f1_macro"], intervals.logistic(rates["f1_macro"], f1_pulls), each),
        figure("precision_macro", rates["precision_macro"], intervals.weighted(precisions), each or predicted),
        figure("recall_macro", rates["recall_macro"], intervals.weighted(recalls), each),
        *_areas(rankings, names, occurring, each),
        figure("log_loss", float(losses.mean()), intervals.mean(losses), each),
        figure("brier", float(squares.mean()), intervals.mean(squares), each),
        figure("expected_calibration_error", error, around, all_rows),
        figure("matthews", correlation, intervals.correlation(correlation, _by_row(pulls, confusion)), each)
        if correlation is not None
        else Figure(name="matthews", value=None, why=ONE_CLASS),
    ]
    curved = sorted(range(len(names)), key=lambda n: -counts[n])[:MOST_CURVES]
    details = tuple(
        _detail(n, names[n], confusion, rankings[n] if n in curved else None, probabilities[:, n], actual == n)
        for n in range(len(names))
    )
    return tuple(figures), details


def squares_of(probabilities: Matrix, actual: NDArray[np.int64]) -> Matrix:
    """Compute the Brier score of each row as scikit-learn does: of two classes half the sum over both."""
    import numpy as np

    truth = np.zeros_like(probabilities)
    truth[np.arange(len(actual)), actual] = 1.0
    sums: Matrix = ((probabilities - truth) ** 2).sum(axis=1)
    return sums / 2 if probabilities.shape[1] == 2 else sums


def _areas(
    rankings: list[Ranking | None],
    names: tuple[str, ...],
    occurring: list[tuple[str, int]],
    few: str | None,
) -> list[Figure]:
    """Return ROC AUC and average precision: of two classes the second's, of more the mean over all."""
    import numpy as np

    chosen = rankings[1:] if len(names) == 2 else rankings
    missing = next((name for name in names if name not in dict(occurring)), None)
    if missing is not None or any(ranking is None for ranking in chosen):
        why = ONE_CLASS if len(occurring) < 2 else NO_ROWS_OF.format(name=missing)
        return [Figure(name=name, value=None, why=why) for name in ("roc_auc", "average_precision")]
    ranked = [ranking for ranking in chosen if ranking is not None]
    area = math.fsum(each.roc_auc for each in ranked) / len(ranked)
    average = math.fsum(each.average_precision for each in ranked) / len(ranked)
    pulls = np.mean([each.roc_pulls for each in ranked], axis=0)
    average_pulls = np.mean([each.average_pulls for each in ranked], axis=0)
    return [
        figure("roc_auc", area, intervals.logistic(area, pulls), few),
        figure("average_precision", average, intervals.logistic(average, average_pulls), few),
    ]


def _detail(
    label: int,
    name: str,
    confusion: NDArray[np.int64],
    ranking: Ranking | None,
    scores: Matrix,
    actual: NDArray[np.bool_],
) -> ClassDetail:
    hits, rows, predicted = confusion[label, label], int(confusion[label].sum()), int(confusion[:, label].sum())
    few, either = too_few(len(scores), [(name, rows)]), int(rows + predicted - hits)
    taken = too_few(len(scores), [(f"{name}, as predicted", predicted)])
    found = None
    if either:  # F1 = 2 J / (1 + J) of the share J of rows with the class on both sides among those with it on either
        low, high = intervals.wilson(hits, either)
        found = (2 * low / (1 + low), 2 * high / (1 + high))
    figures = [
        figure("precision", hits / (predicted or 1), intervals.wilson(hits, predicted or 1), taken),
        figure("recall", hits / (rows or 1), intervals.wilson(hits, rows or 1), few),
        figure("f1", 2 * hits / ((rows + predicted) or 1), found, few),
    ]
    if ranking is None:
        return ClassDetail(name=name, rows=rows, predicted=predicted, figures=tuple(figures))
    area, average = ranking.roc_auc, ranking.average_precision
    figures += (
        figure("roc_auc", area, intervals.logistic(area, ranking.roc_pulls), few),
        figure("average_precision", average, intervals.logistic(average, ranking.average_pulls), few),
    )
    return ClassDetail(
        name=name,
        rows=rows,
        predicted=predicted,
        figures=tuple(figures),
        calibration=calibration.bins_of(scores, actual.astype(float), proportions=True),
        roc=ranking.roc(),
        precision_recall=ranking.precision_recall(),
    )


def macro_f1_pulls(confusion: NDArray[np.int64]) -> Matrix:
    """Return the pull of one row on F1 macro, by its actual and its predicted class."""
    import numpy as np

    counts = confusion.astype(np.float64)
    hits, both = np.diagonal(counts), counts.sum(axis=1) + counts.sum(axis=0)
    safe = np.where(both > 0, both, 1.0)
    part = 2 * hits / safe**2
    pulls = -(part[:, None] + part[None, :])
    pulls[np.arange(len(hits)), np.arange(len(hits))] += 2 / safe
    weighted: Matrix = pulls / max(1, int((both > 0).sum()))
    return weighted


def matthews(confusion: NDArray[np.int64]) -> tuple[float | None, Matrix]:
    """Return the Matthews correlation of all classes, and the pull of one row on it by its actual and predicted class.

    None where all rows are of one class, or predicted as one: scikit-learn says 0 of them.
    """
    import numpy as np

    counts = confusion.astype(np.float64)
    rows, hits = counts.sum(), np.trace(counts)
    actual, predicted = counts.sum(axis=1), counts.sum(axis=0)
    top = hits * rows - float(actual @ predicted)
    left, right = rows**2 - float(predicted @ predicted), rows**2 - float(actual @ actual)
    if left <= 0 or right <= 0:
        return (None if right <= 0 else 0.0), np.zeros_like(counts)
    value = top / math.sqrt(left * right)
    # Of a row (i, j): d top = rows * (i == j) + hits - predicted[i] - actual[j]; d left = 2 rows - 2 predicted[j].
    d_top = hits - predicted[:, None] - actual[None, :] + rows * np.eye(len(counts))
    d_left, d_right = 2 * (rows - predicted)[None, :], 2 * (rows - actual)[:, None]
    pulls: Matrix = d_top / math.sqrt(left * right) - value / 2 * (d_left / left + d_right / right)
    return value, pulls


def _by_row(pulls: Matrix, confusion: NDArray[np.int64]) -> Matrix:
    import numpy as np

    spread: Matrix = np.repeat(pulls.ravel(), confusion.ravel())
    centred: Matrix = spread - spread.mean()
    return centred
