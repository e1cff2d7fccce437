"""Compute the features of `past` over a stretch of what was known: the last rows, those of some days; and deviations.

Takes: `past_rows`, the rows that count in the order of owner and moment, and the ledger. Gives: the table
`past_windows` with a row per owner and moment of the ledger, and a column per feature. Keeps true: the rows that count
for a moment are those known before it. Of these, `within` leaves those known not earlier than so long before the
moment, and `last` so many at the end; rows known at one moment are in the order of their keys. FILTER and missing
values are left out of what is left, not before.

How: both ends of each stretch are places in the ordered rows, found by as-of joins; the numbers of a stretch come from
its own rows alone (`window_aggregates`). Whole numbers and decimals are added exactly.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.duration import exact
from reconciler.core.spec.recipe import PastFeature
from reconciler.data.dataset.columns import Feature
from reconciler.data.dataset.past.window_aggregates import deviations, extremes, medians, sums
from reconciler.data.duckdb_session import Session, name_of
from reconciler.errors import DataError

_DAY = 86_400
_FLOATS = ("DOUBLE", "FLOAT")
_WHOLE = ("BIGINT", "INTEGER")


def is_windowed(feature: Feature) -> bool:
    """Tell whether a feature is computed here, rather than by running aggregates."""
    return (
        feature.window.within is not None or feature.window.last is not None or feature.aggregate.function == "stddev"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRows:
    """Where the rows that count are: names of columns in `past_rows`, which has `n` from 1 on; `kind`: the type of
    moments; `order`: places of the rows in the order of owner, moment and key; `starts`: of each row in that order,
    where its owner's rows begin."""

    owner: str
    known: str
    kind: str
    arguments: dict[int, str]
    order: Any
    starts: Any


def add_windows(
    session: Session, features: Sequence[Feature], rows: PastRows, *, ledger: str, owner: str, moment: str
) -> None:
    """Create `past_windows` (owner, moment, f0, f1, ... of the windowed features).

    `owner`, `moment`: SQL over the ledger. Raises DataError E413.
    """
    wanted = {index: feature for index, feature in enumerate(features) if is_windowed(feature)}
    for feature in wanted.values():
        if rows.kind == "DATE" and (feature.window.within or 0) % _DAY:
            raise DataError(
                f"{feature.label}: moments here are days, of which `within: {exact(feature.window.within or 0)}` is no"
                " whole number",
                code="E413",
                hint="write whole days, such as 30d, or give `at` and `known` their time of day",
            )
    session.run(
        f"CREATE TEMP TABLE past_reads AS SELECT *, row_number() OVER () AS i FROM"
        f" (SELECT DISTINCT {owner} AS owner, {moment} AS moment FROM {ledger}) WHERE owner IS NOT NULL"
        " AND moment IS NOT NULL",
        doing="data.past",
    )
    session.run(
        f"CREATE TEMP TABLE past_ends AS SELECT {rows.owner} AS owner, {rows.known} AS known, max(n) AS upto"
        f" FROM past_rows GROUP BY ALL",
        doing="data.past",
    )
    stretches = _Stretches(session, rows)
    shown: dict[str, Any] = {}
    items: list[str] = []
    joins: list[str] = []
    types = session.types("past_rows", doing="data.past")
    for index, feature in wanted.items():
        column = rows.arguments[index]
        value = _Value(session, stretches, feature, name_of(column), types[column], index)
        shown |= value.columns
        items.append(f"{value.sql} AS f{index}")
        joins += value.joins
    session.show("past_stretches", shown)
    session.run(
        f"CREATE TEMP TABLE past_windows AS SELECT r.owner, r.moment, {', '.join(items)}"
        f" FROM (past_reads r POSITIONAL JOIN past_stretches s) {' '.join(joins)}",
        doing="data.past",
    )
    session.hide("past_stretches")
    for table in ("past_reads", "past_ends", *(f"past_values_{index}" for index in stretches.numbered)):
        session.run(f"DROP TABLE {table}", doing="data.past")


