"""The figure that stands for a model, of any outputs for the same rows: its value and the pull of each row on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.evaluation.detailed.class_figures import macro_f1_pulls
from reconciler.evaluation.detailed.number_figures import r2_pulls
from reconciler.evaluation.metrics import confusion_of, pinball_of, rates_of

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

Measured = tuple[float, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A figure by name, of which more is better unless it is a `loss`; `measure`: outputs -> value, pulls of rows."""

    name: str
    measure: Callable[[Matrix], Measured]
    loss: bool = False


def of_classes(actual: Any, classes: int, decide: Callable[[Matrix], Any] | None = None) -> Headline:
    """Return F1 macro for outputs that are probabilities (rows, classes); `decide` turns them into classes (None: into
    the most likely ones)."""

    def measure(outputs: Matrix) -> Measured:
        predicted = outputs.argmax(axis=1) if decide is None else decide(outputs)
        confusion = confusion_of(actual, predicted, classes)
        return float(rates_of(confusion.astype(float))["f1_macro"]), macro_f1_pulls(confusion)[actual, predicted]

    return Headline(name="f1_macro", measure=measure)


def of_numbers(actual: Matrix, quantile: float | None, judged: Callable[[Matrix], Matrix]) -> Headline:
    """Return R2, or pinball of a quantile, for outputs that are numbers; `judged` turns them into the judged unit."""
    import numpy as np

    if quantile is not None:

        def pinball(outputs: Matrix) -> Measured:
            losses = pinball_of(judged(outputs), actual, quantile)
            average = float(losses.mean())
            return average, (losses - average) / len(losses)

        return Headline(name="pinball", measure=pinball, loss=True)
    spread = (actual - actual.mean()) ** 2

    def r2(outputs: Matrix) -> Measured:
        squares = (actual - judged(outputs)) ** 2
        pulls = r2_pulls(squares, spread)
        if pulls is None:
            return 0.0, np.zeros(len(actual))
        return 1 - float(squares.sum() / spread.sum()), pulls

    return Headline(name="r2", measure=r2)
