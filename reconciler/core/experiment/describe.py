"""Say in words what a recipe has otherwise than another one."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.number_text import declared
from reconciler.core.spec.recipe import Estimator, Param, Recipe


def changes_of(recipe: Recipe, base: Recipe) -> tuple[str, ...]:
    """Return what `recipe` has otherwise than `base`, in words; nothing where they are equal."""
    return tuple(_changes(recipe, base))


def _changes(recipe: Recipe, base: Recipe) -> Iterator[str]:
    if recipe.estimator != base.estimator:
        yield _estimator(recipe.estimator, base.estimator)
    before, after = base.features.all, recipe.features.all
    yield from (f"without {name}" for name in before if name not in after)
    yield from (f"with {name}" for name in after if name not in before)
    if recipe.data.where != base.data.where:
        yield f"where {recipe.data.where}" if recipe.data.where is not None else "all rows"
    since, since_before = (each.data.train.since if each.data.train else None for each in (recipe, base))
    if since != since_before:
        yield f"rows since {since}"
    if recipe.class_names != base.class_names:
        yield f"classes {', '.join(recipe.class_names)}"


def _estimator(estimator: Estimator, base: Estimator) -> str:
    same = estimator.class_name == base.class_name
    before = dict(base.params) if same else {}
    params = [f"{name} {_text(value)}" for name, value in estimator.params if before.get(name, _ABSENT) != value]
    params += [f"{name} as by default" for name in before if name not in dict(estimator.params)]
    return " ".join(part for part in ("" if same else estimator.class_name, ", ".join(params)) if part)


_ABSENT = object()


def _text(value: Param) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return declared(value) if isinstance(value, float) else str(value)
