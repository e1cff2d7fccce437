"""What a recipe's names depend on, and whether a feature knows what it must not.

Columns of tables are not all known here, so a name that nobody derives is taken for one. Case does not matter.

A feature leaks when it depends, other than through `past`, on
- `past.known`, when an outcome became known;
- `outcome.column`, or a column that a class's condition names, straight or through `derive`;
except for what must be known beforehand anyway: the columns that `outcome.matured`, `past.at`, `train.by` and
`holdout.by` read. A due date is part of most outcomes ("days late") and is known from the first day, which is what
saying `matured: due_date + ...` asserts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.spec.recipe import Recipe
from reconciler.ports import ParsedExpression

AS_OF = "as_of"
Found = tuple[str, str, str, str | None]
"""(path in the recipe, code, message, hint)"""


def problems(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[Found]:
    """Everything that names alone can tell. `parsed`: each expression's columns, by its text."""
    yield from _shadowed(recipe)
    yield from _too_early(recipe, parsed)
    yield from _leaks(recipe, parsed)


def _shadowed(recipe: Recipe) -> Iterator[Found]:
    past = recipe.data.past
    seen: dict[str, str] = {AS_OF: "the day of the data"}
    for path, names in (("data.derive", recipe.data.derive), ("data.past.features", past.features if past else ())):
        for named in names:
            lowered = named.name.lower()
            if lowered in seen:
                message = f"the name is taken: {seen[lowered]}"
                yield f"{path}.{named.name}", "E207", message, "names never shadow one another: choose another"
            seen[lowered] = f"{path}.{named.name}"


def _too_early(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[Found]:
    order = {named.name.lower(): index for index, named in enumerate(recipe.data.derive)}
    for index, named in enumerate(recipe.data.derive):
        for column in parsed[named.expression].columns:
            if order.get(column.lower(), -1) >= index:
                yield (
                    f"data.derive.{named.name}",
                    "E222",
                    f"uses {column} before it is derived" if column.lower() != named.name.lower() else "uses itself",
                    "derive runs in order: move it up",
                )


def _leaks(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[Found]:
    derived = {named.name.lower(): parsed[named.expression].columns for named in recipe.data.derive}
    allowed = _known_beforehand(recipe, parsed, derived)
    secret = _secrets(recipe, parsed, derived) - allowed
    past = recipe.data.past
    through_past = {named.name.lower() for named in past.features} if past else set()
    groups = (
        ("numeric", recipe.features.numeric),
        ("categorical", recipe.features.categorical),
        ("boolean", recipe.features.boolean),
    )
    for group, names in groups:
        for index, name in enumerate(names):
            if name.lower() in through_past:
                continue
            chain = _chain(name, derived, secret)
            if chain:
                yield (
                    f"features.{group}.{index}",
                    "E223",
                    f"leaks the outcome: {' <- '.join(chain)}",
                    "it is not known when the prediction is made; use what was known before, through `past`",
                )


def _secrets(
    recipe: Recipe, parsed: Mapping[str, ParsedExpression], derived: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """Columns, lower case, that say something about the outcome."""
    outcome, past = recipe.outcome, recipe.data.past
    named = [column for one in outcome.classes if one.when for column in parsed[one.when].columns]
    if outcome.column is not None:
        named.append(outcome.column)
    found = {column.lower() for column in named}
    for column in named:
        found |= _reads(column, derived)
    if past is not None:
        found.add(past.known.lower())
    return found - {AS_OF}


def _known_beforehand(
    recipe: Recipe, parsed: Mapping[str, ParsedExpression], derived: Mapping[str, tuple[str, ...]]
) -> set[str]:
    data = recipe.data
    columns: list[str] = [data.key]
    if recipe.outcome.matured is not None:
        columns += parsed[recipe.outcome.matured].columns
    if data.past is not None:
        columns += [data.past.at, data.past.by]
    columns += [column for column in (data.train.by if data.train else None, recipe.holdout.by) if column is not None]
    found = {column.lower() for column in columns}
    for column in columns:
        found |= _reads(column, derived)
    known = data.past.known.lower() if data.past is not None else None
    outcome = {recipe.outcome.column.lower()} if recipe.outcome.column else set()
    return found - {known} - outcome


def _reads(column: str, derived: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Everything that a column is computed from, lower case."""
    found: set[str] = set()
    pending = [column.lower()]
    while pending:
        for inner in derived.get(pending.pop(), ()):
            if inner.lower() not in found:
                found.add(inner.lower())
                pending.append(inner.lower())
    return found


def _chain(name: str, derived: Mapping[str, tuple[str, ...]], secret: set[str]) -> tuple[str, ...]:
    """The shortest way from a feature to something secret; empty when there is none."""
    queue: list[tuple[str, ...]] = [(name,)]
    seen = {name.lower()}
    while queue:
        path = queue.pop(0)
        if path[-1].lower() in secret:
            return path
        for inner in derived.get(path[-1].lower(), ()):
            if inner.lower() not in seen:
                seen.add(inner.lower())
                queue.append((*path, inner))
    return ()
