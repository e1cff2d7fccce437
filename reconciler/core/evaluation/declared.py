"""Declared slices as columns of a recipe: what a manifest says of how a model is judged trains nothing."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.spec.model import DeclaredEvaluation
from reconciler.core.spec.recipe import NamedExpression, Recipe


_PREFIX = "also_slice_"


def slice_column(index: int) -> str:
    """Return the name of the column that a declared slice is computed as."""
    return f"{_PREFIX}{index}"


def is_slice_column(name: str) -> bool:
    """Tell whether a name is that of a column that a declared slice is computed as."""
    return name.startswith(_PREFIX)


def with_slices(recipe: Recipe, declared: DeclaredEvaluation) -> Recipe:
    """Return the recipe with the declared slices as derived columns, after its own: what they name it names."""
    if not declared.slices:
        return recipe
    derived = (
        NamedExpression(name=slice_column(index), expression=each.expression)
        for index, each in enumerate(declared.slices)
    )
    return replace(recipe, data=replace(recipe.data, derive=(*recipe.data.derive, *derived)))
