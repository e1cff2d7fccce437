"""Compute point-in-time features: aggregates over the earlier rows of the same `by` known at a row's moment.

Takes: the ledger (all rows of the joined, derived table) and one aggregate per feature. Gives: the ledger with a column
per feature. Keeps true: an earlier row counts when known' = greatest(known, at) lies strictly before this row's `at`;
a row whose `known`, `at` or `by` is NULL never counts; a row whose `by` or `at` is NULL has an empty past. A
feature is the aggregate over exactly the rows that count: 0 for a count over none, NULL for anything else.

How: running aggregates over (by, known', key) ROWS, the last row of each (by, known') kept, then one as-of join. That
order is total, so the result does not depend on the order of the file. Sums and averages of whole numbers and decimals
are exact; of floating point they are added up one by one in that order (numpy), because a window's tree of partial sums
would let later rows change the last bits of earlier results.

Where one of `known` and `at` is a date and the other a moment, days are compared: a payment on the invoice's own day is
not known at the invoice's hour.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.spec.recipe import Past, Recipe
from reconciler.data.dataset.columns import AS_OF, Feature, Term
from reconciler.data.duckdb_session import Session, name_of
from reconciler.errors import DataError

HINT_LATER = (
    "if the tables were exported on a later day, declare it as `asOf` beside `tables` of the environment that has "
    "them: the next apply takes a new data snapshot; else correct the dates"
)
_FLOATS = ("DOUBLE", "FLOAT")
_NUMBERS = ("BIGINT", "INTEGER", "HUGEINT", "BOOLEAN", *_FLOATS)
_EMPTY = {"count": "0"}

# No column of a table can have a space in its name.
_MOMENT = '"past moment"'
_OWNER = '"past owner"'
_KNOWN = '"past known"'
_ID = '"past id"'


def _argument(index: int) -> str:
    return f"argument {index}"


def add_past(
    session: Session, *, recipe: Recipe, features: Sequence[Feature], where: Term | None, ledger: str, key: str
) -> str:
    """Add one column per feature to the ledger and return the new relation's name. Raises DataError E412, E413."""
    past = recipe.data.past
    if past is None:
        return ledger
    types = session.types(ledger, doing="describing the ledger")
    at, known = _moments(past, types)
    _check_not_later(session, past, ledger)
    _collect(session, past=past, features=features, where=where, ledger=ledger, key=key, at=at, known=known)
    sums = _float_sums(session, features)
    _run(session, features, sums)
    items = "".join(
        f", coalesce(p.f{index}, {_EMPTY.get(feature.aggregate.function, 'NULL')}) AS {name_of(feature.name)}"
        for index, feature in enumerate(features)
    )
    session.run(
        f"CREATE VIEW with_past AS SELECT l.* EXCLUDE ({_MOMENT}){items} FROM"
        f" (SELECT *, {at} AS {_MOMENT} FROM {ledger}) l ASOF LEFT JOIN past_steps p"
        f" ON l.{name_of(past.by)} = p.{_OWNER} AND l.{_MOMENT} > p.{_KNOWN}",
        doing="data.past",
    )
    return "with_past"


def _moments(past: Past, types: dict[str, str]) -> tuple[str, str]:
    """Return SQL of `at` and `known` in one unit: days when one of the two is a date."""
    kinds = {}
    for label, column in (("data.past.at", past.at), ("data.past.known", past.known)):
        kinds[label] = types[column]
        if types[column] not in ("DATE", "TIMESTAMP"):
            hint = "declare `dates` for the table, or derive a date"
            raise DataError(f"{label}: {column} is {types[column]}, not a date or a time", code="E413", hint=hint)
    unit = "DATE" if "DATE" in kinds.values() else "TIMESTAMP"
    return f"CAST({name_of(past.at)} AS {unit})", f"CAST({name_of(past.known)} AS {unit})"


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


