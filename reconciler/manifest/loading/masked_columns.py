"""Check what a recipe does with masked columns: a pseudonym joins and groups, a coarser value is a value, no more.

A column is known by its name in any of the recipe's tables, without case: a name that two tables have is masked where
one of them masks it, unless it is the key of a join.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.controls.data_protection import in_words
from reconciler.core.spec.data import DataBinding, Mask, Treatment
from reconciler.core.spec.recipe import Recipe
from reconciler.manifest.loading.column_checks import ColumnProblem, expression_path
from reconciler.ports import ParsedExpression

_OTHERWISE = "use another column, or mask it by `generalise`, if its owner agrees: a recipe can read coarser values"
_KEYS = "use another column, or mask it by `pseudonym`: equal values stay equal"
_EXACT = Treatment.PSEUDONYM
_VALUES = Treatment.GENERALISE


def problems(
    recipe: Recipe, parsed: Mapping[str, ParsedExpression], copied: DataBinding, origin: DataBinding
) -> Iterator[ColumnProblem]:
    """Yield every use of a masked column that its treatment leaves no sense. `copied`: the data of the model's
    environment; `origin`: of the one that has the tables."""
    masks = [mask for mask in (*origin.masks, *copied.masks) if mask.table in recipe.tables]
    if masks:
        derived = {named.name.lower() for named in recipe.data.derive}
        by_column: dict[str, Mask] = {}
        for mask in masks:
            known = by_column.get(mask.column.lower())
            worse = known is None or known.treatment is _VALUES
            if worse and mask.column.lower() not in derived:
                by_column[mask.column.lower()] = mask
        yield from _Uses(recipe, parsed, by_column, masks).problems()


@dataclass(frozen=True, slots=True)
class _Uses:
    """The uses of masked columns in a recipe; `by_column`: the mask of each, by its name in lower case."""

    recipe: Recipe
    parsed: Mapping[str, ParsedExpression]
    by_column: dict[str, Mask]
    masks: list[Mask]

    def problems(self) -> Iterator[ColumnProblem]:
        """Yield each use that is not possible, at its place."""
        data, past = self.recipe.data, self.recipe.data.past
        yield from self._joins()
        yield from self._key(("data", "key"), data.key)
        if past is not None:
            for path, column in past.columns():
                if path[2] == "by":
                    yield from self._key(path, column)
                else:
                    yield from self._value(path, column, "the moment of a row")
        if data.train is not None and data.train.by is not None:
            yield from self._value(("data", "train", "by"), data.train.by, "the moment of a row")
        if self.recipe.holdout.by is not None:
            yield from self._value(("holdout", "by"), self.recipe.holdout.by, "the moment of a row")
        if self.recipe.weighed_by is not None:
            yield from self._value(("weights", "recency", "by"), self.recipe.weighed_by, "the moment of a row")
        if self.recipe.outcome.column is not None:
            yield from self._value(("outcome", "column"), self.recipe.outcome.column, "the outcome")
        for path, name in self.recipe.features.by_path():
            yield from self._value(path, name, "a feature")
        expressions = [(expression_path(label), text) for label, text in self.recipe.expressions()]
        expressions += past.aggregates() if past is not None else ()
        for path, text in expressions:
            for column in self.parsed[text].columns:
                yield from self._value(path, column, "a part of an expression", word=column)

    def _value(
        self, path: tuple[str | int, ...], column: str, use: str, word: str | None = None
    ) -> Iterator[ColumnProblem]:
        mask = self.by_column.get(column.lower())
        if mask is not None and mask.treatment is not _VALUES:
            yield self._problem(path, mask, f"so it cannot be {use}", _OTHERWISE, word)

    def _key(self, path: tuple[str | int, ...], column: str) -> Iterator[ColumnProblem]:
        mask = self.by_column.get(column.lower())
        if mask is not None and mask.treatment not in (_EXACT, _VALUES):
            yield self._problem(path, mask, "so it tells no rows apart", _KEYS, None)

    def _joins(self) -> Iterator[ColumnProblem]:
        """Yield joins whose two sides are not masked alike: no row would find its other half."""
        before = [self.recipe.data.table]
        for join in self.recipe.data.joins:
            right = self._of(join.table, join.key)
            left = next((mask for table in before if (mask := self._of(table, join.key)) is not None), None)
            path = ("data", "join", join.table)
            for mask in (left, right):
                if mask is not None and mask.treatment not in (_EXACT, _VALUES):
                    yield self._problem(path, mask, "so it joins nothing", _KEYS, None)
                    break
            else:
                if _done(left) != _done(right):
                    one = left or right
                    assert one is not None  # noqa: S101  (they differ)
                    tables = " and ".join((*before, join.table))
                    hint = f"mask {join.key} alike in {tables}, under `mask` where the tables are declared"
                    yield self._problem(path, one, f"and not alike on the other side of {join.key}", hint, None)
            before.append(join.table)

    def _of(self, table: str, column: str) -> Mask | None:
        wanted = (table, column.lower())
        return next((mask for mask in self.masks if (mask.table, mask.column.lower()) == wanted), None)

    def _problem(self, path: tuple[str | int, ...], mask: Mask, why: str, hint: str, word: str | None) -> ColumnProblem:
        message = f"{mask.table}.{mask.column} is masked ({in_words(mask)}), {why}"
        return ColumnProblem(path=path, code="E228", message=message, hint=hint, word=word)


def _done(mask: Mask | None) -> tuple[object, ...] | None:
    return None if mask is None else (mask.treatment, mask.argument)
