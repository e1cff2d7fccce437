"""Why a grade was given, and the naive guess that a model is held against.

Whoever says a grade in a line imports this, and not the evaluation in full nor the gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.evaluation.figures import Figure
from reconciler.core.spec.grade import Grade


class GradedBy(StrEnum):
    """What a grade was given by."""

    SKILL = "skill over chance"
    R2 = "R2"
    QUANTILE = "pinball and coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeReason:
    """A grade and the sentence of why. `value`: of what it was given `by`. `advice`: what to do about it."""

    grade: Grade
    by: GradedBy
    value: float | None
    reason: str
    advice: str
    too_good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveGuess:
    """The naive guess on the same rows. `guess`: what it is, in words. `figure`: what its errors are measured by, as
    `value`. `removed`: the share of its errors that the model removes. `goal`: the value of `figure` at which half of
    its errors are removed; `reached`: None where the interval holds the goal, so that these rows cannot tell."""

    guess: str
    figure: str
    value: float
    removed: Figure
    goal: float
    reached: bool | None
