"""Choose the estimator of a first model by its scores on folds of the training rows, and say how sure that is. Pure.

Scores of two estimators are compared fold by fold. What differs by no more than the standard error of these
differences is within the noise, and there the simplest is taken, unless that would give up more than a point: folds of
few rows are so noisy that the better one is still the better guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from reconciler.core.onboarding.estimator_options import BALANCED, EstimatorOption

POINT = 0.01
_LEANS = "Balanced: each class counts alike in training, so the probabilities lean towards rare classes."


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedEstimator:
    """An option with its score on each fold; without scores, `failed` says why."""

    option: EstimatorOption
    scores: tuple[float, ...]
    failed: str | None = None

    @property
    def score(self) -> str:
        """Return mean and spread as a person reads them, or why there is no score."""
        return f"{self.mean:.3f} (spread {self.spread:.3f})" if self.scores else self.failed or "no score"

    @property
    def mean(self) -> float:
        """Return the mean score."""
        return fmean(self.scores)

    @property
    def spread(self) -> float:
        """Return the standard deviation over the folds."""
        return stdev(self.scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The estimators that were tried, the simplest first, on the same folds.

    `rows`: training rows, of `all_rows`; `metric`: of the scores, higher is better; `guess`: the scores of a blind
    guess; `in_time`: whether each fold lies after what it was trained on.
    """

    tried: tuple[TriedEstimator, ...]
    metric: str
    guess: tuple[float, ...]
    rows: int
    all_rows: int
    in_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorChoice:
    """The option that was taken, why in one line and in sentences for the manifest, and all that were tried."""

    taken: EstimatorOption
    why: str
    sentences: tuple[str, ...]
    tried: tuple[TriedEstimator, ...]


def choose(trial: Trial) -> EstimatorChoice | None:
    """Return the best option, or the simplest that is as good as one can see; None where no option has a score."""
    scored = [entry for entry in trial.tried if entry.scores]
    if not scored:
        return None
    best = max(scored, key=lambda entry: entry.mean)
    taken = next(entry for entry in scored if _is_as_good(entry, best))
    word = _why_taken(taken, best, len(scored))
    told = ", ".join(f"{entry.option.name} {entry.score}" for entry in sorted(scored, key=lambda entry: -entry.mean))
    scores = f"{trial.metric} on {_folds(trial)}: {told}; {_blind(trial, best)}"
    why = f"{word}; {scores}a first choice; the manifest lists the others"
    sentences = (
        f"A first choice, by {trial.metric} on {_folds(trial)}, mean and spread; no held-out row was looked at.",
        f"Taken: {word}.{' ' + _LEANS if taken.option.name.endswith(BALANCED) else ''}",
        *([f"{blind[0].upper()}{blind[1:-2]}."] if (blind := _blind(trial, best)) else []),
        "To change it, write the line of another:",
    )
    return EstimatorChoice(taken=taken.option, why=why, sentences=sentences, tried=trial.tried)


def _is_as_good(entry: TriedEstimator, best: TriedEstimator) -> bool:
    """Tell whether the best is better by no more than the noise, and by no more than a point."""
    return best.mean - entry.mean <= min(noise(best.scores, entry.scores), POINT)


def noise(scores: Sequence[float], others: Sequence[float]) -> float:
    """Return the standard error of the mean difference of two scores on the same folds."""
    differences = [score - other for score, other in zip(scores, others, strict=True)]
    return stdev(differences) / math.sqrt(len(differences))


def _why_taken(taken: TriedEstimator, best: TriedEstimator, count: int) -> str:
    if taken is best:
        return f"{taken.option.name}, the best of {count}"
    apart = f"{best.mean - taken.mean:.3f} +/- {noise(best.scores, taken.scores):.3f}"
    near = f"the best of {count} ({best.option.name}, by {apart})"
    return f"{taken.option.name}, the simplest within the noise, and a point, of {near}"


def _folds(trial: Trial) -> str:
    count = max(len(entry.scores) for entry in trial.tried)
    sample = f" (a sample of {trial.all_rows:,})" if trial.rows < trial.all_rows else ""
    return f"{count} folds {'in time ' * trial.in_time}within {trial.rows:,} training rows{sample}"


def _blind(trial: Trial, best: TriedEstimator) -> str:
    """Say that the best is no better than a blind guess, where it is so."""
    if best.mean - fmean(trial.guess) > noise(best.scores, trial.guess):
        return ""
    return (
        f"none is surely better than a blind guess ({fmean(trial.guess):.3f}): the columns may not tell the outcome; "
    )
