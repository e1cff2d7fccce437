"""Compute metrics from counts. Names and definitions are scikit-learn's (sklearn.metrics); `zero_division` is 0.

`confusion[i][j]`: rows of class i predicted as j, classes in declared order. F1, precision and recall macro average
over the declared classes that occur among the actual or predicted ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reconciler.core.artifact.evaluation import (
    ClassScore,
    Evaluation,
    Influence,
    grade_classification,
    grade_regression,
)
from reconciler.core.digest import Digest
from reconciler.core.evaluation.quantiles import grade_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

_SMALLEST = 2.220446049250313e-16  # probabilities are clipped to [eps, 1 - eps], as scikit-learn does


def confusion_of(actual: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count the rows of class i predicted as j: an array of shape (classes, classes)."""
    import numpy as np

    return np.bincount(actual * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def rates_of(confusion: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Compute the rates of one confusion matrix, or of a stack of them (…, k, k): arrays of shape (…) or (…, k).

    Balanced accuracy is the mean recall of the classes that occur; rates with a zero denominator are 0.
    """
    import numpy as np

    counts = confusion.astype(np.float64)
    correct = np.diagonal(counts, axis1=-2, axis2=-1)
    actual, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    precision, recall = _share(correct, predicted), _share(correct, actual)
    f1 = _share(2 * correct, actual + predicted)
    total = counts.sum(axis=(-2, -1))
    occurs = (actual + predicted) > 0
    return {
        "accuracy": _share(correct.sum(axis=-1), total),
        "balanced_accuracy": _mean(recall, actual > 0),
        "f1_macro": _mean(f1, occurs),
        "precision_macro": _mean(precision, occurs),
        "recall_macro": _mean(recall, occurs),
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def correlation_of(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the Matthews correlation of one confusion matrix, or of a stack of them (…, k, k); where all rows are
    predicted as one class 0, as scikit-learn says, and where all are of one class NaN, since nothing is told apart."""
    import numpy as np

    counts = confusion.astype(np.float64)
    hits, rows = np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1))
    actual, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    top = hits * rows - (actual * predicted).sum(axis=-1)
    left, right = rows**2 - (predicted**2).sum(axis=-1), rows**2 - (actual**2).sum(axis=-1)
    found = np.divide(top, np.sqrt(left * right), out=np.zeros_like(top), where=(left > 0) & (right > 0))
    return np.where(right > 0, found, np.nan)


def log_loss_of(probabilities: Matrix, actual: NDArray[np.int64]) -> Matrix:
    """Compute the log loss of each row, in nats: -log of the probability given to the actual class."""
    import numpy as np

    chosen = np.clip(probabilities[np.arange(len(actual)), actual], _SMALLEST, 1 - _SMALLEST)
    return -np.log(chosen)


def metrics_of(rates: dict[str, NDArray[np.float64]], losses: Matrix, classes: tuple[str, ...]) -> dict[str, float]:
    """Return every metric of a classification by its name.

    `rates` are those of one confusion matrix (`rates_of`), `losses` those of its rows (`log_loss_of`).
    """
    metrics = {name: float(value) for name, value in rates.items() if value.ndim == 0}
    metrics["log_loss"] = float(losses.mean())
    for index, name in enumerate(classes):
        for kind in ("precision", "recall", "f1"):
            metrics[f"{kind}:{name}"] = float(rates[kind][index])
    return metrics


