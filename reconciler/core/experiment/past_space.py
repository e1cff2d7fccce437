"""Which further features from earlier rows an automatic experiment tries, and what they may be made of. Pure functions.

Nothing that a row brings later may reach a feature. So an aggregate is made only of what the manifest itself says the
time of: features, which are known at the row's own moment, and the outcome, from the moment at which it became known.
A column that is neither is in none of them, whatever it would tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.core.duration import exact
from reconciler.core.onboarding.receivables import CUSTOMER, KNOWN_LATER
from reconciler.core.spec.experiment.declared_experiment import PastSpace
from reconciler.core.spec.recipe import NamedExpression, Past, PastFeature, Recipe

_NUMBERS = ("BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "FLOAT")
_MOMENTS = ("DATE", "TIMESTAMP")
_OWNERS = ("VARCHAR", "BIGINT", "INTEGER")
_LAST, _LAST_FEW, _WITHIN = 10, 3, 180 * 86400
_MOST_NUMBERS, _MOST_SHARES = 4, 5
_MOST_ROWS = 2_000_000  # up to which windows are tried: each of them puts all rows in order once more
_FEWEST_EACH = 3  # rows that an owner has on average, or there is no past to learn from
_KNOWN = "outcome_known_from"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """A column that `past` may read. `filled`: rows with a value, `distinct`: different ones, None where nobody counted
    them; `latest`: the last day of a date (ISO)."""

    name: str
    type: str
    filled: int | None = None
    distinct: int | None = None
    latest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What the rows of a recipe tell of its columns. `columns`: those of its tables and those derived from them;
    `past`: its features from earlier rows; `reads`: of each expression, by its place, the columns that it names."""

    rows: int
    columns: tuple[ColumnFacts, ...]
    past: tuple[ColumnFacts, ...]
    reads: tuple[tuple[str, tuple[str, ...]], ...]
    as_of: str

    def type_of(self, name: str) -> str | None:
        """Return the type of a column; None where there is none of that name."""
        return next((each.type for each in (*self.columns, *self.past) if each.name == name), None)

    def is_number(self, name: str) -> bool:
        """Tell whether a column holds numbers."""
        kind = self.type_of(name) or ""
        return kind in _NUMBERS or kind.startswith("DECIMAL")


def looks_like_owner(name: str) -> bool:
    """Tell whether a column's name says that it tells whom a row is of."""
    return CUSTOMER.fullmatch(name) is not None and KNOWN_LATER.fullmatch(name) is None


def past_space(recipe: Recipe, facts: TableFacts) -> PastSpace | None:
    """Return what is tried of earlier rows; None where the recipe names no moment, or nobody whom rows have in common.

    Where it declares `past`, the new features have its `by`, `at`, `known` and `where`. Else whom rows are of is
    guessed, by the names and values of columns.
    """
    ground = _declared(recipe, facts) or _guessed(recipe, facts)
    if ground is None:
        return None
    past, derive, terms = ground
    numbers = [name for name in recipe.features.numeric if _read_by_past(name, facts)][:_MOST_NUMBERS]
    names = _FreshFeatures(recipe, facts, derive)
    groups = tuple(
        group
        for group in (tuple(names.of(group)) for group in _groups(terms, numbers, windows=facts.rows <= _MOST_ROWS))
        if group
    )
    if not groups:
        return None
    return PastSpace(
        past=replace(past, features=(*past.features, *(feature for group in groups for feature in group))),
        groups=tuple(tuple(feature.name for feature in group) for group in groups),
        derive=derive,
        guessed=recipe.data.past is None,
        outcomes=bool(terms),
    )


def with_past(recipe: Recipe, space: PastSpace | None, names: set[str]) -> Recipe:
    """Return the recipe with those of the further features from earlier rows that are named."""
    taken = {name for group in space.groups for name in group} & names if space is not None else set()
    if space is None or not taken:
        return recipe
    own = recipe.data.past.features if recipe.data.past is not None else ()
    new = tuple(feature for feature in space.past.features if feature.name in taken)
    data = replace(
        recipe.data, past=replace(space.past, features=(*own, *new)), derive=(*recipe.data.derive, *space.derive)
    )
    return replace(recipe, data=data)


