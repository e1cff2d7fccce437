"""Aggregate, for each owner and moment, all rows that were known up to then.

Takes: `past_rows`, the rows that count in the order of owner and moment, with each feature's argument. Gives: the
table `past_steps` with a row per owner and moment and a column per feature. Keeps true: rows known at one moment are in
the order of their keys; floating point is added up one by one in that order.

How: counts, and sums of whole numbers and decimals, are what they are over all rows so far less what they were where
the owner's rows begin; a greatest one is that of all rows so far where each owner's numbers lie above those of the
owners before it. That sorts nothing; whatever else is asked for needs DuckDB's windows.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or written by this package.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.data.dataset.columns import Feature
from reconciler.data.duckdb_session import Session, name_of

# No column of a table can have a space in its name.
OWNER = '"past owner"'
KNOWN = '"past known"'
ID = '"past id"'
FLOATS = ("DOUBLE", "FLOAT")
_WHOLE = ("BIGINT", "INTEGER", "BOOLEAN")
_ADDED = frozenset(["count", "sum", "avg"])
_OF_TOTALS = _ADDED | {"min", "max", "bool_and", "bool_or"}
_DIGITS = 18  # of a decimal number that fits into 64 bits
_MOST_TOTALS = 60_000_000  # that are in memory at once, of 4 or 12 bytes; more of them are left to DuckDB, which spills


def argument_of(index: int) -> str:
    """Return the name of the column of `past_rows` that a feature aggregates."""
    return f"argument {index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the rows of `past_rows` are, as arrays. `order`: their places in the order of owner, moment and key;
    `starts`: of each row in that order, where its owner's rows begin; `is_last`: whether the next row has another owner
    or moment."""

    order: Any
    starts: Any
    is_last: Any


def places_of(session: Session) -> Places:
    """Return the places of the rows of `past_rows`."""
    import numpy as np

    arrays = session.arrays(
        f"SELECT {OWNER} IS DISTINCT FROM lag({OWNER}) OVER () AS first,"
        f" {KNOWN} IS DISTINCT FROM lag({KNOWN}) OVER () AS later FROM past_rows ORDER BY n",
        doing="data.past",
    )
    first = np.asarray(arrays["first"])
    changes = first | np.asarray(arrays["later"])
    starts = np.flatnonzero(first)
    lengths = np.diff(np.append(starts, len(first)))[: len(starts)]  # none for no rows
    is_last = np.append(changes[1:], True)[: len(changes)]
    return Places(order=_order(session, changes), starts=np.repeat(starts, lengths), is_last=is_last)


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
        keyed = f"SELECT n FROM past_rows POSITIONAL JOIN past_ties WHERE tied ORDER BY {OWNER}, {KNOWN}, {ID}"
        order[tied] = np.asarray(session.arrays(keyed, doing="data.past")["n"]) - 1
        session.hide("past_ties")
    return order


def add_steps(session: Session, features: Mapping[int, Feature], places: Places | None) -> None:
    """Create `past_steps`; `features`: by the place of their argument; `places`: where they are known already."""
    types = session.types("past_rows", doing="data.past")
    kinds = {index: types[argument_of(index)] for index in features}
    functions = {feature.aggregate.function for feature in features.values()}
    if functions <= _OF_TOTALS or any(kind in FLOATS for kind in kinds.values()):
        places = places or places_of(session)
    if places is None or not _add_up(session, features, kinds, places):
        _aggregate(session, features, kinds, places)


# --- running totals ---------------------------------------------------------------------------------------------------


def _add_up(session: Session, features: Mapping[int, Feature], kinds: Mapping[int, str], places: Places) -> bool:
    """Create `past_steps` from totals of all rows so far; False where features are not of that kind, or too large."""
    if len(features) * len(places.order) > _MOST_TOTALS:
        return False
    shown: dict[str, Any] = {"is_last": places.is_last}
    items: list[str] = []
    for index, feature in features.items():
        value = _Total(session, index, kinds[index], feature.aggregate.function, places)
        if not value.is_one:
            return False
        shown |= value.columns
        items.append(f", {value.sql} AS f{index}")
    session.show("past_totals", shown)
    session.run(
        f"CREATE TEMP TABLE past_steps AS SELECT r.{OWNER}, r.{KNOWN}{''.join(items)}"
        " FROM (past_rows r POSITIONAL JOIN past_totals t) WHERE t.is_last",
        doing="data.past",
    )
    session.hide("past_totals")
    return True


