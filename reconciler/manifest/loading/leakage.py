"""Check the names of a recipe, and whether a feature leaks the outcome.

The columns of tables are not known here, so every name that is not derived is taken for one. Case is ignored.

A feature leaks when it depends, other than through `past`, on
- `past.known`, when an outcome became known;
- `outcome.column`, or a column that a class's condition names, directly or through `derive`;
except for what must be known beforehand anyway: the columns that `outcome.matured`, `past.at`, `train.by` and
`holdout.by` read. A due date is part of most outcomes ("days late") and is known from the first day, which is what
`matured: due_date + ...` asserts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.spec.inputs.features import FieldPath
from reconciler.core.spec.recipe import Recipe
from reconciler.ports import ParsedExpression

AS_OF = "as_of"
LeakageProblem = tuple[FieldPath, str, str, str | None]
"""(path in the recipe, code, message, hint)"""


def problems(recipe: Recipe, parsed: Mapping[str, ParsedExpression], *, leaks: bool = True) -> Iterator[LeakageProblem]:
    """Yield every problem that the names show; `parsed`: each expression's columns, by its text. `leaks`: whether
    features that leak are looked for, which takes all expressions to be valid."""
    yield from _shadowed(recipe)
    yield from _too_early(recipe, parsed)
    yield from _past_of_past(recipe, parsed)
    if leaks:
        yield from _leaks(recipe, parsed)


def _shadowed(recipe: Recipe) -> Iterator[LeakageProblem]:
    past = recipe.data.past
    seen: dict[str, str] = {AS_OF: "the day of the data"}
    for path, names in (("data.derive", recipe.data.derive), ("data.past.features", past.features if past else ())):
        for named in names:
            lowered = named.name.lower()
            if lowered in seen:
                message = f"the name exists already: {seen[lowered]}"
                yield (*path.split("."), named.name), "E207", message, "choose another name"
            seen[lowered] = f"{path}.{named.name}"


def _too_early(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[LeakageProblem]:
    order = {named.name.lower(): index for index, named in enumerate(recipe.data.derive)}
    for index, named in enumerate(recipe.data.derive):
        for column in parsed[named.expression].columns:
            if order.get(column.lower(), -1) >= index:
                yield (
                    ("data", "derive", named.name),
                    "E222",
                    f"uses {column} before it is derived" if column.lower() != named.name.lower() else "uses itself",
                    "columns are derived in order: move this one down, or the other one up",
                )


def _past_of_past(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[LeakageProblem]:
    """Yield what of `past` is computed from a feature of past, which it cannot read."""
    past = recipe.data.past
    if past is None:
        return
    late = {feature.name.lower() for feature in past.features}
    for named in recipe.data.derive:
        if any(column.lower() in late for column in parsed[named.expression].columns):
            late.add(named.name.lower())
    used: list[tuple[FieldPath, tuple[str, ...]]] = [(path, (column,)) for path, column in past.columns()]
    used += [(("data", "past", "where"), parsed[past.where].columns)] if past.where is not None else []
    used += [(path, parsed[text].columns) for path, text in past.aggregates()]
    for path, columns in used:
        for column in columns:
            if column.lower() in late:
                message = f"{column} is computed from features of past, which past cannot read"
                hint = "use a column of the tables, or one derived from such columns only"
                yield path, "E416", message, hint


def _leaks(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[LeakageProblem]:
    derived = {named.name.lower(): parsed[named.expression].columns for named in recipe.data.derive}
    allowed = _known_beforehand(recipe, parsed, derived)
    outcome_columns = _outcome_columns(recipe, parsed, derived) - allowed
    past = recipe.data.past
    through_past = {named.name.lower() for named in past.features} if past else set()
    for place, name in recipe.features.by_path():
        if name.lower() in through_past:
            continue
        chain = _chain(name, derived, outcome_columns)
        if chain:
            yield (
                place,
                "E223",
                f"leaks the outcome: {' <- '.join(chain)}",
                "the column is not known when the prediction is made; use earlier rows, through `past`",
            )


def _outcome_columns(
    recipe: Recipe, parsed: Mapping[str, ParsedExpression], derived: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """Return the columns (lower case) that carry information about the outcome."""
    outcome, past = recipe.outcome, recipe.data.past
    named = [column for entry in outcome.classes if entry.when for column in parsed[entry.when].columns]
    if outcome.column is not None:
        named.append(outcome.column)
    columns = {column.lower() for column in named}
    for column in named:
        columns |= _reads(column, derived)
    if past is not None:
        columns.add(past.known.lower())
    return columns - {AS_OF}


def _known_beforehand(
    recipe: Recipe, parsed: Mapping[str, ParsedExpression], derived: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """Return the columns (lower case) that are known before the outcome."""
    data = recipe.data
    columns: list[str] = [data.key]
    if recipe.outcome.matured is not None:
        columns += parsed[recipe.outcome.matured].columns
    if data.past is not None:
        columns += [data.past.at, *data.past.owners]
    columns += [column for column in (data.train.by if data.train else None, recipe.holdout.by) if column is not None]
    known_columns = {column.lower() for column in columns}
    for column in columns:
        known_columns |= _reads(column, derived)
    known = data.past.known.lower() if data.past is not None else None
    outcome = {recipe.outcome.column.lower()} if recipe.outcome.column else set()
    return known_columns - {known} - outcome


def _reads(column: str, derived: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return every column (lower case) that a column is computed from."""
    read_columns: set[str] = set()
    pending = [column.lower()]
    while pending:
        for inner in derived.get(pending.pop(), ()):
            if inner.lower() not in read_columns:
                read_columns.add(inner.lower())
                pending.append(inner.lower())
    return read_columns


def _chain(name: str, derived: Mapping[str, tuple[str, ...]], outcome_columns: set[str]) -> tuple[str, ...]:
    """Return the shortest chain of columns from a feature to an outcome column; empty when there is none."""
    queue: list[tuple[str, ...]] = [(name,)]
    seen = {name.lower()}
    while queue:
        path = queue.pop(0)
        if path[-1].lower() in outcome_columns:
            return path
        for inner in derived.get(path[-1].lower(), ()):
            if inner.lower() not in seen:
                seen.add(inner.lower())
                queue.append((*path, inner))
    return ()