def in_words(feature: PastFeature) -> str:
    """Return how a feature from earlier rows is computed."""
    last = f" of the last {feature.last}" if feature.last is not None else ""
    within = f" within {exact(feature.within)}" if feature.within is not None else ""
    return f"{feature.expression}{last}{within}"


# --- whose past, and what of it is known when ------------------------------------------------------------------------

_Term = tuple[str, str, bool]
"""(word for its name, expression, whether it is a share: only its mean is of use)"""
_Ground = tuple[Past, tuple[NamedExpression, ...], tuple[_Term, ...]]


def _declared(recipe: Recipe, facts: TableFacts) -> _Ground | None:
    """Return the past as the manifest declares it, whose `known` says when a row's outcome was known."""
    past = recipe.data.past
    if past is None:
        return None
    return past, (), tuple(_outcomes(recipe, facts)) if _tells_the_outcome(past, recipe, facts) else ()


def _tells_the_outcome(past: Past, recipe: Recipe, facts: TableFacts) -> bool:
    """Tell whether `known` can be when an outcome became known: not what tells when a row happened, nor a date that
    the outcome only counts from."""
    window = recipe.data.train
    before = {past.at, *past.owners, recipe.holdout.by, window.by if window is not None else None}
    matured = recipe.outcome.matured or ""
    counted = set(dict(facts.reads).get("outcome.matured", ())) if _plain(matured) != past.known.lower() else set()
    return past.known not in before | counted


def _guessed(recipe: Recipe, facts: TableFacts) -> _Ground | None:
    """Return a past that nobody declared: of the owner that has most values, at the moment that the holdout is cut by.

    The outcome is in it only where `matured` says from which day on it is known.
    """
    at = next((each for each in facts.columns if each.name == recipe.holdout.by), None)
    by = _owner(recipe, facts)
    if recipe.data.past is not None or by is None or at is None or at.type not in _MOMENTS:
        return None
    if at.filled != facts.rows or at.latest is None or at.latest > facts.as_of:
        return None  # earlier rows of the recipe's own moment would be unknown, or refused
    if recipe.outcome.matured is None:
        return Past(by=by, at=at.name, known=at.name, features=()), (), ()
    known = _free(_KNOWN, {name.lower() for name in _taken(recipe, facts)})
    matured = f"cast({recipe.outcome.matured} as date)"
    derive = NamedExpression(name=known, expression=f"case when {matured} <= as_of then {matured} end")
    # From that day on the class is known; not what it was made of, which may go on changing.
    terms = tuple(term for term in _outcomes(recipe, facts) if term[2] or recipe.outcome.column is not None)
    return Past(by=by, at=at.name, known=known, features=()), (derive,), terms


def _owner(recipe: Recipe, facts: TableFacts) -> str | None:
    """Return the column that says whom a row is of: filled, repeated, named so or a category of the model."""
    declared = {*recipe.features.categorical, *(recipe.features.target_encoded or ())}
    others = {recipe.data.key, recipe.outcome.column, recipe.holdout.by, *_outcome_columns(recipe, facts)}
    derived = {each.name for each in recipe.data.derive}
    found = [
        each
        for each in facts.columns
        if each.type in _OWNERS
        and each.name not in others | derived
        and looks_like_owner(each.name)
        and (each.name in declared or each.filled == facts.rows)
        and each.distinct is not None
        and 2 <= each.distinct <= facts.rows / _FEWEST_EACH
    ]
    return max(found, key=lambda each: (each.distinct or 0, each.name)).name if found else None


def _outcome_columns(recipe: Recipe, facts: TableFacts) -> tuple[str, ...]:
    """Return the columns that the outcome is, or that its conditions name."""
    reads = dict(facts.reads)
    named = (column for each in recipe.outcome.classes for column in reads.get(f"outcome.classes.{each.name}", ()))
    own = (recipe.outcome.column,) if recipe.outcome.column is not None else ()
    return tuple(dict.fromkeys((*own, *(column for column in named if column != "as_of"))))


