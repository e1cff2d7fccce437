"""Leave out of a recipe what only training needs, so that rows to predict need no column of the outcome.

Takes: a recipe and the columns of its joined tables. Gives: a recipe that selects the same rows to predict with the
same features, without the outcome, the training window and derived columns that cannot be computed and that nothing
else needs; and the outcome's own columns that are not there and that a condition on these rows asks for: of a row that
is still to be predicted, these are missing values. Keeps true: what a feature, `past`, a join or the key needs is still
required.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.inspect.columns_to_predict import ColumnsToPredict, columns_to_predict
from reconciler.core.spec.recipe import Holdout, Recipe
from reconciler.data.expressions.validate import Aggregate, Scalar, read_all


def for_prediction(recipe: Recipe, columns: Iterable[str]) -> tuple[Recipe, tuple[str, ...]]:
    """Return the recipe without what only training needs, and the outcome's columns that count as missing."""
    present, data = set(columns), recipe.data
    by_use = columns_to_predict(recipe, _columns_of)
    absent = by_use.outcome - by_use.reads.keys() - present
    if not absent:  # as in a table with its history
        return recipe, ()
    missing = (absent & by_use.asked) - by_use.features - by_use.past
    broken, used = _broken(by_use, absent - missing), by_use.features | by_use.past | by_use.asked
    outcome = recipe.outcome
    return (
        replace(
            recipe,
            data=replace(
                data,
                derive=tuple(named for named in data.derive if named.name in used or named.name not in broken),
                train=None,
            ),
            outcome=replace(
                outcome,
                column=None,
                classes=tuple(replace(label, when=None) for label in outcome.classes),
                matured=None,
            ),
            holdout=Holdout(random=recipe.holdout.random or recipe.holdout.last),
            weights=None,
        ),
        tuple(sorted(missing)),
    )


def _columns_of(text: str) -> tuple[str, ...]:
    match read_all([text])[text]:
        case Scalar() | Aggregate() as expression:
            return expression.columns
        case _:  # it is refused where it is used
            return ()


def _broken(by_use: ColumnsToPredict, absent: frozenset[str]) -> set[str]:
    """Return the derived columns that cannot be computed without the absent ones, directly or not."""
    broken: set[str] = set()
    for name, columns in by_use.reads.items():  # in the order of the recipe: each after those that it reads
        if columns & absent or columns & broken:
            broken.add(name)
    return broken
