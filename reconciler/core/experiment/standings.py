"""Compare trials by what their folds found: the order of the table, intervals, and what is not certain.

Folds share training rows, so their figures are not independent: intervals are those of the corrected resampled t-test
(Nadeau and Bengio, 2003). Still, the best of many trials looks better than it is; only a holdout tells how good.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.core.experiment.search_space import Point, ToldResult
from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.spec.experiment.declared_experiment import BOUNDS, METRICS
from reconciler.core.spec.recipe import Recipe

# Two-sided 95 % of Student's t, by degrees of freedom from 1.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTrial:
    """A trial of a run: its number (0: the model as it is), and what its rounds found together."""

    number: int
    arm: int
    recipe: Recipe
    point: Point
    folds: tuple[FoldFigures, ...]
    failed: str | None
    rounds: int
    whole: bool
    """Whether all folds judged it: it was not left out before."""
    size: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean over folds and its 95 % interval; the interval is None of fewer than two folds."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A line of the table. `figure`: of the metric; `better`: how much better than the model as it is, on the same
    folds, with the sign turned so that more is better; None for that model itself and where nothing was judged."""

    trial: ScoredTrial
    figure: Interval | None
    better: Interval | None

    @property
    def certain(self) -> bool:
        """Tell whether the interval of the difference leaves out zero."""
        return leaves_out_zero(self.better)


def leaves_out_zero(difference: Interval | None) -> bool:
    """Tell whether there is an interval, and zero is not in it."""
    if difference is None or difference.low is None or difference.high is None:
        return False
    return difference.low > 0 or difference.high < 0


def values_of(folds: Iterable[FoldFigures], metric: str) -> tuple[float, ...] | None:
    """Return the metric of each fold; None where a fold has none."""
    values = [fold.metric(metric) for fold in folds]
    known = tuple(value for value in values if value is not None)
    return known if known and len(known) == len(values) else None


def interval_of(values: Sequence[float], folds: Sequence[FoldFigures]) -> Interval:
    """Return the mean of one value per fold, and its interval."""
    count, mean = len(values), sum(values) / len(values)
    if count < 2:
        return Interval(mean=mean, low=None, high=None)
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    overlap = sum(fold.judged / fold.trained for fold in folds) / count
    half = _T[min(count - 1, len(_T)) - 1] * math.sqrt(variance * (1 / count + overlap))
    return Interval(mean=mean, low=mean - half, high=mean + half)


def figure_of(values: Sequence[float], folds: Sequence[FoldFigures], metric: str) -> Interval:
    """Return the mean of a metric and its interval, which ends where the metric does."""
    found, (least, most) = interval_of(values, folds), BOUNDS[metric]
    if found.low is None or found.high is None:
        return found
    return replace(found, low=max(least, found.low), high=min(most, found.high))


def score(trial: ScoredTrial, metric: str) -> float | None:
    """Return the mean of the metric, turned so that more is better; None where the trial failed."""
    values = values_of(trial.folds, metric) if trial.failed is None else None
    return None if values is None else sum(values) / len(values) * (1 if METRICS[metric] else -1)


def told(trials: Iterable[ScoredTrial], metric: str) -> tuple[ToldResult, ...]:
    """Return what a search is told of trials, in their order, without the model as it is: it is no point."""
    return tuple(
        ToldResult(point=trial.point, value=score(trial, metric), rounds=None if trial.whole else trial.rounds)
        for trial in trials
        if trial.point
    )


def goes_on(trials: Sequence[ScoredTrial], metric: str) -> frozenset[int]:
    """Return the numbers of the trials of a batch that go on to the next round: the better half, rounded up."""
    return frozenset(trial.number for trial in ranked(trials, metric)[: (len(trials) + 1) // 2])


def ahead_of(other: ScoredTrial, trials: Iterable[ScoredTrial], metric: str) -> frozenset[int]:
    """Return the numbers of the trials that did better than another one on each fold that judged them so far."""
    sign = 1 if METRICS[metric] else -1
    of_other = values_of(other.folds, metric) or ()
    found = ((trial.number, values_of(trial.folds, metric)) for trial in trials if trial.failed is None)
    return frozenset(
        number
        for number, values in found
        if values is not None and all(sign * (a - b) > 0 for a, b in zip(values, of_other, strict=False))
    )


def best(trials: Iterable[ScoredTrial], metric: str) -> ScoredTrial | None:
    """Return the trial that did best on all folds, of equal ones the first; None where none could be trained."""
    return next(iter(ranked((trial for trial in trials if trial.whole), metric)), None)


def ranked(trials: Iterable[ScoredTrial], metric: str) -> list[ScoredTrial]:
    """Return the trials that have the metric, best first, of equal ones the first."""
    known = [trial for trial in trials if score(trial, metric) is not None]
    return sorted(known, key=lambda trial: (-(score(trial, metric) or 0.0), trial.number))


def standings(trials: Sequence[ScoredTrial], metric: str) -> tuple[Standing, ...]:
    """Return the lines of an arm's table: best first, then those left out early, then those that failed.

    The first of the trials is the model as it is.
    """
    base = trials[0]
    of_base = values_of(base.folds, metric)

    def line(trial: ScoredTrial) -> Standing:
        values = values_of(trial.folds, metric) if trial.failed is None else None
        if values is None:
            return Standing(trial=trial, figure=None, better=None)
        better = None
        if of_base is not None and trial is not base:
            sign = 1 if METRICS[metric] else -1
            pairs = zip(values, of_base, strict=False)
            better = interval_of([sign * (value - other) for value, other in pairs], trial.folds)
        return Standing(trial=trial, figure=figure_of(values, trial.folds, metric), better=better)

    def rank(entry: Standing) -> tuple[int, float, int]:
        value = score(entry.trial, metric)
        group = 2 if value is None else 0 if entry.trial.whole else 1
        return group, -(value or 0.0), entry.trial.number

    return tuple(sorted(map(line, trials), key=rank))
