"""Check the rows of a table against its contract, before anything of them is masked or kept.

Takes: the typed rows of one table as SQL over a relation, and the contract. Gives: everything that breaks it, with
counts and first rows, never a value. Keeps true: where nothing is broken, the rows are read once, and memory grows
with the distinct values of the key alone.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or made of numbers and checked names.
# ruff: noqa: S608

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from reconciler.core.duration import exact, in_words
from reconciler.core.spec.data import Contract
from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, Session, in_parts, name_of, text_of
from reconciler.data.quality.contract_rules import misfit, row_rules, shape_problems
from reconciler.data.quality.typed_rows import ROW, CheckedColumn, RowRule, TypedRows, doing, row_count, said
from reconciler.errors import TableProblem

_MOMENTS = ("DATE", "TIMESTAMP")
_UNITS = (86_400, 3600, 60, 1)


def broken(session: Session, rows: TypedRows, contract: Contract) -> tuple[TableProblem, ...]:
    """Return every rule of a contract that the rows of its table break, besides references to other tables."""
    shape, rules = tuple(shape_problems(rows, contract)), []
    problems: list[TableProblem] = list(shape)
    for item in row_rules(rows, contract):
        if isinstance(item, RowRule):
            rules.append(item)
        else:
            problems.append(item)
    fresh = _fresh_column(rows, contract)
    if isinstance(fresh, TableProblem):
        problems.append(fresh)
        fresh = None
    key = rows.column(contract.key) if contract.key is not None else None
    figures = _figures(session, rows, rules, fresh=fresh, key=key)
    bad = [(rule, count) for rule, count in zip(rules, figures.broken, strict=True) if count]
    problems += [
        rule.broken(rows.table, count, row) for (rule, count), row in zip(bad, _firsts(session, rows, bad), strict=True)
    ]
    if key is not None and figures.keys != figures.distinct:
        problems += _repeated_keys(session, rows, key)
    problems += _too_few(rows, contract, figures.rows)
    if fresh is not None:
        problems += _too_old(rows, contract, figures.age, figures.ahead)
    return tuple(dict.fromkeys(problems))


def misfits(session: Session, rows: TypedRows, *, besides: Collection[str]) -> Iterator[TableProblem]:
    """Yield the columns with cells that do not fit their type, besides those whose type a contract declares."""
    rules = [misfit(column, code="E405") for column in rows.columns if column.name not in besides and not column.fits]
    counts = _figures(session, rows, rules).broken
    bad = [(rule, count) for rule, count in zip(rules, counts, strict=True) if count]
    for (rule, count), row in zip(bad, _firsts(session, rows, bad), strict=True):
        yield rule.broken(rows.table, count, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """The figures of a table: its rows, how many break each rule, its keys and how many are distinct, the age of its
    newest row in seconds, and how many rows lie ahead."""

    rows: int
    broken: tuple[int, ...]
    keys: int
    distinct: int
    age: int | None
    ahead: int


def _figures(
    session: Session,
    rows: TypedRows,
    rules: Sequence[RowRule],
    *,
    fresh: CheckedColumn | None = None,
    key: CheckedColumn | None = None,
) -> _Figures:
    """Return the figures of a table, from one look at its rows. Hashes that differ prove that keys do."""
    items = ["NULL", "0", "0", "0"]
    if fresh is not None:
        value, unit, seconds, start, end = f"({fresh.value})", *_clock(rows, fresh.kind)
        newest = f"date_diff('{unit}', max({value}) FILTER (WHERE {value} <= {end}), {start})"
        items[0] = f"CASE WHEN {newest} < 0 THEN 0 ELSE {newest} END * {seconds}"
        items[1] = f"count(*) FILTER (WHERE {value} > {end})"
    if key is not None:
        items[2] = f"count({key.value})"
        items[3] = f"count(DISTINCT CASE WHEN ({key.value}) IS NOT NULL THEN hash({key.value}) END)"
    items += (f"count(*) FILTER (WHERE {rule.bad})" for rule in rules)
    total, found = 0, list[int | None]()
    for part in in_parts(items, COLUMNS_PER_QUERY):
        query = f"SELECT count(*), {', '.join(part)} FROM {rows.relation}"
        total, *values = session.rows(query, doing=doing(rows))[0]
        found += values
    age, ahead, keys, distinct, *broken_rows = found
    return _Figures(
        rows=total,
        broken=tuple(count or 0 for count in broken_rows),
        keys=keys or 0,
        distinct=distinct or 0,
        age=age,
        ahead=ahead or 0,
    )


def _firsts(session: Session, rows: TypedRows, broken_rules: Sequence[tuple[RowRule, int]]) -> list[int]:
    """Return the first row that breaks each of these rules."""
    firsts: list[int] = []
    numbered = f"(SELECT row_number() OVER () AS {name_of(ROW)}, * FROM {rows.relation})"
    for part in in_parts(broken_rules, COLUMNS_PER_QUERY):
        items = ", ".join(f"min({name_of(ROW)}) FILTER (WHERE {rule.bad})" for rule, _ in part)
        firsts += session.rows(f"SELECT {items} FROM {numbered}", doing=doing(rows))[0]
    return firsts


def _repeated_keys(session: Session, rows: TypedRows, column: CheckedColumn) -> Iterator[TableProblem]:
    """Yield the key where a value of it stands in several rows."""
    key, step = f"({column.value})", doing(rows)
    row = name_of(ROW)
    numbered = f"(SELECT {key} AS key, row_number() OVER () AS {row} FROM {rows.relation})"
    counted = (
        f"(SELECT count(*) AS rows, list_extract(min({row}, 2), 2) AS second FROM {numbered}"
        " WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1)"
    )
    repeated, second = session.rows(f"SELECT coalesce(sum(rows - 1), 0), min(second) FROM {counted}", doing=step)[0]
    if not repeated:
        return
    change = "remove `key`, or name another column"
    wrong = "has a value that an earlier row has"
    rule = RowRule(name="key", column=column.name, bad="", wrong=wrong, change=change)
    yield rule.broken(rows.table, int(repeated), second)


def _too_few(rows: TypedRows, contract: Contract, total: int) -> Iterator[TableProblem]:
    least, share, last = contract.rows_at_least, contract.rows_change_at_most, rows.last_rows
    if least is not None and total < least:
        yield _of_rows(rows.table, total, f"{row_count(total)}, at least {least:,} are declared", f"atLeast: {total}")
    if share is not None and last and abs(total - last) > share * last + 1e-9:
        change = abs(total - last) / last
        way = "fewer" if total < last else "more"
        message = (
            f"{row_count(total)}, {_percent(change)} {way} than the {last:,} of the last data snapshot; "
            f"a change of at most {round(share * 100)}% is declared"
        )
        wider = math.ceil(round(change * 100, 6))
        line = f"changeAtMost: {wider}%" if wider <= 100 else "without changeAtMost"
        yield _of_rows(rows.table, total, message, line)


def _of_rows(table: str, total: int, message: str, line: str) -> TableProblem:
    return TableProblem(
        table=table, code="E424", message=message, rule="rows", rows=total, change=f"`rows: {{{line}}}`"
    )


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _fresh_column(rows: TypedRows, contract: Contract) -> CheckedColumn | TableProblem | None:
    column = rows.column(contract.fresh_column) if contract.fresh_column is not None else None
    if column is None or column.kind in _MOMENTS:
        return column
    message = f"{column.kind}, and `fresh` needs dates or times"
    change = "`fresh: {column: ...}` with another column"
    return TableProblem(table=rows.table, code="E422", message=message, rule="fresh", column=column.name, change=change)


def _too_old(rows: TypedRows, contract: Contract, age: int | None, ahead: int) -> Iterator[TableProblem]:
    name, within = contract.fresh_column, contract.fresh_within
    if within is None or (age is not None and age <= within):
        return
    if age is None:
        message, line = "no row shows how fresh the table is", "remove `fresh`"
    else:
        unit = next(unit for unit in _UNITS if age >= unit or unit == 1)
        message = f"the newest value is {in_words(age)} old, at most {exact(within)} are declared"
        line = f"`fresh: {{column: {name}, within: {exact(-(-age // unit) * unit)}}}`"
    if ahead:
        message += f"; {said(ahead, 'lies')} ahead of the copy and cannot show it"
    yield TableProblem(table=rows.table, code="E425", message=message, rule="fresh", column=name, change=line)


def _clock(rows: TypedRows, kind: str) -> tuple[str, int, str, str]:
    """Return how the age of a date or time is measured: the unit and its seconds, and SQL of the moments from which it
    is counted and after which a value lies ahead. The age of a date is in whole days; the table's clock counts."""
    if rows.as_of is not None:
        start = f"(TIMESTAMP {text_of(rows.as_of)})"
        end = f"({start} + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND)"
    else:
        moment = rows.moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
        start = end = f"(TIMESTAMPTZ {text_of(moment + '+00')} AT TIME ZONE {text_of(rows.zone)})"
    if kind == "DATE":
        return "day", _UNITS[0], f"CAST({start} AS DATE)", f"CAST({end} AS DATE)"
    return "second", 1, start, end
