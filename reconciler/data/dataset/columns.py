"""Resolve the columns of a recipe: their names, the order of their computation, and the SQL of each expression.

Takes: a recipe and the columns of its joined tables. Gives: derived columns sorted into those that `past` may read and
those that read features of `past`, every expression checked and rewritten (`expressions`). Keeps true: a name never
shadows another one, and is used only where it exists already. Runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.prediction.input_errors import no_such_column
from reconciler.core.spec.recipe import PastFeature, Recipe, is_taken_as_feature
from reconciler.data.expressions.parse import RefusedError
from reconciler.data.expressions.validate import Aggregate, Scalar, read_all
from reconciler.errors import DataError

AS_OF = "as_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A row-local expression of the recipe: `label` is its field in the manifest, `text` as the author wrote it."""

    label: str
    text: str
    scalar: Scalar

    @property
    def doing(self) -> str:
        """Return how messages name the expression: its field and its text, shortened."""
        shown = self.text if len(self.text) <= 200 else self.text[:197] + "..."
        return f"{self.label}: `{' '.join(shown.split())}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A derived column."""

    name: str
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature of `past`: one aggregate."""

    name: str
    label: str
    text: str
    aggregate: Aggregate
    window: PastFeature

    @property
    def argument(self) -> Term:
        """Return the aggregated expression, NULL where the FILTER does not hold."""
        sql = self.aggregate.argument or "true"
        if self.aggregate.filter is not None:
            sql = f"CASE WHEN {self.aggregate.filter} THEN {sql} END"
        return Term(label=self.label, text=self.text, scalar=Scalar(sql=sql, columns=self.aggregate.columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeColumns:
    """The computed columns of a recipe, in the order of computation.

    `before`: derived columns that `past` may read; `features`: those of past; `after`: derived columns that read a
    feature of past, directly or not. `terms`: all other expressions by label.
    """

    before: tuple[Derived, ...]
    features: tuple[Feature, ...]
    after: tuple[Derived, ...]
    terms: dict[str, Term]

    def term(self, label: str) -> Term | None:
        """Return the expression of a manifest field, or None where the recipe has none."""
        return self.terms.get(label)


def arrange(recipe: Recipe, table_columns: Iterable[str]) -> RecipeColumns:
    """Resolve the recipe's columns over tables with `table_columns` (without `as_of`). Raises DataError E413, E416."""
    expressions = _read(recipe)
    names = _Names(table_columns)
    features = _features(recipe, expressions)
    feature_names = {feature.name for feature in features}
    before: list[Derived] = []
    after: list[Derived] = []
    late = set(feature_names)
    derived_names = [named.name for named in recipe.data.derive]
    for index, named in enumerate(recipe.data.derive):
        label = f"data.derive.{named.name}"
        term = _scalar(label, named.expression, expressions)
        is_late = any(column in late for column in term.scalar.columns)
        names.require(
            term.scalar.columns, label, extra=feature_names, later=frozenset(derived_names[index:]) - names.known
        )
        names.add(named.name, label)
        (after if is_late else before).append(Derived(name=named.name, term=term))
        if is_late:
            late.add(named.name)
    _check_past(recipe, features, names, late)
    for feature in features:
        names.add(feature.name, feature.label)
    terms = {
        label: _scalar(label, text, expressions)
        for label, text in recipe.expressions()
        if not label.startswith("data.derive.")
    }
    for label, term in terms.items():
        if label != "data.past.where":
            names.require(term.scalar.columns, label)
    _check_names(recipe, names)
    return RecipeColumns(before=tuple(before), features=features, after=tuple(after), terms=terms)


def _read(recipe: Recipe) -> dict[str, Scalar | Aggregate | RefusedError]:
    texts = [text for _, text in recipe.expressions()]
    if recipe.data.past is not None:
        texts += [feature.expression for feature in recipe.data.past.features]
    return read_all(texts)