def _outcomes(recipe: Recipe, facts: TableFacts) -> Iterator[_Term]:
    """Yield what the outcome is made of: its numbers, and of each class but the last whether it was that one."""
    available = {each.name for each in facts.columns}
    reads = dict(facts.reads)
    for column in _outcome_columns(recipe, facts):
        if column in available and facts.is_number(column):
            yield _word(column), f'"{column}"', False
    for each in recipe.outcome.classes[:-1][:_MOST_SHARES]:
        if each.when is not None and set(reads.get(f"outcome.classes.{each.name}", ())) - {"as_of"} <= available:
            yield f"{_word(each.name)}_share", f"({each.when})::int", True
        elif each.when is None and facts.type_of(recipe.outcome.column or "") == "VARCHAR":
            value = each.name.replace("'", "''")
            yield f"{_word(each.name)}_share", f"(\"{recipe.outcome.column}\" = '{value}')::int", True


def _read_by_past(name: str, facts: TableFacts) -> bool:
    """Tell whether a numeric feature can be aggregated: it is no feature from earlier rows itself, nor made of one."""
    return any(each.name == name for each in facts.columns) and facts.is_number(name)


# --- the features --------------------------------------------------------------------------------------------------


def _groups(terms: Iterable[_Term], numbers: list[str], *, windows: bool) -> Iterator[Iterator[PastFeature]]:
    """Yield the features that are tried together, the groups that tell most on most tables first."""
    terms = tuple(terms)
    yield _whole(terms)
    if windows:
        yield _means(terms, f"last_{_LAST}", last=_LAST)
        yield _means(terms, f"within_{exact(_WITHIN)}", within=_WITHIN)
        yield _means(terms, f"last_{_LAST_FEW}", last=_LAST_FEW)
    yield _of_features(numbers)


def _whole(terms: tuple[_Term, ...]) -> Iterator[PastFeature]:
    yield PastFeature(name="past_rows", expression="count(*)")
    for word, expression, is_share in terms:
        for name, function in (("mean", "avg"), *(() if is_share else (("max", "max"), ("stddev", "stddev")))):
            yield PastFeature(name=f"past_{word}_{name}", expression=f"{function}({expression})")


def _means(
    terms: tuple[_Term, ...], window: str, *, within: int | None = None, last: int | None = None
) -> Iterator[PastFeature]:
    if within is not None:
        yield PastFeature(name=f"past_rows_{window}", expression="count(*)", within=within)
    for word, expression, _ in terms:
        yield PastFeature(name=f"past_{word}_mean_{window}", expression=f"avg({expression})", within=within, last=last)


def _of_features(numbers: list[str]) -> Iterator[PastFeature]:
    for name in numbers:
        for word, function in (("mean", "avg"), ("stddev", "stddev")):
            yield PastFeature(name=f"past_{_word(name)}_{word}", expression=f'{function}("{name}")')


class _FreshFeatures:
    """Gives features names that nothing has, and leaves out those that the manifest declares under another name."""

    def __init__(self, recipe: Recipe, facts: TableFacts, derive: tuple[NamedExpression, ...]) -> None:
        self._taken = {name.lower() for name in (*_taken(recipe, facts), *(each.name for each in derive))}
        declared = recipe.data.past.features if recipe.data.past is not None else ()
        self._known = {(_plain(each.expression), each.within, each.last) for each in declared}

    def of(self, features: Iterable[PastFeature]) -> Iterator[PastFeature]:
        """Yield the new features."""
        for feature in features:
            known = (_plain(feature.expression), feature.within, feature.last)
            if known not in self._known:
                self._known.add(known)
                name = _free(feature.name, self._taken)
                self._taken.add(name.lower())
                yield replace(feature, name=name)


def _taken(recipe: Recipe, facts: TableFacts) -> Iterator[str]:
    yield from (each.name for each in (*facts.columns, *facts.past))
    yield from (each.name for each in recipe.data.derive)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the first one with a number behind it that nothing has."""
    if name.lower() not in taken:
        return name
    number = 2
    while f"{name}_{number}".lower() in taken:
        number += 1
    return f"{name}_{number}"


def _word(name: str) -> str:
    """Return a part of a column's name."""
    return re.sub(r"[^0-9a-z_]+", "_", name.lower()).strip("_")[:30] or "value"


def _plain(expression: str) -> str:
    """Return an expression without what two ways to write the same may differ in."""
    return re.sub(r"[\s\"]+", "", expression).lower()