def _collect(
    session: Session,
    *,
    past: Past,
    features: Sequence[Feature],
    where: Term | None,
    ledger: str,
    key: str,
    at: str,
    known: str,
) -> None:
    """Create `past_rows`: the rows that count, numbered in that order, with each feature's argument.

    The argument is NULL where the feature's FILTER does not hold.
    """
    items = []
    for index, feature in enumerate(features):
        argument = feature.argument.scalar.sql
        items.append(f", {argument} AS {name_of(_argument(index))}")
        _check_argument(session, feature, ledger)
    condition = f" AND ({where.scalar.sql})" if where is not None else ""
    by = name_of(past.by)
    session.run(
        f"CREATE TEMP TABLE past_rows AS SELECT *, row_number() OVER (ORDER BY {_OWNER}, {_KNOWN}, {_ID}) AS n FROM"
        f" (SELECT {by} AS {_OWNER}, greatest({known}, {at}) AS {_KNOWN}, {key} AS {_ID}{''.join(items)}"
        f" FROM {ledger} WHERE {by} IS NOT NULL AND {known} IS NOT NULL AND {at} IS NOT NULL{condition})",
        doing="data.past",
    )


def _check_argument(session: Session, feature: Feature, ledger: str) -> None:
    term = feature.argument
    kind = session.types(f"(SELECT {term.scalar.sql} AS x FROM {ledger})", doing=term.doing)["x"]
    function = feature.aggregate.function
    numeric = kind in _NUMBERS or kind.startswith("DECIMAL")
    if (function in ("sum", "avg", "median") and not numeric) or (function.startswith("bool_") and kind != "BOOLEAN"):
        wanted = "a condition" if function.startswith("bool_") else "a number"
        raise DataError(
            f"{feature.label}: {function} takes {wanted}, found {kind}", code="E413", hint="cast it, or use count"
        )


def _float_sums(session: Session, features: Sequence[Feature]) -> dict[int, str]:
    """Compute running sums of floating point, one value after the other.

    Returns feature's index -> its column in `past_sums`.
    """
    types = session.types("past_rows", doing="data.past")
    wanted = [
        index
        for index, feature in enumerate(features)
        if feature.aggregate.function in ("sum", "avg") and types[_argument(index)] in _FLOATS
    ]
    if not wanted:
        return {}
    import numpy as np

    items = "".join(f", coalesce(CAST({name_of(_argument(index))} AS DOUBLE), 0.0) AS a{index}" for index in wanted)
    arrays = session.arrays(
        f"SELECT n, {_OWNER} IS DISTINCT FROM lag({_OWNER}) OVER (ORDER BY n) AS first{items}"
        " FROM past_rows ORDER BY n",
        doing="data.past",
    )
    starts = np.flatnonzero(np.asarray(arrays["first"]))
    ends = np.append(starts[1:], len(arrays["n"]))[: len(starts)]  # none for no rows
    columns = {"n": np.asarray(arrays["n"])}
    for index in wanted:
        values = np.ascontiguousarray(arrays[f"a{index}"], dtype=np.float64)
        sums = np.empty_like(values)
        with np.errstate(all="ignore"):
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                np.add.accumulate(values[start:end], out=sums[start:end])
        columns[f"s{index}"] = sums
    session.show("past_sums_seen", columns)
    # Copied into a table, since the arrays do not outlive this function.
    session.run("CREATE TEMP TABLE past_sums AS SELECT * FROM past_sums_seen", doing="data.past")
    return {index: f"s.s{index}" for index in wanted}


def _run(session: Session, features: Sequence[Feature], sums: dict[int, str]) -> None:
    """Create `past_steps`: for each (owner, known) the aggregates over all rows up to and including it."""
    items = "".join(
        f", {_running(feature.aggregate.function, f'r.{name_of(_argument(index))}', sums.get(index))} AS f{index}"
        for index, feature in enumerate(features)
    )
    source = "past_rows r" + (" JOIN past_sums s ON r.n = s.n" if sums else "")
    order = f"PARTITION BY r.{_OWNER} ORDER BY r.n"
    session.run(
        f"CREATE TEMP TABLE past_steps AS SELECT r.{_OWNER}, r.{_KNOWN}{items} FROM {source}"
        f" WINDOW w AS ({order} ROWS UNBOUNDED PRECEDING), o AS ({order})"
        f" QUALIFY lead(r.{_KNOWN}) OVER o IS DISTINCT FROM r.{_KNOWN}",
        doing="data.past",
    )


def _running(function: str, argument: str, summed: str | None) -> str:
    count = f"count({argument}) OVER w"
    match function:
        case "sum" | "avg":
            total = summed or f"sum({argument}) OVER w"
            value = f"CAST({total} AS DOUBLE) / {count}" if function == "avg" else total
            return f"CASE WHEN {count} > 0 THEN {value} END"
        case "count":
            return count
        case _:
            return f"{function}({argument}) OVER w"
