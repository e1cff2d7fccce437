"""Weigh known outcomes against a promise, so that anybody may look every day and stop at any time.

The losses of the holdout and of live rows (each from 0 to 1) are held to be of one unknown rate: of that rate the
holdout says as much as its rows can, so that a promise from few rows counts for little. Against that stands, for each
day from which the model may have got worse, that the odds of a loss were higher from then on by one of SHIFTS. What
came before that day, the holdout and the good days, is what those later days are compared with: a long good past makes
a change easier to see, and never hides it.

`evidence` is a weighted sum of likelihood ratios, one per day. While the promise is kept, its mean is at most 1 over
the first DAYS days, so by Ville's and Doob's inequalities it reaches LIMIT in at most one of LIMIT such periods,
however often it is looked at: on average over the rates that the holdout leaves open, and by simulation at each of
them. Losses between 0 and 1 vary less than losses of 0 and 1 with the same mean: there it errs to the cautious side.

Sources: H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 41 (1970)
(mixtures that may be looked at at any time); J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework
for sequential change detection", New England J. Stat. Data Sci. 2 (2024) (sums over the day of the change); R. Turner,
A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests", Stat. Probab. Lett. 191 (2022).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 16.0
"""From this evidence on a model counts as worse than promised: one false alarm in LIMIT periods of DAYS days."""
DAYS = 60
SHIFTS = ((0.28, 0.7), (0.55, 0.25), (1.1, 0.05))
"""By how much the odds of a loss may have risen (as logarithms), from a few points of accuracy to a great many, and the
weight of each. Most of it is on the smallest: what is gross shows with little weight, too."""
_AT_ONCE = 0.05  # of the weight: that it was worse from the first day on
_LOG_AT_ONCE = math.log(_AT_ONCE)
_LOG_LATER = math.log((1 - _AT_ONCE) / DAYS)
_PRIOR = 0.5  # Jeffreys' prior of a rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Rows whose outcomes are known, and the sum of their losses."""

    rows: int
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`log`: natural logarithm of the evidence; `since`: the position of the day from which on it is strongest."""

    log: float
    since: int | None

    @property
    def reaches_limit(self) -> bool:
        """Tell whether the promise is not kept."""
        return self.log >= math.log(LIMIT)


NOTHING = Evidence(log=-math.inf, since=None)


def evidence(promised: Losses, days: Sequence[Losses]) -> Evidence:
    """Return the evidence that the rate of losses rose above that of the holdout. `days`: in order of time."""
    rows, loss = promised.rows + sum(day.rows for day in days), promised.loss + math.fsum(day.loss for day in days)
    whole = _log_beta(loss + _PRIOR, rows - loss + _PRIOR)
    before_rows, before_loss = float(promised.rows), promised.loss
    logs: list[float] = []
    for position, day in enumerate(days):
        since_rows, since_loss = rows - before_rows, loss - before_loss
        weight = _LOG_AT_ONCE if position == 0 else _LOG_LATER
        logs.append(
            weight + _log_ratio(before_rows, before_loss, since_rows, since_loss, whole) if day.rows else -math.inf
        )
        before_rows, before_loss = before_rows + day.rows, before_loss + day.loss
    if not logs or (strongest := max(logs)) == -math.inf:
        return NOTHING
    return Evidence(log=strongest + _log_sum(logs, strongest), since=logs.index(strongest))


def _log_ratio(before_rows: float, before_loss: float, rows: float, loss: float, whole: float) -> float:
    """Return how much likelier the losses since a day are with a risen rate. `whole`: of all rows under one rate."""
    a, b = max(before_loss, 0.0) + _PRIOR, max(before_rows - before_loss, 0.0) + _PRIOR
    known, odds = a + b, a / b
    same_rate = whole - _log_beta(a, b)
    logs = []
    for shift, weight in SHIFTS:
        risen = odds * math.exp(shift)
        worse = known * risen / (1 + risen)
        better = known - worse
        ratio = _log_beta(worse + loss, better + max(rows - loss, 0.0)) - _log_beta(worse, better) - same_rate
        logs.append(math.log(weight) + ratio)
    strongest = max(logs)
    return strongest + _log_sum(logs, strongest)


def _log_sum(logs: Sequence[float], largest: float) -> float:
    return math.log(math.fsum(math.exp(each - largest) for each in logs))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
