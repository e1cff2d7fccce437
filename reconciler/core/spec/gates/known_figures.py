"""The figures that a gate can bound: of which models each is, what it lies between, and which way is better.

Names are scikit-learn's. `core.evaluation.figures` has their values, `core.artifact.evaluation` those that travel in an
artifact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reconciler.core.spec.comparison import ComparedPart, Comparison
from reconciler.core.spec.recipe import Task

COVERAGE, CALIBRATION_ERROR = "coverage", "expected_calibration_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFigure:
    """A figure of models of one task. `higher` is better; None: nearer to what was asked for is. `quantile`: only of
    models that predict one. `in_unit`: it depends on the unit that an outcome is judged in."""

    task: Task
    low: float = 0.0
    high: float = 1.0
    higher: bool | None = True
    quantile: bool = False
    in_unit: bool = False


_OF_CLASSES, _OF_NUMBERS = Task.CLASSIFICATION, Task.REGRESSION
KNOWN_FIGURES = {
    "accuracy": KnownFigure(task=_OF_CLASSES),
    "balanced_accuracy": KnownFigure(task=_OF_CLASSES),
    "f1_macro": KnownFigure(task=_OF_CLASSES),
    "precision_macro": KnownFigure(task=_OF_CLASSES),
    "recall_macro": KnownFigure(task=_OF_CLASSES),
    "roc_auc": KnownFigure(task=_OF_CLASSES),
    "average_precision": KnownFigure(task=_OF_CLASSES),
    "log_loss": KnownFigure(task=_OF_CLASSES, high=math.inf, higher=False),
    "brier": KnownFigure(task=_OF_CLASSES, high=2.0, higher=False),
    CALIBRATION_ERROR: KnownFigure(task=_OF_CLASSES, higher=False),
    "matthews": KnownFigure(task=_OF_CLASSES, low=-1.0),
    "r2": KnownFigure(task=_OF_NUMBERS, low=-math.inf, in_unit=True),
    "mae": KnownFigure(task=_OF_NUMBERS, high=math.inf, higher=False, in_unit=True),
    "rmse": KnownFigure(task=_OF_NUMBERS, high=math.inf, higher=False, in_unit=True),
    "pinball": KnownFigure(task=_OF_NUMBERS, high=math.inf, higher=False, quantile=True, in_unit=True),
    COVERAGE: KnownFigure(task=_OF_NUMBERS, higher=None, quantile=True),
}
OF_ONE_CLASS = ("precision", "recall", "f1", "roc_auc", "average_precision")
"""`recall:<class>` is the figure of one class against all others."""


def known_figure(name: str) -> KnownFigure | None:
    """Return what is known of a figure by its name; None where there is no such figure."""
    kind, colon, label = name.partition(":")
    if colon:
        return KnownFigure(task=_OF_CLASSES) if kind in OF_ONE_CLASS and label else None
    return KNOWN_FIGURES.get(name)


def as_it_moved(name: str, compared: Comparison | ComparedPart) -> tuple[str, float, float, float]:
    """Return the name of a figure, how it differs between two models that were compared, and the interval.

    A loss that rose by 0.1 is told as +0.1, as the two values beside it say, where the comparison's own difference is
    -0.1, because less is better. Of coverage, of which nearer to the quantile is better, the name says so.
    """
    known = known_figure(name)
    difference, lower, upper = (each or 0.0 for each in (compared.difference, compared.lower, compared.upper))
    if known is not None and known.higher is False:
        return name, -difference or 0.0, -upper or 0.0, -lower or 0.0
    return (f"nearness of {name}" if known is not None and known.higher is None else name), difference, lower, upper


def is_of_task(name: str, task: Task | None) -> bool:
    """Tell whether models of a task (None: it is not known) have a figure; an unknown one is taken to be of any."""
    known = known_figure(name)
    return known is None or task is None or known.task is task
