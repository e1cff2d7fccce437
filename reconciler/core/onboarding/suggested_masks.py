"""Suggest masks for the columns of a new table that look personal, so that a sandbox may copy it at once. Pure.

A column that no recipe needs is dropped; one that only tells rows or their owners apart becomes a pseudonym; a date of
birth is kept as its year. Nothing is excused: that a column only looks personal, its owner has to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.artifact.data_snapshot import PersonalColumn
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.onboarding.table_profile import TableProfile
from reconciler.core.snapshots.named_columns import named_columns
from reconciler.core.spec.data import Mask, Treatment
from reconciler.core.spec.recipe import Features, Recipe

MASK_KEY = "env:RECONCILER_MASK_KEY"


def with_masks(suggestion: RecipeSuggestion, profile: TableProfile) -> RecipeSuggestion:
    """Return the suggestion without personal columns as features, and with a mask of each."""
    if not profile.personal:
        return suggestion
    personal = {each.column: each for each in profile.personal}
    recipe = replace(suggestion.recipe, features=_without(suggestion.recipe.features, personal))
    gone = [name for name in suggestion.recipe.features.all if name in personal]
    known = dict(suggestion.left_out)
    left = {**known, **{name: f"looks like {personal[name].looks_like}" for name in gone}}
    masks = tuple((mask, each.looks_like) for each in profile.personal if (mask := _mask(each, recipe, profile)))
    return replace(suggestion, recipe=recipe, left_out=tuple(left.items()), masks=masks)


def _without(features: Features, names: Iterable[str]) -> Features:
    gone = frozenset(names)
    return Features(
        numeric=tuple(name for name in features.numeric if name not in gone),
        categorical=tuple(name for name in features.categorical if name not in gone),
        boolean=tuple(name for name in features.boolean if name not in gone),
    )


def _mask(each: PersonalColumn, recipe: Recipe, profile: TableProfile) -> Mask | None:
    """Return the mask that leaves the recipe what it needs; None where there is none, and a person has to decide."""
    data = recipe.data
    if each.column in (data.key, *(data.past.owners if data.past is not None else ())):
        return Mask(table=data.table, column=each.column, treatment=Treatment.PSEUDONYM)
    if each.column not in named_columns(recipe):
        return Mask(table=data.table, column=each.column, treatment=Treatment.DROP)
    if profile.column(each.column).dated:
        return Mask(table=data.table, column=each.column, treatment=Treatment.GENERALISE, argument="year")
    return None