def evaluate_classes(
    *,
    probabilities: Matrix,
    actual: NDArray[np.int64],
    training_labels: NDArray[np.int64],
    classes: tuple[str, ...],
    influences: tuple[Influence, ...],
    evaluation_rows: Digest,
    holdout_from: str | None,
    decided: NDArray[np.intp] | None = None,
) -> Evaluation:
    """Evaluate a classification from its probabilities (rows, classes) and the classes `decided` on (None: the most
    likely ones).

    The naive guess is the most frequent class of the training rows (the first of equals), on the same holdout.
    """
    import numpy as np

    predicted = probabilities.argmax(axis=1) if decided is None else decided
    confusion = confusion_of(actual, predicted, len(classes))
    rates = rates_of(confusion.astype(np.float64))
    metrics = metrics_of(rates, log_loss_of(probabilities, actual), classes)
    naive = float(np.mean(actual == np.bincount(training_labels, minlength=len(classes)).argmax()))
    accuracy = float(rates["accuracy"])
    rows = confusion.sum(axis=1)
    return Evaluation(
        task="classification",
        rows=len(actual),
        training_rows=len(training_labels),
        classes=tuple(
            ClassScore(
                name=name,
                rows=int(rows[index]),
                precision=float(rates["precision"][index]),
                recall=float(rates["recall"][index]),
                f1=float(rates["f1"][index]),
            )
            for index, name in enumerate(classes)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        metrics=_finite(metrics),
        naive=naive,
        errors_removed=removed(naive_error=1 - naive, error=1 - accuracy),
        grade=grade_classification(accuracy, tuple(float(count) / len(actual) for count in rows)),
        influences=influences,
        evaluation_rows=evaluation_rows,
        holdout_from=holdout_from,
    )


def evaluate_numbers(
    *,
    predicted: Matrix,
    actual: Matrix,
    training_values: Matrix,
    influences: tuple[Influence, ...],
    evaluation_rows: Digest,
    holdout_from: str | None,
    quantile: float | None = None,
) -> Evaluation:
    """Evaluate a regression from its predictions.

    The naive guess is the mean of the training rows; its errors are measured by MAE. Of a model of a `quantile` it is
    that quantile of the training rows; its errors are measured by pinball, and the grade is given by that.
    """
    import numpy as np

    metrics = numbers_of(predicted, actual, quantile)
    if quantile is None:
        naive, error = float(np.abs(actual - training_values.mean()).mean()), metrics["mae"]
        grade = grade_regression(metrics["r2"])
    else:
        guess = np.full(len(actual), np.quantile(training_values, quantile))
        naive, error = float(pinball_of(guess, actual, quantile).mean()), metrics["pinball"]
        share = removed(naive_error=naive, error=error)
        grade = grade_quantile(share, metrics["coverage"], len(actual), quantile).grade
    return Evaluation(
        task="regression",
        rows=len(actual),
        training_rows=len(training_values),
        classes=(),
        confusion=(),
        metrics=_finite(metrics),
        naive=naive,
        errors_removed=removed(naive_error=naive, error=error),
        grade=grade,
        influences=influences,
        evaluation_rows=evaluation_rows,
        holdout_from=holdout_from,
        quantile=quantile,
    )


def pinball_of(predicted: Matrix, actual: Matrix, quantile: float) -> Matrix:
    """Compute the pinball loss of each row (scikit-learn's `mean_pinball_loss`)."""
    import numpy as np

    above: Matrix = actual - predicted
    return np.where(above >= 0, quantile * above, (quantile - 1) * above)


def numbers_of(predicted: Matrix, actual: Matrix, quantile: float | None = None) -> dict[str, float]:
    """Compute MAE, RMSE and R2 of predictions; R2 is NaN when the actual values are all the same. Of a quantile pinball
    and coverage, too."""
    import numpy as np

    errors = actual - predicted
    spread = float(((actual - actual.mean()) ** 2).sum())
    of_quantile = {}
    if quantile is not None:
        of_quantile["pinball"] = float(pinball_of(predicted, actual, quantile).mean())
        of_quantile["coverage"] = float((actual <= predicted).mean())
    return {
        **of_quantile,
        "mae": float(np.abs(errors).mean()),
        "rmse": float(np.sqrt((errors**2).mean())),
        "r2": 1 - float((errors**2).sum()) / spread if spread > 0 else math.nan,
    }


def removed(*, naive_error: float, error: float) -> float:
    """Return the share of the naive guess's errors that the model removes; negative when it makes more.

    0 when the naive guess makes no errors.
    """
    return (naive_error - error) / naive_error if naive_error > 0 else 0.0


def _finite(metrics: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the defined metrics, sorted by name: an absent metric never passes a gate."""
    return tuple(sorted((name, value) for name, value in metrics.items() if math.isfinite(value)))


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _mean(values: NDArray[np.float64], counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    return _share((values * counted).sum(axis=-1), counted.sum(axis=-1).astype(float))
