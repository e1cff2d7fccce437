"""The figures of a regression, each with its interval or why it has none; of a quantile also pinball and coverage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.too_few import too_few
from reconciler.core.evaluation.units import InverseStep
from reconciler.evaluation.detailed import intervals
from reconciler.evaluation.metrics import pinball_of

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


def figures_of(predicted: Matrix, actual: Matrix, quantile: float | None) -> tuple[Figure, ...]:
    """Return R2, MAE, RMSE and the mean error (predicted - actual); of a quantile first pinball and coverage."""
    import numpy as np

    few = too_few(len(actual))
    errors = predicted - actual
    if not np.isfinite(errors).all():
        why = "some predictions are too large to be turned into this unit"
        return tuple(Figure(name=name, value=None, why=why) for name in ("r2", "mae", "rmse", "mean_error"))
    squares, spread = errors**2, (actual - actual.mean()) ** 2
    mean_square = float(squares.mean())
    figures = [
        _r2(squares, spread, few),
        figure("mae", float(np.abs(errors).mean()), intervals.mean(np.abs(errors)), few),
        figure("rmse", math.sqrt(mean_square), _root(squares), few),
        figure("mean_error", float(errors.mean()), intervals.mean(errors), few),
    ]
    if quantile is None:
        return tuple(figures)
    losses, covered = pinball_of(predicted, actual, quantile), int((actual <= predicted).sum())
    return (
        figure("pinball", float(losses.mean()), intervals.mean(losses), few),
        figure("coverage", covered / len(actual), intervals.wilson(covered, len(actual)), few),
        *figures,
    )


def r2_pulls(squares: Matrix, spread: Matrix) -> Matrix | None:
    """Return the pull of each row on R2; None where all values are equal."""
    total = float(spread.sum())
    if not total > 0:
        return None
    pulls: Matrix = (float(squares.sum()) / total * spread - squares) / total
    return pulls


def _r2(squares: Matrix, spread: Matrix, few: str | None) -> Figure:
    pulls = r2_pulls(squares, spread)
    if pulls is None:
        return Figure(name="r2", value=None, why="all actual values are equal")
    unexplained = float(squares.sum() / spread.sum())
    interval = intervals.logarithmic(unexplained, pulls)
    around = (1 - interval[1], 1 - interval[0]) if interval is not None else None
    return figure("r2", 1 - unexplained, around, few)


def _root(squares: Matrix) -> intervals.Interval | None:
    interval = intervals.mean(squares)
    return (math.sqrt(max(0.0, interval[0])), math.sqrt(interval[1])) if interval is not None else None


def removed(errors: Matrix, naive: Matrix) -> Figure:
    """Return the share of the naive guess's errors that the model removes, of both on the same rows."""
    few, theirs, ours = too_few(len(errors)), float(naive.mean()), float(errors.mean())
    if not theirs > 0:
        return Figure(name="errors_removed", value=0.0, why="the naive guess makes no errors")
    ratio = ours / theirs
    interval = intervals.logarithmic(ratio, (errors - ratio * naive) / (theirs * len(errors)))
    around = (1 - interval[1], 1 - interval[0]) if interval is not None else None
    return figure("errors_removed", 1 - ratio, around, few)


def figure(name: str, value: float, interval: intervals.Interval | None, few: str | None) -> Figure:
    """Return a figure with its interval, or with why it has none."""
    if few is not None:
        return Figure(name=name, value=float(value), why=few)
    if interval is None:
        return Figure(name=name, value=float(value), why="the rows do not vary in it")
    return Figure(name=name, value=float(value), low=float(interval[0]), high=float(interval[1]))


def untransformed(values: Matrix, steps: tuple[InverseStep, ...]) -> Matrix:
    """Return the values in the unit that they are judged in; infinite where one is too large for it.

    A prediction that no value of the unit has (below 0 where a root is predicted) counts as the nearest that one has.
    """
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for step in steps:
            match step.function:
                case "":
                    values = (values - step.shift) / step.factor
                case "ln":
                    values = np.exp(values)
                case "log10":
                    values = np.power(10.0, values)
                case "log2":
                    values = np.exp2(values)
                case "sqrt":
                    values = np.maximum(values, 0.0) ** 2
                case "exp":
                    values = np.log(np.maximum(values, np.finfo(np.float64).tiny))
                case other:
                    raise AssertionError(other)
    return values
