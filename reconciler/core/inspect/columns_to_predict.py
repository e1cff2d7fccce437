"""Say which columns rows to predict need, and which only an outcome needs, which these rows do not have yet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.core.spec.recipe import Recipe

ColumnsOf = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsToPredict:
    """Columns of a recipe by what reads them, themselves or those derived from them; `as_of` is none.

    `outcome`: read by the outcome or the split into training and holdout rows. `past`: by what `past` knows of earlier
    rows. `features`: by the features of the row itself. `asked`: by conditions on rows to predict. `reads`: what each
    derived column reads itself.
    """

    outcome: frozenset[str]
    past: frozenset[str]
    features: frozenset[str]
    asked: frozenset[str]
    reads: dict[str, frozenset[str]]


def columns_to_predict(recipe: Recipe, columns_of: ColumnsOf) -> ColumnsToPredict:
    """Return the columns of a recipe by what reads them. `columns_of`: the columns that an expression names."""
    data = recipe.data
    made = {feature.name for feature in data.past.features} if data.past is not None else set()
    reads = {named.name: frozenset(columns_of(named.expression)) - made - {"as_of"} for named in data.derive}

    def closure(names: Iterable[str], texts: Iterable[str | None]) -> frozenset[str]:
        waiting = [*names, *(column for text in texts if text is not None for column in columns_of(text))]
        known: set[str] = set()
        while waiting:
            if (name := waiting.pop()) not in known:
                known.add(name)
                waiting += reads.get(name, ())
        return frozenset(known - made - {"as_of"})

    outcome, train, past = recipe.outcome, data.train, data.past
    singles = (outcome.column, recipe.holdout.by, recipe.weighed_by, train.by if train is not None else None)
    labels = outcome.classes
    return ColumnsToPredict(
        outcome=closure(
            (column for column in singles if column is not None),
            (*(label.when for label in labels), outcome.matured, train.where if train is not None else None),
        ),
        past=closure((past.known,), (past.where, *(feature.expression for feature in past.features)))
        if past is not None
        else frozenset(),
        features=closure(
            (
                data.key,
                *recipe.features.columns,
                *(join.key for join in data.joins),
                *((*past.owners, past.at) if past is not None else ()),
            ),
            (),
        ),
        asked=closure((), (data.predict, data.where, *(label.possible for label in labels))),
        reads=reads,
    )