class _Stretches:
    """The places in the ordered rows where the stretch of each moment begins and ends."""

    def __init__(self, session: Session, rows: PastRows) -> None:
        import numpy as np

        self.session, self.rows = session, rows
        self.numbered: list[int] = []
        self._end = self._upto("r.moment")
        self._owner_begin = np.where(self._end > 0, rows.starts[self._end - 1], 0) if len(rows.starts) else self._end
        self._since: dict[int, Any] = {}

    def _upto(self, moment: str) -> Any:
        """Return for each moment how many of the ordered rows end with the last one known before it; 0 for none."""
        import numpy as np

        found = self.session.arrays(
            "SELECT coalesce(e.upto, 0) AS upto FROM past_reads r ASOF LEFT JOIN past_ends e"
            f" ON r.owner = e.owner AND {moment} > e.known ORDER BY r.i",
            doing="data.past",
        )
        return np.asarray(found["upto"], dtype=np.int64)

    def of(self, window: PastFeature) -> tuple[Any, Any]:
        """Return where each stretch of a feature begins and ends."""
        import numpy as np

        begin = self._owner_begin
        if (seconds := window.within) is not None:
            if seconds not in self._since:
                length = str(seconds // _DAY) if self.rows.kind == "DATE" else f"to_seconds({seconds})"
                self._since[seconds] = self._upto(f"r.moment - {length}")
            begin = np.maximum(begin, self._since[seconds])
        if window.last is not None:
            begin = np.maximum(begin, self._end - window.last)
        return np.minimum(begin, self._end), self._end

    def ordered(self, sql: str, source: str = "past_rows") -> tuple[Any, Any]:
        """Return the values of an expression over the rows in order, and which rows have one."""
        import numpy as np

        array = self.session.arrays(f"SELECT {sql} AS a FROM {source} ORDER BY n", doing="data.past")["a"]
        there = ~np.ma.getmaskarray(array)[self.rows.order]
        return np.ma.getdata(array)[self.rows.order][there], there


class _Value:
    """A windowed feature: the arrays that it needs, and SQL of its value from them (`s`) and tables joined to them."""

    def __init__(
        self, session: Session, stretches: _Stretches, feature: Feature, argument: str, kind: str, index: int
    ) -> None:
        import numpy as np

        self._session, self._stretches, self._index, self._kind = session, stretches, index, kind
        self.columns: dict[str, Any] = {}
        self.joins: list[str] = []
        function = feature.aggregate.function
        values, there = stretches.ordered(*self._form(function, argument))
        filled = np.concatenate([[0], np.cumsum(there)])
        begin, end = stretches.of(feature.window)
        begin, end = filled[begin], filled[end]
        self.columns[f"c{index}"] = end - begin
        self.sql = self._sql(function, values, begin, end)

    def _form(self, function: str, argument: str) -> tuple[str, str]:
        """Return SQL of the values that a function takes, and the relation that it is over."""
        if function == "count":
            return f"CASE WHEN {argument} IS NOT NULL THEN true END", "past_rows"
        if function in ("stddev", "median") or self._kind in _FLOATS:
            return f"CAST({argument} AS DOUBLE) + 0.0", "past_rows"  # no negative zero
        if self._kind in (*_WHOLE, "BOOLEAN"):
            return f"CAST({argument} AS BIGINT)", "past_rows"
        if function in ("sum", "avg"):
            return f"CAST({argument} AS VARCHAR)", "past_rows"
        # Of any other type: its place among the distinct values, least first.
        table = f"past_values_{self._index}"
        self._session.run(
            f"CREATE TEMP TABLE {table} AS SELECT x, row_number() OVER (ORDER BY x) AS place FROM"
            f" (SELECT DISTINCT {argument} AS x FROM past_rows WHERE {argument} IS NOT NULL)",
            doing="data.past",
        )
        self._stretches.numbered.append(self._index)
        self.joins.append(f"LEFT JOIN {table} v{self._index} ON v{self._index}.place = s.v{self._index}")
        return "v.place", f"past_rows LEFT JOIN {table} v ON v.x = {argument}"

    def _sql(self, function: str, values: Any, begin: Any, end: Any) -> str:
        count, value = f"s.c{self._index}", f"s.v{self._index}"
        match function:
            case "count":
                return count
            case "bool_and" | "bool_or":
                self._keep(sums(values, begin, end))
                wanted = f"{value} = {count}" if function == "bool_and" else f"{value} > 0"
                return f"CASE WHEN {count} > 0 THEN {wanted} END"
            case "sum" | "avg":
                total = self._total(values, begin, end)
                exact_sum = f"CAST({total} AS DOUBLE) / {count}" if function == "avg" else total
                return f"CASE WHEN {count} > 0 THEN {exact_sum} END"
            case "min" | "max":
                self._keep(extremes(values, begin, end, greatest=function == "max"))
                if self.joins:
                    value = f"v{self._index}.x"
                elif self._kind != "DOUBLE":
                    value = f"CAST({value} AS {self._kind})"
                return f"CASE WHEN {count} > 0 THEN {value} END"
            case "median":
                self._keep(medians(values, begin, end))
                return f"CASE WHEN {count} > 0 THEN {value} END"
            case _:
                self._keep(deviations(values, begin, end))
                return f"CASE WHEN {count} > 1 THEN {value} END"

    def _total(self, values: Any, begin: Any, end: Any) -> str:
        """Keep the sum of each stretch and return SQL of it, in the type that a running sum has."""
        import numpy as np

        value = f"s.v{self._index}"
        if values.dtype == np.float64:
            self._keep(sums(values, begin, end))
            return value
        scale = 0
        if values.dtype == object:  # decimals and numbers of 128 bits, as texts: whole numbers of their last digit
            scale = int(self._kind.rstrip(")").rpartition(",")[2]) if self._kind.startswith("DECIMAL") else 0
            values = np.array([int(text.replace(".", "")) for text in values], dtype=object)
        elif len(values) and max(-int(values.min()), int(values.max())) >= 2**62 // len(values):
            values = values.astype(object)
        running = np.concatenate([np.zeros(1, dtype=values.dtype), np.cumsum(values)])
        total = running[end] - running[begin]
        if total.dtype == object:
            total = np.array([_decimal(number, scale) for number in total], dtype=object)
        self._keep(total)
        return f"CAST({value} AS {f'DECIMAL(38,{scale})' if scale else 'HUGEINT'})"

    def _keep(self, array: Any) -> None:
        self.columns[f"v{self._index}"] = array


def _decimal(number: int, scale: int) -> str:
    """Write a whole number of units of `scale` decimal places."""
    digits = str(abs(number)).rjust(scale + 1, "0")
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"-{text}" if number < 0 else text
