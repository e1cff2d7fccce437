"""How predictions were explained: the method, its scale and what it compared with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_FACTORS = 50
"""Factors of one record, at most: one column each for its name, its value and its effect."""


class ExplanationScale(StrEnum):
    """The scale that effects are told on."""

    VALUE = "value"  # the unit of the outcome
    LOGARITHM = "logarithm of the value"  # 0.69 doubles it
    LOG_ODDS = "log-odds"  # 0.69 doubles the odds of the class
    PROBABILITY = "probability"  # 0.1 is ten percentage points


class ExplanationMethod(StrEnum):
    """How effects were computed."""

    LINEAR = "linear"  # coefficients times the distance from the background's mean: exact
    TREES = "trees"  # Shapley values by the leaves of an ensemble of small trees: exact
    SAMPLED = "sampled"  # Shapley values, by orders of the features drawn with a fixed seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How predictions were explained. `top`: factors of each record at most; `background`: the number of rows, drawn
    from the reference in the artifact, that were compared with; `orders`: of the sampled method, the orders of the
    features that effects are means of; `together`: features that counted as one, since there are too many.
    `followed`: what is done to the probability that is explained before a class is predicted; None: nothing."""

    method: ExplanationMethod
    scale: ExplanationScale
    top: int
    background: int
    orders: int = 0
    together: int = 0
    followed: str | None = None
