"""Check the rows of a table against its contract, before anything of them is masked or kept.

Takes: the typed rows of one table as SQL over a relation, and the contract. Gives: everything that breaks it, with
counts and first rows, never a value. Keeps true: where nothing is broken, the rows are read once, and once more for a
key, whose distinct values are all that memory grows with.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or made of numbers and checked names.
# ruff: noqa: S608

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
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
    total, counts, age, ahead = _counts(session, rows, rules, fresh)
    bad = [(rule, count) for rule, count in zip(rules, counts, strict=True) if count]
    problems += [
        rule.broken(rows.table, count, row) for (rule, count), row in zip(bad, _firsts(session, rows, bad), strict=True)
    ]
    problems += _repeated_keys(session, rows, contract)
    problems += _too_few(rows, contract, total)
    if fresh is not None:
        problems += _too_old(rows, contract, age, ahead)
    return tuple(dict.fromkeys(problems))


def misfits(session: Session, rows: TypedRows, *, besides: Collection[str]) -> Iterator[TableProblem]:
    """Yield the columns with cells that do not fit their type, besides those whose type a contract declares."""
    rules = [misfit(column, code="E405") for column in rows.columns if column.name not in besides and not column.fits]
    _, counts, _, _ = _counts(session, rows, rules, None)
    bad = [(rule, count) for rule, count in zip(rules, counts, strict=True) if count]
    for (rule, count), row in zip(bad, _firsts(session, rows, bad), strict=True):
        yield rule.broken(rows.table, count, row)


def _counts(
    session: Session, rows: TypedRows, rules: Sequence[RowRule], fresh: CheckedColumn | None
) -> tuple[int, list[int], int | None, int]:
    """Return how many rows there are and how many break each rule, and of the column that shows how fresh they are the
    age of its newest value in seconds, and how many of its values lie ahead."""
    items = [f"count(*) FILTER (WHERE {rule.bad})" for rule in rules]
    if fresh is not None:
        value, unit, seconds, start, end = f"({fresh.value})", *_clock(rows, fresh.kind)
        newest = f"date_diff('{unit}', max({value}) FILTER (WHERE {value} <= {end}), {start})"
        items.append(f"CASE WHEN {newest} < 0 THEN 0 ELSE {newest} END * {seconds}")
        items.append(f"count(*) FILTER (WHERE {value} > {end})")
    total, found = 0, list[int | None]()
    for part in in_parts(items or ["NULL"], COLUMNS_PER_QUERY):
        query = f"SELECT count(*), {', '.join(part)} FROM {rows.relation}"
        total, *values = session.rows(query, doing=doing(rows))[0]
        found += values
    age, ahead = (found[-2], found[-1] or 0) if fresh is not None else (None, 0)
    return total, [count or 0 for count in found[: len(rules)]], age, ahead


def _firsts(session: Session, rows: TypedRows, broken_rules: Sequence[tuple[RowRule, int]]) -> list[int]:
    """Return the first row that breaks each of these rules."""
    firsts: list[int] = []
    numbered = f"(SELECT row_number() OVER () AS {name_of(ROW)}, * FROM {rows.relation})"
    for part in in_parts(broken_rules, COLUMNS_PER_QUERY):
        items = ", ".join(f"min({name_of(ROW)}) FILTER (WHERE {rule.bad})" for rule, _ in part)
        firsts += session.rows(f"SELECT {items} FROM {numbered}", doing=doing(rows))[0]
    return firsts


def _repeated_keys(session: Session, rows: TypedRows, contract: Contract) -> Iterator[TableProblem]:
    """Yield the key where a value of it stands in several rows. Hashes that differ prove that the values do."""
    column = rows.column(contract.key) if contract.key is not None else None
    if column is None:
        return
    key = f"({column.value})"
    step = doing(rows)
    present, distinct = session.rows(
        f"SELECT count({key}), count(DISTINCT CASE WHEN {key} IS NOT NULL THEN hash({key}) END) FROM {rows.relation}",
        doing=step,
    )[0]
    if present == distinct:
        return
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
