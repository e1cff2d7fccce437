"""Check what a manifest says of how a model is judged: slices that can be computed and name nobody, orders and costs of
its classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.spec.model import DeclaredEvaluation, Model, slice_column
from reconciler.core.spec.recipe import Recipe
from reconciler.ports import ParsedExpression

PLACE = ("spec", "evaluation")
Found = tuple[tuple[str | int, ...], str, str, str | None]
"""A problem: its place in the manifest, its code, its message, and a hint."""


def expression_problems(
    model: Model, parsed: Mapping[str, ParsedExpression]
) -> Iterator[tuple[tuple[str | int, ...], str, str, str, int | None]]:
    """Yield each slice that is no expression over one row, with where in its text."""
    hint = "an expression computes one value from one row; see docs/design.md, Expressions"
    for index, each in enumerate(model.evaluation.slices):
        expression = parsed[each.expression]
        message = expression.refused
        if message is None and expression.aggregate:
            message = "an aggregate is no slice: it computes one value from many rows"
        if message is not None:
            yield place_of(model.evaluation, index), "E224", message, hint, expression.position


def problems(model: Model, parsed: Mapping[str, ParsedExpression]) -> Iterator[Found]:
    """Yield every slice that would name a person or an account, and orders and costs that are not of all classes."""
    yield from _slices(model, parsed)
    declared, classes = model.evaluation, model.recipe.class_names
    for name, given in (("order", declared.order), ("costs", tuple(each.actual for each in declared.costs))):
        if given and not classes:
            yield (*PLACE, name), "E205", f"`{name}` is of classes, and a regression has none", f"remove `{name}`"
        elif given:
            yield from _classes((*PLACE, name), given, classes, classes)
    if classes:
        for row in declared.costs:
            place = (*PLACE, "costs", row.actual)
            named = tuple(name for name, _ in row.costs)
            yield from _classes(place, named, classes, tuple(name for name in classes if name != row.actual))


def _classes(
    place: tuple[str | int, ...], given: Iterable[str], classes: tuple[str, ...], needed: tuple[str, ...]
) -> Iterator[Found]:
    named = set(given)
    hint = f"name each class once: {', '.join(classes)}"
    if unknown := sorted(named - set(classes)):
        yield place, "E205", f"{unknown[0]!r} is no class of the model", hint
    elif missing := [name for name in needed if name not in named]:
        yield place, "E204", f"{missing[0]!r} is missing", hint


def _slices(model: Model, parsed: Mapping[str, ParsedExpression]) -> Iterator[Found]:
    recipe = model.recipe
    keys = _keys(recipe)
    features = {name.lower() for name in recipe.features.all}
    for index, each in enumerate(model.evaluation.slices):
        place = place_of(model.evaluation, index)
        for column in parsed[each.expression].columns:
            if column.lower() in keys:
                message = f"{column} tells single {keys[column.lower()]} apart, and what is judged is kept for good"
                yield place, "E205", message, "slice by a property that many of them share"
        if each.name.lower() in features and each.expression != f'"{each.name}"':
            yield place, "E207", f"a feature is named {each.name}", "give the slice another name"


def _keys(recipe: Recipe) -> dict[str, str]:
    """Return the columns that name single rows or entities, in lower case, with what they name."""
    data = recipe.data
    features = {name.lower() for name in recipe.features.categorical}
    keys = {join.key.lower(): f"rows of {join.table}" for join in data.joins if join.key.lower() not in features}
    if data.past is not None:
        keys[data.past.by.lower()] = f"groups of {data.table}"
    keys[data.key.lower()] = f"rows of {data.table}"
    return keys


def place_of(declared: DeclaredEvaluation, index: int) -> tuple[str | int, ...]:
    """Return the place of a slice's expression in the manifest."""
    each = declared.slices[index]
    place = (*PLACE, "slices", index)
    return place if each.expression == f'"{each.name}"' else (*place, "expression")


def derived_place(model: Model, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """Return the place of the slice that was computed as the derived column at `path`; None where it is none."""
    names = {slice_column(index): index for index in range(len(model.evaluation.slices))}
    if path[:2] == ("data", "derive") and len(path) > 2 and path[2] in names:
        return place_of(model.evaluation, names[str(path[2])])
    return None
