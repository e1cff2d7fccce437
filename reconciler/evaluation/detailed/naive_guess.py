"""The naive guess on the rows that are judged, and how much of its errors a model removes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import NaiveGuess
from reconciler.evaluation.detailed import number_figures
from reconciler.evaluation.metrics import pinball_of

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

GOAL = 0.5  # the share of the naive guess's errors that a model should remove


def guessed_class(own: Evaluation) -> int:
    """Return the place of the class that was the most frequent in training.

    The artifact does not name that class, but says how often it occurs in its own holdout.
    """
    rows = [score.rows for score in own.classes]
    total = sum(rows)
    likely = [n for n, count in enumerate(rows) if total and math.isclose(count / total, own.naive, abs_tol=1e-9)]
    return likely[0] if likely else max(range(len(rows)), key=rows.__getitem__)


def of_classes(right: Matrix, actual: Any, own: Evaluation, names: tuple[str, ...]) -> NaiveGuess:
    """Return the guess of the class that was the most frequent in training; `right`: 1 for each row predicted right."""
    guessed = guessed_class(own)
    wrong = (actual != guessed).astype(float)
    removed = number_figures.removed(1.0 - right, wrong)
    value = 1.0 - float(wrong.mean())
    return NaiveGuess(
        guess=f"always guessing {names[guessed]}",
        figure="accuracy",
        value=value,
        removed=removed,
        goal=1 - (1 - value) * (1 - GOAL),
        reached=reached(removed),
    )


def of_numbers(
    predicted: Matrix, actual: Matrix, own: Evaluation | None, quantile: float | None
) -> tuple[NaiveGuess, Matrix]:
    """Return the guess of one number, and the model's error of each row as it is measured: absolute, or pinball.

    `own`: what the artifact says of the guess of the training rows' mean, or quantile, on these very rows; None where
    it says nothing of them. Then the guess is that of the judged rows themselves, which is harder to beat.
    """
    import numpy as np

    name = "mean" if quantile is None else f"{100 * quantile:g} % quantile"
    guess = float(actual.mean()) if quantile is None else float(np.quantile(actual, quantile))
    if quantile is None:
        figure, errors, naive = "mae", np.abs(actual - predicted), np.abs(actual - guess)
    else:
        losses = (pinball_of(values, actual, quantile) for values in (predicted, np.full(1, guess)))
        figure, (errors, naive) = "pinball", losses
    value, whose = float(naive.mean()), "these rows"
    known = own is not None and (own.quantile is not None) == (quantile is not None)
    if own is not None and known:
        # Of the guess only its mean error is known: its rows are taken to vary as those of the guess above do.
        naive = naive * (own.naive / value) if value > 0 else naive
        value, whose = own.naive, "the training rows"
    finite = bool(np.isfinite(errors).all())
    why = "some predictions are too large to be turned into this unit"
    removed = number_figures.removed(errors, naive) if finite else Figure(name="errors_removed", value=None, why=why)
    return (
        NaiveGuess(
            guess=f"always guessing the {name} of {whose}",
            figure=figure,
            value=value,
            removed=removed,
            goal=value * (1 - GOAL),
            reached=reached(removed),
        ),
        errors,
    )


def reached(removed: Figure) -> bool | None:
    """Tell whether the goal is reached; None where the interval holds it."""
    if removed.value is None or removed.holds(GOAL):
        return None
    return removed.value >= GOAL
