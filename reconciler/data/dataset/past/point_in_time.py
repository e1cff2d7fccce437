"""Compute point-in-time features: aggregates over the earlier rows of the same `by` known at a row's moment.

Takes: the ledger (all rows of the joined, derived table) and one aggregate per feature. Gives: the ledger with a column
per feature. Keeps true: an earlier row counts when known' = greatest(known, at) lies strictly before this row's `at`;
a row whose `known`, `at` or `by` is NULL never counts; a row whose `by` or `at` is NULL has an empty past. A
feature is the aggregate over exactly the rows that count: 0 for a count over none, NULL for anything else.

How: running aggregates over (by, known', key), the last row of each (by, known') kept (`running`), then one as-of join.
That order is total, so the result does not depend on the order of the file. Sums and averages of whole numbers and
decimals are exact; of floating point they are added up one by one in that order (numpy), because a window's tree of
partial sums would let later rows change the last bits of earlier results. Features of the last rows or of some days,
and deviations, are computed in `windows`. What takes time is to sort; so texts are not sorted by: an owner stands as a
short hash where no two share one, and keys order only the rows that are equal in by and known'.

Where one of `known` and `at` is a date and the other a moment, days are compared: a payment on the invoice's own day is
not known at the invoice's hour.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.spec.recipe import Past, Recipe
from reconciler.data.dataset.columns import AS_OF, Feature, Term
from reconciler.data.dataset.past.running import FLOATS, ID, KNOWN, OWNER, add_steps, argument_of, places_of
from reconciler.data.dataset.past.windows import PastRows, add_windows, is_windowed
from reconciler.data.duckdb_session import Session, name_of
from reconciler.errors import DataError

HINT_LATER = (
    "if the tables were exported on a later day, declare it as `asOf` beside `tables` of the environment that has "
    "them: the next apply takes a new data snapshot; else correct the dates"
)
_NUMBERS = ("BIGINT", "INTEGER", "HUGEINT", "BOOLEAN", *FLOATS)
_EMPTY = {"count": "0"}

# No column of a table can have a space in its name.
_MOMENT = '"past moment"'


def add_past(
    session: Session,
    *,
    recipe: Recipe,
    features: Sequence[Feature],
    where: Term | None,
    ledger: str,
    key: str,
    short: str = "hash",
) -> str:
    """Add one column per feature to the ledger and return the new relation's name. Raises DataError E412, E413.

    `short`: the function of DuckDB's that an owner's text stands as, where its values are as many as the texts.
    """
    past = recipe.data.past
    if past is None:
        return ledger
    types = session.types(ledger, doing="describing the ledger")
    at, known, kind = _moments(past, types)
    _check_not_later(session, past, ledger)
    owner = _owner(session, past.owners, types, ledger, short)
    _collect(session, owner=owner, features=features, where=where, ledger=ledger, key=key, at=at, known=known)
    running = {index: feature for index, feature in enumerate(features) if not is_windowed(feature)}
    windowed = [index for index in range(len(features)) if index not in running]
    places = places_of(session) if windowed else None
    if places is not None:
        arguments = {index: argument_of(index) for index in windowed}
        rows = PastRows(
            owner=OWNER, known=KNOWN, kind=kind, arguments=arguments, order=places.order, starts=places.starts
        )
        add_windows(session, features, rows, ledger=ledger, owner=owner, moment=at)
    add_steps(session, running, places)
    session.run("DROP TABLE past_rows", doing="data.past")
    items = "".join(
        f", coalesce({'w' if index in windowed else 'p'}.f{index},"
        f" {_EMPTY.get(feature.aggregate.function, 'NULL')}) AS {name_of(feature.name)}"
        for index, feature in enumerate(features)
    )
    beside = f" LEFT JOIN past_windows w ON l.{OWNER} = w.owner AND l.{_MOMENT} = w.moment" if windowed else ""
    session.run(
        f"CREATE VIEW with_past AS SELECT l.* EXCLUDE ({_MOMENT}, {OWNER}){items} FROM"
        f" (SELECT *, {at} AS {_MOMENT}, {owner} AS {OWNER} FROM {ledger}) l ASOF LEFT JOIN past_steps p"
        f" ON l.{OWNER} = p.{OWNER} AND l.{_MOMENT} > p.{KNOWN}{beside}",
        doing="data.past",
    )
    return "with_past"


def _moments(past: Past, types: dict[str, str]) -> tuple[str, str, str]:
    """Return SQL of `at` and `known` in one unit, and which: days when one of the two is a date."""
    kinds = {}
    for label, column in (("data.past.at", past.at), ("data.past.known", past.known)):
        kinds[label] = types[column]
        if types[column] not in ("DATE", "TIMESTAMP"):
            hint = "declare `dates` for the table, or derive a date"
            raise DataError(f"{label}: {column} is {types[column]}, not a date or a time", code="E413", hint=hint)
    unit = "DATE" if "DATE" in kinds.values() else "TIMESTAMP"
    return f"CAST({name_of(past.at)} AS {unit})", f"CAST({name_of(past.known)} AS {unit})", unit


def _check_not_later(session: Session, past: Past, ledger: str) -> None:
    for label, column in (("data.past.at", past.at), ("data.past.known", past.known)):
        check_not_later(session, label=label, column=column, relation=ledger)


def check_not_later(session: Session, *, label: str, column: str, relation: str) -> None:
    """Check that no date or time of `column` lies after the day of the data. Raises DataError E412 with the count."""
    later = session.value(
        f"SELECT count(*) FROM {relation} WHERE CAST({name_of(column)} AS DATE) > {AS_OF}", doing=f"{label}: {column}"
    )
    if later:
        raise DataError(
            f"{label}: {column} lies after as_of, the day of the data, in {later:,} row{'s' * (later != 1)}",
            code="E412",
            hint=HINT_LATER,
        )


def _owner(session: Session, columns: tuple[str, ...], types: dict[str, str], ledger: str, short: str) -> str:
    """Return SQL of what tells owners apart: a short hash of a text or of several columns, where no two share one."""
    by = ", ".join(name_of(column) for column in columns)
    if len(columns) == 1 and types[columns[0]] != "VARCHAR":
        return by
    there = " AND ".join(f"{name_of(column)} IS NOT NULL" for column in columns)
    owner, hashed = by if len(columns) == 1 else f"row({by})", f"{short}({by})"
    owners, hashes = session.rows(
        f"SELECT count(*), count(DISTINCT hash) FROM"
        f" (SELECT DISTINCT {owner} AS owner, {hashed} AS hash FROM {ledger} WHERE {there})",
        doing="data.past.by",
    )[0]
    return f"CASE WHEN {there} THEN {hashed if owners == hashes else owner} END"


def _collect(
    session: Session,
    *,
    owner: str,
    features: Sequence[Feature],
    where: Term | None,
    ledger: str,
    key: str,
    at: str,
    known: str,
) -> None:
    """Create `past_rows`: the rows that count, numbered by owner and moment, with each feature's argument.

    The argument is NULL where the feature's FILTER does not hold.
    """
    items = []
    for index, feature in enumerate(features):
        argument = feature.argument.scalar.sql
        items.append(f", {argument} AS {name_of(argument_of(index))}")
        _check_argument(session, feature, ledger)
    condition = f" AND ({where.scalar.sql})" if where is not None else ""
    session.run(
        f"CREATE TEMP TABLE past_rows AS SELECT *, row_number() OVER () AS n FROM"
        f" (SELECT {owner} AS {OWNER}, greatest({known}, {at}) AS {KNOWN}, {key} AS {ID}{''.join(items)}"
        f" FROM {ledger}"
        f" WHERE ({owner}) IS NOT NULL AND {known} IS NOT NULL AND {at} IS NOT NULL{condition}"
        f" ORDER BY {OWNER}, {KNOWN})",
        doing="data.past",
    )


def _check_argument(session: Session, feature: Feature, ledger: str) -> None:
    term = feature.argument
    kind = session.types(f"(SELECT {term.scalar.sql} AS x FROM {ledger})", doing=term.doing)["x"]
    function = feature.aggregate.function
    numeric = kind in _NUMBERS or kind.startswith("DECIMAL")
    if (function in ("sum", "avg", "median", "stddev") and not numeric) or (
        function.startswith("bool_") and kind != "BOOLEAN"
    ):
        wanted = "a condition" if function.startswith("bool_") else "a number"
        raise DataError(
            f"{feature.label}: {function} takes {wanted}, found {kind}", code="E413", hint="cast it, or use count"
        )
