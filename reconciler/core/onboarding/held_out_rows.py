"""Decide which rows of an unknown table are held out, and say how much a score on so many is worth."""

from __future__ import annotations

import math

from reconciler.core.artifact.evaluation import points_off
from reconciler.core.onboarding.row_moment import FEWEST_DAYS
from reconciler.core.onboarding.table_profile import TableProfile
from reconciler.core.quality.checks import TOO_FEW
from reconciler.core.quality.rules import FEWEST_ROWS
from reconciler.core.spec.recipe import FEWEST_HELD_OUT, FEWEST_TRAINED, Holdout

FEWEST_KNOWN = FEWEST_TRAINED + FEWEST_HELD_OUT
_HELD_OUT = 0.2


def judged_rows(known: int) -> int:
    """Return about how many rows are held out of `known` rows with an outcome."""
    return round(_HELD_OUT * known)


def shared_rows(judged: int) -> int:
    """Return how many rows two versions share for certain, of about `judged` rows: a gate can ask for that many.

    A random holdout varies by the root of its size, and later versions also share fewer rows with older ones.
    """
    surely = int(judged - 2.5 * math.sqrt(judged))
    return max(1, surely - surely % 5 if surely > 10 else surely)


def holdout_of(profile: TableProfile, at: str | None, passed_over: str = "") -> tuple[Holdout, str]:
    """Return the rows to hold out, and the reason. `passed_over`: a date that does not order the rows, and why."""
    if at is not None and profile.column(at).distinct >= FEWEST_DAYS:
        why = "the newest rows, which training does not see: as the model will be used"
        return Holdout(last=_HELD_OUT, by=at), why
    fifth = "a random fifth is held out: always the same rows, by key"
    return Holdout(random=_HELD_OUT), f"{passed_over or 'no date orders the rows'}, so {fifth}"


def too_few(judged: int, known: int) -> str:
    """Say that so few rows are held out that a score says little; empty where they are enough.

    `known`: the rows with an outcome, of which training asks for some.
    """
    off = points_off(judged)
    if off is None:
        return ""
    told = (
        f"; that is about {judged:,} row{'s' * (judged != 1)}, so few that a score of this model, also a perfect one,"
        f" says little (it may be {off} points off): do not trust it before the table has a few hundred rows"
    )
    if known >= FEWEST_ROWS:
        return told
    if known >= FEWEST_KNOWN:
        return (
            f"{told}; with fewer than {FEWEST_ROWS} rows the check {TOO_FEW} stops `apply`: wait for more, or switch it"
            f" off here, `checks: {{off: {{{TOO_FEW}: WHY}}}}`, and let production allow that,"
            f" `policy: {{checks: [{TOO_FEW}]}}`"
        )
    return f"{told}; `apply` trains no model on fewer than {FEWEST_KNOWN} rows with an outcome, and there are {known:,}"