class _Total:
    """A running aggregate: the arrays that it needs, and SQL of its value from them (`t`).

    `is_one`: whether it can be made of totals.
    """

    def __init__(self, session: Session, index: int, kind: str, function: str, places: Places) -> None:
        import numpy as np

        self.columns: dict[str, Any] = {}
        self.sql = count = f"CAST(t.c{index} AS BIGINT)"
        argument, whole = name_of(argument_of(index)), _Whole.of(kind)
        is_float = kind in FLOATS and function in _ADDED
        self.is_one = function == "count" or is_float or (whole is not None and function in _OF_TOTALS)
        if not self.is_one:
            return
        asked = f"CASE WHEN {argument} IS NOT NULL THEN true END"
        if whole is not None and function != "count":
            asked = whole.units.format(argument)
        array = session.arrays(f"SELECT {asked} AS a FROM past_rows ORDER BY n", doing="data.past")["a"]
        there = ~np.ma.getmaskarray(array)
        self.columns[f"c{index}"] = _since_start(there, np.int32, places)
        if function == "count":
            return
        column, value = f"t.s{index}", f"t.s{index}"
        if whole is None:
            total = float_sums(session, index, places)
        elif function in ("min", "max"):
            total, value = _extremes(np.ma.getdata(array), there, places, function), whole.same.format(column)
        else:
            total, value = _sums(np.where(there, np.ma.getdata(array), 0), places), whole.sum.format(column)
        if total is None:
            self.is_one = False
            return
        self.columns[f"s{index}"] = total
        match function:
            case "avg":
                value = f"CAST({value} AS DOUBLE) / {count}"
            case "bool_and" | "bool_or":
                value = f"{column} = {count}" if function == "bool_and" else f"{column} > 0"
        self.sql = f"CASE WHEN {count} > 0 THEN {value} END"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """How numbers of a type are counted in whole units: SQL of the units of an argument; and from a column of units, of
    the value in the same type, and in that of DuckDB's sum."""

    units: str
    same: str
    sum: str

    @staticmethod
    def of(kind: str) -> _Whole | None:
        """Return how a type is counted; None where its numbers do not fit into 64 bits, or are none."""
        if kind in _WHOLE:
            return _Whole(units="CAST({} AS BIGINT)", same=f"CAST({{}} AS {kind})", sum="CAST({} AS HUGEINT)")
        if not kind.startswith("DECIMAL("):
            return None
        digits, scale = map(int, kind[len("DECIMAL(") : -1].split(","))
        if digits > _DIGITS:
            return None
        unit = f"CAST(1{'0' * scale} AS DECIMAL({scale + 1}, 0))"
        one = f"CAST('{10**-scale:.{scale}f}' AS DECIMAL({scale + 1}, {scale}))"
        number = f"CAST({{}} AS DECIMAL(19, 0)) * {one}"
        return _Whole(
            units=f"CAST({{}} * {unit} AS BIGINT)",
            same=f"CAST({number} AS {kind})",
            sum=f"CAST({number} AS DECIMAL(38, {scale}))",
        )


def _sums(numbers: Any, places: Places) -> Any:
    """Return the running sums of each owner; None where one of all owners could be too large."""
    import numpy as np

    if len(numbers) and max(-int(numbers.min()), int(numbers.max())) >= 2**62 // len(numbers):
        return None
    return _since_start(numbers, np.int64, places)


def _extremes(numbers: Any, there: Any, places: Places, function: str) -> Any:
    """Return the least or the greatest number of each owner so far; None where owners do not fit above each other."""
    import numpy as np

    if not there.any():
        return np.zeros(len(numbers), np.int64)
    least, greatest = int(numbers[there].min()), int(numbers[there].max())
    owners = np.cumsum(places.starts == np.arange(len(numbers)))
    span = greatest - least + 2
    if (int(owners[-1]) + 1) * span >= 2**62 or max(-least, greatest) >= 2**62:
        return None
    above = numbers - least if function == "max" else greatest - numbers
    base = owners * span
    above = np.maximum.accumulate(np.where(there, above + 1, 0) + base) - base - 1
    return above + least if function == "max" else greatest - above


def _since_start(values: Any, dtype: Any, places: Places) -> Any:
    """Return what the values of each owner add up to, up to and including each row."""
    import numpy as np

    total = np.zeros(len(values) + 1, dtype)
    np.cumsum(values, dtype=dtype, out=total[1:])
    return total[1:] - total[places.starts]


def float_sums(session: Session, index: int, places: Places) -> Any:
    """Return the running sums of floating point in the order of the places: the last of a moment has all its rows."""
    import numpy as np

    argument = f"coalesce(CAST({name_of(argument_of(index))} AS DOUBLE), 0.0)"
    array = session.arrays(f"SELECT {argument} AS a FROM past_rows ORDER BY n", doing="data.past")["a"]
    values = np.asarray(array, dtype=np.float64)[places.order]
    starts = np.flatnonzero(places.starts == np.arange(len(values))).tolist()
    with np.errstate(all="ignore"):
        for start, end in zip(starts, [*starts, len(values)][1:], strict=True):
            np.add.accumulate(values[start:end], out=values[start:end])
    return values


# --- any aggregate ----------------------------------------------------------------------------------------------------


def _aggregate(
    session: Session, features: Mapping[int, Feature], kinds: Mapping[int, str], places: Places | None
) -> None:
    """Create `past_steps` by running windows."""
    floats = [index for index, kind in kinds.items() if kind in FLOATS]
    sums: dict[int, str] = {}
    source, rank = "past_rows r", "r.n"
    if places is not None and floats:
        import numpy as np

        columns = {"rank": np.empty_like(places.order)}
        columns["rank"][places.order] = np.arange(len(places.order))
        for index in floats:
            if features[index].aggregate.function in ("sum", "avg"):
                columns[f"s{index}"] = np.empty(len(places.order))
                columns[f"s{index}"][places.order] = float_sums(session, index, places)
                sums[index] = f"s.s{index}"
        session.show("past_ranks", columns)
        source, rank = "past_rows r POSITIONAL JOIN past_ranks s", "s.rank"
    items = "".join(
        f", {_running(each.aggregate.function, f'r.{name_of(argument_of(index))}', sums.get(index))} AS f{index}"
        for index, each in features.items()
    )
    order = f"PARTITION BY r.{OWNER} ORDER BY {rank}"
    session.run(
        f"CREATE TEMP TABLE past_steps AS SELECT r.{OWNER}, r.{KNOWN}{items} FROM {source}"
        f" WINDOW w AS ({order} ROWS UNBOUNDED PRECEDING), o AS ({order})"
        f" QUALIFY lead(r.{KNOWN}) OVER o IS DISTINCT FROM r.{KNOWN}",
        doing="data.past",
    )
    if source != "past_rows r":
        session.hide("past_ranks")


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
