"""Find how the columns of a profiled table depend on each other: twins, days between dates, ages, a row of totals.

Takes: a session with the table as a view. Gives: facts of pairs of columns, from all rows.
"""

# SQL is text here; every part is quoted (`name_of`).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations, product
from typing import Any

from reconciler.core.onboarding.table_profile import FEW, AgeColumn, ColumnProfile, DateGap, DayCountColumn
from reconciler.data.duckdb_session import Session, in_parts, name_of
from reconciler.errors import DataError, FilePosition

PROFILED = "profiled"
PROFILING = "profiling the table"
_AGES = -0.5  # correlation of a date and a number up to which the number may be an age
_TWINS = 0.995  # correlation from which two numbers count as the same
_FEWEST_SUMMED = 4  # different numbers of a column that may have a total
_EQUAL = 1e-6  # of a sum, by which one of rounded numbers may differ
_FIRST_ROWS = 50  # that leave few candidates for a look at all rows
_TERMS_PER_QUERY = 300


def evaluate(session: Session, terms: list[str]) -> list[Any]:
    """Return the value of each SQL term over the table, in queries of a size that DuckDB plans well."""
    values: list[Any] = []
    for some in in_parts(terms, _TERMS_PER_QUERY):
        (row,) = session.rows(f"SELECT {', '.join(some)} FROM {PROFILED}", doing=PROFILING)
        values += row
    return values


def check_total(session: Session, columns: tuple[ColumnProfile, ...], rows: int, file: str) -> None:
    """Raise DataError E402 where the last row is the sum of the others, and lacks what all the others have."""
    lacking = [column.name for column in columns if column.filled == rows - 1]
    numbers = [column.name for column in columns if column.numeric and column.distinct > _FEWEST_SUMMED]
    if not lacking or not numbers:
        return
    (last,) = session.rows(
        f"SELECT {', '.join(map(name_of, (*lacking, *numbers)))} FROM {PROFILED} OFFSET {rows - 1}", doing=PROFILING
    )
    if all(cell is not None for cell in last[: len(lacking)]):
        return
    sums = evaluate(session, [f"sum({name_of(name)})" for name in numbers])
    for name, total, cell in zip(numbers, sums, last[len(lacking) :], strict=True):
        if cell and abs(float(total) - 2 * float(cell)) <= _EQUAL * abs(float(cell)):
            message = f"the last row is a total: its {name} is the sum of all rows above, and it has no {lacking[0]}"
            where = FilePosition(file=file)
            raise DataError(message, code="E402", where=where, hint="take that row out of the file: it is no example")


def twins(
    session: Session, columns: tuple[ColumnProfile, ...], counts: dict[str, tuple[int, ...]]
) -> Iterator[tuple[str, str]]:
    """Yield pairs of columns that carry the same information: numbers up to scale, categories up to names."""
    numeric = [column.name for column in columns if column.numeric and column.distinct > FEW]
    pairs = list(combinations(numeric, 2))
    terms = [f"corr({name_of(first)}, {name_of(second)})" for first, second in pairs]
    for pair, correlation in zip(pairs, evaluate(session, terms), strict=True):
        if correlation is not None and abs(correlation) >= _TWINS:
            yield pair
    few = [column for column in columns if 1 < column.distinct <= FEW]
    same_counts = [(a, b) for a, b in combinations(few, 2) if counts[a.name] == counts[b.name]]
    terms = [f"count(DISTINCT ({name_of(a.name)}, {name_of(b.name)}))" for a, b in same_counts]
    for (a, b), distinct_pairs in zip(same_counts, evaluate(session, terms), strict=True):
        if distinct_pairs == a.distinct:
            yield a.name, b.name


def days(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[DayCountColumn]:
    """Yield numeric columns that count the days between two dates."""
    dates = [column.name for column in columns if column.dated]
    number_types = ("BIGINT", "INTEGER", "DOUBLE")
    numbers = [column.name for column in columns if column.type in number_types and column.distinct > 1]
    candidates = _maybe_days(session, numbers, dates)
    terms = []
    for column, start, end in candidates:
        days = _between(start, end)
        # Days that are never negative also match: late payments are often counted from 0.
        terms.append(f"bool_and({name_of(column)} IN ({days}, greatest({days}, 0)))")
    for (column, start, end), matches in zip(candidates, evaluate(session, terms), strict=True):
        if matches:
            yield DayCountColumn(column=column, start=start, end=end)


def _maybe_days(session: Session, numbers: list[str], dates: list[str]) -> list[tuple[str, str, str]]:
    """Return (number, start, end) of which the first rows do not tell that they are no days: few are left of many."""
    days = [f"date_diff('day', DATE '2000-01-01', CAST({name_of(name)} AS DATE))" for name in dates]
    listed = ", ".join((*map(name_of, numbers), *days))
    rows = session.rows(f"SELECT {listed} FROM {PROFILED} LIMIT {_FIRST_ROWS}", doing=PROFILING) if listed else []
    cells = dict(zip((*numbers, *dates), zip(*rows, strict=True), strict=True))
    return [
        (number, start, end)
        for number in numbers
        for start, end in permutations(dates, 2)
        if all(
            None in (count, first, last) or count in (last - first, max(last - first, 0))
            for count, first, last in zip(cells[number], cells[start], cells[end], strict=True)
        )
    ]


def gaps(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[DateGap]:
    """Yield, per ordered pair of date columns, the shares of rows with a gap of so many days."""
    pairs = list(permutations([column.name for column in columns if column.dated and column.filled], 2))
    terms = []
    for start, end in pairs:
        days = _between(start, end)
        terms += [f"avg(CAST({days} {than} AS INTEGER))" for than in (">= 0", "> 0", "> 10", "> 30")]
    shares = evaluate(session, terms)
    for index, (start, end) in enumerate(pairs):
        forward, over_0, over_10, over_30 = shares[4 * index : 4 * index + 4]
        if forward is not None:
            yield DateGap(start=start, end=end, forward=forward, over_0=over_0, over_10=over_10, over_30=over_30)


def ages(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[AgeColumn]:
    """Yield numeric columns that fall as a date rises."""
    dates = [column.name for column in columns if column.dated and column.distinct > 1]
    numbers = [column.name for column in columns if column.numeric and column.distinct > 1]
    pairs = list(product(numbers, dates))
    terms = [
        f"corr({name_of(number)}, date_diff('day', DATE '2000-01-01', CAST({name_of(day)} AS DATE)))"
        for number, day in pairs
    ]
    for (number, day), correlation in zip(pairs, evaluate(session, terms), strict=True):
        if correlation is not None and correlation <= _AGES:
            yield AgeColumn(column=number, since=day, correlation=correlation)


def _between(start: str, end: str) -> str:
    return f"date_diff('day', CAST({name_of(start)} AS DATE), CAST({name_of(end)} AS DATE))"
