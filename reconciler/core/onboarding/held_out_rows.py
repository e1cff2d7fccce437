"""Decide which rows of an unknown table are held out, and say how much a score on so many is worth."""

from __future__ import annotations

import math

from reconciler.core.onboarding.row_moment import FEWEST_DAYS
from reconciler.core.onboarding.table_profile import TableProfile
from reconciler.core.spec.recipe import Holdout

FEWEST_JUDGED = 50  # rows of a holdout from which a score says something
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


def too_few(judged: int) -> str:
    """Say that so few rows are held out that a score says little; empty where they are enough."""
    if judged >= FEWEST_JUDGED:
        return ""
    wrong = 100 * min(0.5, 1 / math.sqrt(max(1, judged)))
    return (
        f"; that is about {judged:,} rows, so few that a score of this model, also a perfect one, says little"
        f" (it may be {wrong:.0f} points off): do not trust it before the table has a few hundred rows"
    )
