"""Find features that are made of a column whose name says that it is known only later: paid, settled, disputed, closed.

A name says that only where the outcome itself is a matter of time: it matures, or its own columns have such names. What
comes through `past` is known at the row's moment, whatever its name.
"""

from __future__ import annotations

from reconciler.core.onboarding.receivables import KNOWN_LATER
from reconciler.data.quality.labelled_rows import LabelledRows


def known_later(rows: LabelledRows) -> dict[str, str]:
    """Return the features that may be known only later, each with the column whose name says so."""
    outcome = {*rows.labels, *filter(None, [rows.recipe.outcome.column])}
    if rows.recipe.outcome.matured is None and not any(map(KNOWN_LATER.fullmatch, outcome)):
        return {}
    found = {}
    for feature, made_of in rows.recipe.features.made_of.items():
        for column in _made_of(made_of, rows):
            if KNOWN_LATER.fullmatch(column):
                found[feature] = column
                break
    return found


def _made_of(feature: str, rows: LabelledRows) -> list[str]:
    """Return the tables' columns that a feature is computed from, other than through `past`, sorted."""
    reached: set[str] = set()
    pending = [feature]
    while pending:
        name = pending.pop()
        if name not in reached and name not in rows.past:
            reached.add(name)
            pending += rows.made_of.get(name, ())
    return sorted(name for name in reached if name not in rows.made_of)
