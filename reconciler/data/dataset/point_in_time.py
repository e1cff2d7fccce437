"""Compute point-in-time features: aggregates over the earlier rows of the same `by` known at a row's moment.

Takes: the ledger (all rows of the joined, derived table) and one aggregate per feature. Gives: the ledger with a column
per feature. Keeps true: an earlier row counts when known' = greatest(known, at) lies strictly before this row's `at`;
a row whose `known`, `at` or `by` is NULL never counts; a row whose `by` or `at` is NULL has an empty past. A
feature is the aggregate over exactly the rows that count: 0 for a count over none, NULL for anything else.

How: running aggregates over (by, known', key) ROWS, the last row of each (by, known') kept, then one as-of join. That
order is total, so the result does not depend on the order of the file. Sums and averages of whole numbers and decimals
are exact; of floating point they are added up one by one in that order (numpy), because a window's tree of partial sums
would let later rows change the last bits of earlier results. Features of the last rows or of some days, and deviations,
are computed in `past_windows`. What takes time is to sort; so texts are not sorted by: an
owner stands as a short hash where no two share one, and keys order only the rows that are equal in by and known'.

Where one of `known` and `at` is a date and the other a moment, days are compared: a payment on the invoice's own day is
not known at the invoice's hour.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.core.spec.recipe import Past, Recipe
from reconciler.data.dataset.columns import AS_OF, Feature, Term
from reconciler.data.dataset.past_windows import PastRows, add_windows, is_windowed
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
    windowed = [index for index, feature in enumerate(features) if is_windowed(feature)]
    sums, order, starts = _ranks(session, features, windowed)
    if windowed:
        arguments = {index: _argument(index) for index in windowed}
        rows = PastRows(owner=_OWNER, known=_KNOWN, kind=kind, arguments=arguments, order=order, starts=starts)
        add_windows(session, features, rows, ledger=ledger, owner=owner, moment=at)
    _run(session, features, windowed, sums)
    items = "".join(
        f", coalesce({'w' if index in windowed else 'p'}.f{index},"
        f" {_EMPTY.get(feature.aggregate.function, 'NULL')}) AS {name_of(feature.name)}"
        for index, feature in enumerate(features)
    )
    beside = f" LEFT JOIN past_windows w ON l.{_OWNER} = w.owner AND l.{_MOMENT} = w.moment" if windowed else ""
    session.run(
        f"CREATE VIEW with_past AS SELECT l.* EXCLUDE ({_MOMENT}, {_OWNER}){items} FROM"
        f" (SELECT *, {at} AS {_MOMENT}, {owner} AS {_OWNER} FROM {ledger}) l ASOF LEFT JOIN past_steps p"
        f" ON l.{_OWNER} = p.{_OWNER} AND l.{_MOMENT} > p.{_KNOWN}{beside}",
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
        items.append(f", {argument} AS {name_of(_argument(index))}")
        _check_argument(session, feature, ledger)
    condition = f" AND ({where.scalar.sql})" if where is not None else ""
    session.run(
        f"CREATE TEMP TABLE past_rows AS SELECT *, row_number() OVER () AS n FROM"
        f" (SELECT {owner} AS {_OWNER}, greatest({known}, {at}) AS {_KNOWN}, {key} AS {_ID}{''.join(items)}"
        f" FROM {ledger}"
        f" WHERE ({owner}) IS NOT NULL AND {known} IS NOT NULL AND {at} IS NOT NULL{condition}"
        f" ORDER BY {_OWNER}, {_KNOWN})",
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


def _ranks(
    session: Session, features: Sequence[Feature], windowed: Sequence[int]
) -> tuple[dict[int, str] | None, Any, Any]:
    """Create `past_ranks`, where running floating point is aggregated: for each row of `past_rows`, in order, its
    `rank` among all in the order of owner, moment and key, and running sums, one value after the other.

    Returns feature's index -> its column of sums in `past_ranks`, None where the rows are in order as they are; and the
    places of the rows in that order, and where the owner of each begins, None where nothing asks for them.
    """
    types = session.types("past_rows", doing="data.past")
    floats = [index for index in range(len(features)) if types[_argument(index)] in _FLOATS and index not in windowed]
    if not floats and not windowed:
        return None, None, None
    import numpy as np

    wanted = [index for index in floats if features[index].aggregate.function in ("sum", "avg")]
    items = "".join(f", coalesce(CAST({name_of(_argument(index))} AS DOUBLE), 0.0) AS a{index}" for index in wanted)
    arrays = session.arrays(
        f"SELECT {_OWNER} IS DISTINCT FROM lag({_OWNER}) OVER () AS first,"
        f" {_KNOWN} IS DISTINCT FROM lag({_KNOWN}) OVER () AS later{items} FROM past_rows ORDER BY n",
        doing="data.past",
    )
    first = np.asarray(arrays["first"])
    order = _order(session, first | np.asarray(arrays["later"]))
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(first))[: len(starts)]  # none for no rows
    owner_starts = np.repeat(starts, ends - starts)
    if not floats:
        return None, order, owner_starts
    columns = {"rank": np.empty_like(order)}
    columns["rank"][order] = np.arange(len(order))
    for index in wanted:
        values = np.asarray(arrays[f"a{index}"], dtype=np.float64)[order]
        with np.errstate(all="ignore"):
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                np.add.accumulate(values[start:end], out=values[start:end])
        columns[f"s{index}"] = np.empty_like(values)
        columns[f"s{index}"][order] = values
    session.show("past_ranks_seen", columns)
    # Copied into a table, since the arrays do not outlive this function.
    session.run("CREATE TEMP TABLE past_ranks AS SELECT * FROM past_ranks_seen", doing="data.past")
    return {index: f"s.s{index}" for index in wanted}, order, owner_starts


def _order(session: Session, changes: Any) -> Any:
    """Return the places of the rows of `past_rows` in the order of owner, moment and key.

    `changes`: whether a row differs from the one before in owner or moment; only rows that do not are put in order.
    """
    import numpy as np

    order = np.arange(len(changes))
    tied = ~changes
    tied[:-1] |= ~changes[1:]
    if tied.any():
        session.show("past_ties", {"tied": tied})
        keyed = f"SELECT n FROM past_rows POSITIONAL JOIN past_ties WHERE tied ORDER BY {_OWNER}, {_KNOWN}, {_ID}"
        order[tied] = np.asarray(session.arrays(keyed, doing="data.past")["n"]) - 1
    return order


def _run(session: Session, features: Sequence[Feature], windowed: Sequence[int], sums: dict[int, str] | None) -> None:
    """Create `past_steps`: for each (owner, known) the aggregates over all rows up to and including it."""
    items = "".join(
        f", {_running(each.aggregate.function, f'r.{name_of(_argument(index))}', (sums or {}).get(index))} AS f{index}"
        for index, each in enumerate(features)
        if index not in windowed
    )
    source, rank = ("past_rows r", "r.n") if sums is None else ("past_rows r POSITIONAL JOIN past_ranks s", "s.rank")
    order = f"PARTITION BY r.{_OWNER} ORDER BY {rank}"
    session.run(
        f"CREATE TEMP TABLE past_steps AS SELECT r.{_OWNER}, r.{_KNOWN}{items} FROM {source}"
        f" WINDOW w AS ({order} ROWS UNBOUNDED PRECEDING), o AS ({order})"
        f" QUALIFY lead(r.{_KNOWN}) OVER o IS DISTINCT FROM r.{_KNOWN}",
        doing="data.past",
    )
    for table in ("past_rows", *(["past_ranks"] if sums is not None else [])):
        session.run(f"DROP TABLE {table}", doing="data.past")


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
