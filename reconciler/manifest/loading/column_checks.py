"""Check the columns that a recipe names against the columns of its tables, by the rules of a selection.

A selection (`data.dataset.columns`) refuses the same names when it runs; here each is told at its place in the
manifest, before anything is committed. Names are as written: in other letters they are other names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.spec.data import Table
from reconciler.core.spec.inputs.features import FieldPath
from reconciler.core.spec.model import is_slice_column
from reconciler.core.spec.recipe import Recipe
from reconciler.manifest.loading.leakage import AS_OF
from reconciler.ports import ParsedExpression

_MOST_SHOWN = 300  # characters of the names in a hint
_LEAST, _ALIKE = 0.6, 0.04  # how like a name must be to be suggested, and how much less like others may be beside it
_TEXT = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProblem:
    """A problem at `path` in the recipe, or in the table's declaration; `word`: the name in the expression there."""

    path: tuple[str | int, ...]
    code: str
    message: str
    hint: str | None
    word: str | None = None


def expression_path(label: str) -> FieldPath:
    """Return the path of an expression in the recipe, from its label (`Recipe.expressions`); names may have points."""
    return tuple(label.split(".", 2))


def position_of(word: str, text: str) -> int | None:
    """Return where a column's name stands in an expression, outside of texts in quotes."""
    plain = _TEXT.sub(lambda quoted: " " * len(quoted[0]), text)
    found = re.search(rf'(?<![\w"]){re.escape(word)}(?![\w"])', plain) or re.search(re.escape(word), plain)
    return found.start() if found is not None else None


def table_problems(table: Table, columns: tuple[str, ...]) -> Iterator[ColumnProblem]:
    """Yield the columns that a table's declaration names and its file does not have."""
    known = columns if table.row_number is None else columns[1:]  # the added column comes first
    for place, named in (("types", dict(table.types)), ("cells", {cell.column: cell for cell in table.cells})):
        for name in named:
            if name not in known:
                message = f"the file has no column {name}"
                yield ColumnProblem(path=(place, name), code="E405", message=message, hint=nearest(name, known))
    number = table.row_number
    if number is not None and number.lower() in {name.lower() for name in known}:
        message, hint = f"the file has a column {number} already", "choose another name"
        yield ColumnProblem(path=("rowNumber",), code="E403", message=message, hint=hint)


def problems(
    recipe: Recipe, parsed: Mapping[str, ParsedExpression], tables: Mapping[str, tuple[str, ...]]
) -> Iterator[ColumnProblem]:
    """Yield every name in the recipe that is no column; `tables`: the columns of each table that is known."""
    joined = _Joined(recipe, tables)
    yield from joined.problems()
    if not joined.complete:
        return
    names = {AS_OF, *joined.columns}
    past = recipe.data.past
    features = past.features if past is not None else ()
    lowered = {name.lower() for name in joined.columns}
    for label, named in (("data.derive", recipe.data.derive), ("data.past.features", features)):
        for each in named:
            if not is_slice_column(each.name):  # nothing names those
                names.add(each.name)
            if each.name.lower() in lowered:
                message = f"the column {each.name} exists already in a table"
                place = (*label.split("."), each.name)
                yield ColumnProblem(path=place, code="E416", message=message, hint="choose another name")
    where = f"no column {{}} in {' and '.join(dict.fromkeys(recipe.tables))}"
    for path, column, in_text in _named(recipe, parsed):
        if column not in names:
            yield ColumnProblem(
                path=path,
                code="E416",
                message=where.format(column),
                hint=nearest(column, names),
                word=column if in_text else None,
            )


def texts_as_numbers(recipe: Recipe, texts: Mapping[str, tuple[str, ...]]) -> Iterator[ColumnProblem]:
    """Yield every column of text that the recipe lists as numeric; `texts`: those of each table."""
    origin = {column: table for table, columns in texts.items() for column in columns}
    for place, name in enumerate(recipe.features.numeric):
        if name in origin:
            yield ColumnProblem(
                path=("features", "numeric", place),
                code="E413",
                message=f"{name} is no number in the first rows of {origin[name]}: it is text",
                hint="list it under `categorical`, or derive a number from it",
            )


def _named(recipe: Recipe, parsed: Mapping[str, ParsedExpression]) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    """Yield (path, column, whether it stands in an expression) for each column that the recipe names."""
    data, past = recipe.data, recipe.data.past
    expressions = [(expression_path(label), text) for label, text in recipe.expressions()]
    expressions += past.aggregates() if past is not None else ()
    for path, text in expressions:
        for column in parsed[text].columns:
            yield path, column, True
    singles: list[tuple[FieldPath, str | None]] = list(past.columns() if past is not None else ())
    singles += [
        (("data", "train", "by"), data.train.by if data.train else None),
        (("outcome", "column"), recipe.outcome.column),
        (("holdout", "by"), recipe.holdout.by),
        (("weights", "recency", "by"), recipe.weighed_by),
    ]
    singles += recipe.features.by_path()
    for path, name in singles:
        if name is not None:
            yield path, name, False


@dataclass(slots=True)
class _Joined:
    """The columns of a recipe's joined tables; `complete`: whether all of them are known."""

    recipe: Recipe
    tables: Mapping[str, tuple[str, ...]]
    columns: dict[str, str] = field(default_factory=dict)
    """The table of each column."""
    complete: bool = True

    def problems(self) -> Iterator[ColumnProblem]:
        """Join the tables, and yield keys that they do not have, and names that they share."""
        data = self.recipe.data
        main = self.tables.get(data.table)
        if main is None:
            self.complete = False
        else:
            self.columns = dict.fromkeys(main, data.table)
            if data.key not in main:
                yield _missing("E414", ("data", "key"), data.key, data.table, main)
        for join in data.joins:
            right = self.tables.get(join.table)
            path = ("data", "join", join.table)
            if self.complete and join.key not in self.columns:
                yield _missing("E415", path, join.key, " and ".join(dict.fromkeys(self.columns.values())), self.columns)
            if right is None:
                self.complete = False
                continue
            if join.key not in right:
                yield _missing("E415", path, join.key, join.table, right)
            lowered = {name.lower(): table for name, table in self.columns.items()}
            for name in right:
                if name != join.key and name.lower() in lowered:
                    message = f"{lowered[name.lower()]} and {join.table} both have a column {name}"
                    hint = "rename it in one of the tables, such as by its `columns`"
                    yield ColumnProblem(path=path, code="E415", message=message, hint=hint)
                    break
            self.columns |= {name: join.table for name in right if name != join.key}


def _missing(code: str, path: tuple[str | int, ...], column: str, table: str, known: Iterable[str]) -> ColumnProblem:
    return ColumnProblem(path=path, code=code, message=f"no column {column} in {table}", hint=nearest(column, known))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the most similar names; where none is, all of them."""
    names = sorted(known)
    folded = {each.lower(): each for each in reversed(names)}
    likeness = {each: difflib.SequenceMatcher(None, each, name.lower()).ratio() for each in folded}
    best = max(likeness.values(), default=0.0)
    close = sorted((each for each in likeness if likeness[each] > best - _ALIKE), key=lambda each: -likeness[each])
    close = [folded[each] for each in close[:3]]
    if best >= _LEAST:
        return f"did you mean {' or '.join(close)}?"
    shown = ", ".join(names)
    return f"its columns: {shown if len(shown) <= _MOST_SHOWN else f'{shown[:_MOST_SHOWN]}...'}"
