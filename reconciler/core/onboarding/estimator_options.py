"""The few estimators of which `init` chooses one, by name, the simplest first; and the one where none can be tried.

Balanced ones weigh each class alike: where classes are uneven they find the rare ones, and their probabilities lean
towards them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.spec.recipe import Estimator, Param, Task
from reconciler.errors import UsageError

WIDE = 200  # features above which a forest, which looks at a few of them at a time, misses the few that matter
SMALL = 5000  # rows below which a random forest is the safer choice: boosting overfits few rows
_EVEN = 0.8  # of an equal share: from there on, weights by class change next to nothing
FOLDS = 5
SECONDS = 8  # of one processor, in which all that is tried is trained on all folds
_MOST_ROWS, _FEWEST_ROWS = 10_000, 1_000
_MOST_REPEATS = 3
DEFAULT = "default"
BALANCED = "-balanced"

# name -> the class that predicts classes, the one that predicts numbers, and the parameters of either
_LEARNERS: dict[str, tuple[str, str, Mapping[str, Param], Mapping[str, Param]]] = {
    "linear": ("LogisticRegression", "Ridge", {"max_iter": 1000}, {}),
    "boosting": (
        *("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        *({"learning_rate": 0.05, "max_iter": 150},) * 2,
    ),
    "forest": (
        *("RandomForestClassifier", "RandomForestRegressor"),
        *({"min_samples_leaf": 3, "n_estimators": 200},) * 2,
    ),
}
NAMES = (*_LEARNERS, *(f"{name}{BALANCED}" for name in _LEARNERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorOption:
    """An estimator that a first model may begin with. `name`: as `init --estimator` takes it."""

    name: str
    estimator: Estimator


def named(name: str, task: Task) -> EstimatorOption:
    """Return the option of this name. Raises UsageError E801 where it is not for the task."""
    learner, _, _ = name.partition("-")
    is_balanced = name.endswith(BALANCED)
    if is_balanced and task is Task.REGRESSION:
        message = f"{name} weighs classes, and the outcome is a number"
        raise UsageError(message, code="E801", hint=f"write --estimator {learner}")
    classifier, regressor, *params = _LEARNERS[learner]
    numbers = task is Task.REGRESSION
    weights = {"class_weight": "balanced"} if is_balanced else {}
    estimator = Estimator(
        uses="sklearn",
        class_name=regressor if numbers else classifier,
        params=tuple(sorted({**params[numbers], **weights}.items())),
    )
    return EstimatorOption(name=name, estimator=estimator)


def options_for(task: Task, *, rows: int, columns: int, classes: Sequence[int] = ()) -> tuple[EstimatorOption, ...]:
    """Return the options to try on so many training rows, the simplest first. `classes`: the rows of each class.

    Left out is what takes too long; none are tried where that is the default.
    """
    learners = [*_learners(task, rows=rows, columns=columns, classes=len(classes))]
    if default_for(task, rows, columns)[0].name not in learners:
        return ()
    if classes and min(classes) * len(classes) < _EVEN * sum(classes):
        learners += [f"{learner}{BALANCED}" for learner in learners]
    return tuple(named(learner, task) for learner in learners)


def most_rows(task: Task, *, rows: int, columns: int, classes: int) -> int:
    """Return how many of so many training rows to try options on, so that all of it takes some seconds."""
    learners = [*_learners(task, rows=rows, columns=columns, classes=classes)]
    most = _MOST_ROWS
    while most > _FEWEST_ROWS and _seconds(learners, task, most, columns, classes) > SECONDS:
        most -= most // 4
    return most


def repeats_for(task: Task, *, rows: int, columns: int, classes: int) -> int:
    """Return how often folds of so many rows are cut anew: a single cut of few rows says little."""
    learners = [*_learners(task, rows=rows, columns=columns, classes=classes)]
    if rows >= _FEWEST_ROWS:
        return 1
    return max(1, min(_MOST_REPEATS, int(SECONDS / _seconds(learners, task, rows, columns, classes))))


def _learners(task: Task, *, rows: int, columns: int, classes: int) -> Iterator[str]:
    """Yield the learners that may be tried: each by itself takes no more than twice the time."""
    yield "linear"
    few = min(rows, _FEWEST_ROWS)
    if _seconds(["boosting"], task, few, columns, classes) <= 2 * SECONDS:
        yield "boosting"
    if rows < SMALL and columns <= WIDE:
        yield "forest"


def _seconds(learners: Sequence[str], task: Task, rows: int, columns: int, classes: int) -> float:
    """Return about how long learners take on all folds of so many rows, with and without weights, on one processor.

    Measured on a processor of 2020; counted and not timed, so that the choice is the same on every machine.
    """
    of_class = classes if classes > 2 else 1
    fits = {
        "linear": 0.01 + 2e-6 * rows * columns * of_class,
        "boosting": 150 * of_class * (0.0008 + 9e-5 * columns * min(1, rows / 800)),
        "forest": 0.3 + (1.25e-4 * rows * columns if task is Task.REGRESSION else 1.6e-4 * rows * math.sqrt(columns)),
    }
    weights = 1 if task is Task.REGRESSION else 2
    return FOLDS * weights * sum(fits[learner] for learner in learners)


def default_for(task: Task, rows: int, columns: int) -> tuple[EstimatorOption, str]:
    """Return the option by the table's size alone, and the reason."""
    if rows < SMALL and columns <= WIDE:
        return named("forest", task), f"a random forest is robust on few rows ({rows:,})"
    if columns > WIDE:
        why = f"boosting looks at all {columns:,} columns at every split: a forest may miss the few that matter"
    else:
        why = f"boosting handles {rows:,} rows, missing values and categories as they are"
    return named("boosting", task), why