def _scalar(label: str, text: str, expressions: dict[str, Scalar | Aggregate | RefusedError]) -> Term:
    match expressions[text]:
        case Scalar() as scalar:
            return Term(label=label, text=text, scalar=scalar)
        case RefusedError() as refused:
            raise _refusal(label, refused)
        case _:
            raise DataError(
                f"{label}: expected an expression over one row, found an aggregate",
                code="E413",
                hint="declare the aggregate under `past.features`, and use that feature here",
            )


def _refusal(label: str, refused: RefusedError) -> DataError:
    place = f" at character {refused.position + 1}" if refused.position is not None else ""
    return DataError(f"{label}: {refused.reason}{place}", code="E413")


def _features(recipe: Recipe, expressions: dict[str, Scalar | Aggregate | RefusedError]) -> tuple[Feature, ...]:
    features: list[Feature] = []
    for named in recipe.data.past.features if recipe.data.past is not None else ():
        label = f"data.past.features.{named.name}"
        match expressions[named.expression]:
            case Aggregate() as aggregate:
                text = named.expression
                features.append(Feature(name=named.name, label=label, text=text, aggregate=aggregate, window=named))
            case RefusedError() as refused:
                raise _refusal(label, refused)
            case _:
                raise DataError(
                    f"{label}: expected one aggregate, such as count(*) or avg(x)",
                    code="E413",
                    hint="compute the value under `derive`, and aggregate it here",
                )
    return tuple(features)


def _check_past(recipe: Recipe, features: tuple[Feature, ...], names: _Names, late: set[str]) -> None:
    past = recipe.data.past
    if past is None:
        return
    used = [("data.past.by", column) for column in past.owners]
    used += [("data.past.at", past.at), ("data.past.known", past.known)]
    used += [(feature.label, column) for feature in features for column in feature.aggregate.columns]
    if past.where is not None and isinstance(where := read_all([past.where])[past.where], Scalar):
        used += [("data.past.where", column) for column in where.columns]
    for label, column in used:
        if column in late:
            hint = "use a column of the tables, or one derived from such columns only"
            raise DataError(
                f"{label}: {column} is computed from features of past, which past cannot read", code="E416", hint=hint
            )
        names.require((column,), label)


def _check_names(recipe: Recipe, names: _Names) -> None:
    data = recipe.data
    singles = [("data.train.by", data.train.by if data.train else None), ("holdout.by", recipe.holdout.by)]
    singles += [("outcome.column", recipe.outcome.column), ("weights.recency.by", recipe.weighed_by)]
    singles += [(f"{path[0]}.{path[1]}", column) for path, column in recipe.features.by_path()]
    for label, column in singles:
        if column is not None:
            names.require((column,), label)
    for index, column in enumerate(recipe.features.all):
        if column in recipe.features.all[:index]:
            raise DataError(f"features: {column} is listed twice", code="E416", hint="list it once")
        if is_taken_as_feature(column):
            hint = "derive a column of another name from it, and use that"
            raise DataError(f"features: a feature cannot be named {column}", code="E416", hint=hint)


class _Names:
    """The names that exist so far. Names are as written: a name in other letters is another name, and is refused where
    SQL would take both for one."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.known = {AS_OF, *columns}

    def add(self, name: str, label: str) -> None:
        if name.lower() in {known.lower() for known in self.known}:
            hint = "choose another name"
            raise DataError(f"{label}: the column {name} exists already", code="E416", hint=hint)
        self.known.add(name)

    def require(
        self,
        columns: Iterable[str],
        label: str,
        *,
        extra: Iterable[str] = (),
        later: frozenset[str] = frozenset(),
    ) -> None:
        known = self.known | set(extra)
        for column in columns:
            if column in known:
                continue
            if column in later:
                message = f"{label}: {column} is used before it is derived"
                raise DataError(
                    message, code="E416", hint="move it up: columns are derived in the order of the manifest"
                )
            raise no_such_column(label, column, known, more="; lists, records and bytes are not copied")
