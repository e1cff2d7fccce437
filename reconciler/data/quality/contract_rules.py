"""Turn the contract of a table into rules that each of its rows keeps, and find what does not fit its columns.

Takes: the columns of the table with their types. Gives: SQL per rule, and the problems that need no row.
"""

# SQL is text here; every part is quoted (`text_of`) or made of numbers and checked names.

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from reconciler.core.spec.data import AllowedRange, AllowedValues, Contract
from reconciler.data.duckdb_session import text_of
from reconciler.data.quality.typed_rows import CheckedColumn, RowRule, TypedRows
from reconciler.errors import TableProblem

_NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL")


def shape_problems(rows: TypedRows, contract: Contract) -> Iterator[TableProblem]:
    """Yield columns that are missing, that nobody declared, and whose type is another one."""
    declared = dict(contract.columns)
    for name in columns_named(contract):
        if rows.column(name) is None:
            change = f"remove {name} from `columns`" if name in declared else f"remove the rules of {name}"
            yield _of_column(rows.table, name, "the column is missing", change)
    if not declared:
        return
    kinds = {**{column.name: column.kind for column in rows.columns}, **rows.unread}
    for name in (name for name in kinds if name not in declared):
        change = f"`columns: {{{name}: {_written(kinds[name])}}}` as well"
        yield _of_column(rows.table, name, f"a new column, {kinds[name]}", change)
    for column in rows.columns:
        if column.name in declared and (kind := declared[column.name]) != column.kind:
            change = f"`columns: {{{column.name}: {_written(column.kind)}}}`"
            yield _of_column(rows.table, column.name, f"{column.kind}, declared is {kind}", change)


def _of_column(table: str, column: str, message: str, change: str) -> TableProblem:
    return TableProblem(table=table, code="E422", message=message, rule="columns", column=column, change=change)


def _written(kind: str) -> str:
    return f'"{kind}"' if "," in kind else kind


def columns_named(contract: Contract) -> tuple[str, ...]:
    """Return the columns that a contract names, each once, in the order of its rules."""
    names = [*dict(contract.columns)]
    names += [contract.key] if contract.key is not None else []
    names += contract.required
    names += [allowed.column for allowed in contract.values]
    names += [allowed.column for allowed in contract.ranges]
    names += [reference.column for reference in contract.references]
    names += [contract.fresh_column] if contract.fresh_column is not None else []
    return tuple(dict.fromkeys(names))


def row_rules(rows: TypedRows, contract: Contract) -> Iterator[RowRule | TableProblem]:
    """Yield the rules that each row keeps, and those that do not fit the type of their column."""
    declared = dict(contract.columns)
    yield from (misfit(column) for column in rows.columns if column.name in declared and not column.fits)
    empty = {contract.key: ("key", "remove `key`")} if contract.key is not None else {}
    for name in contract.required:
        empty.setdefault(name, ("required", f"remove {name} from `required`"))
    for name, (rule, change) in empty.items():
        if (named := rows.column(name)) is not None:
            yield RowRule(name=rule, column=name, bad=f"({named.cell} IS NULL)", wrong="has no value", change=change)
    for allowed in contract.values:
        if (named := rows.column(allowed.column)) is not None:
            yield _values(rows.table, named, allowed)
    for allowed_range in contract.ranges:
        if (named := rows.column(allowed_range.column)) is not None:
            yield _range(rows.table, named, allowed_range)


def misfit(column: CheckedColumn, *, code: str = "E422") -> RowRule:
    """Return the rule that each cell of a column fits its type."""
    return RowRule(
        name="columns",
        column=column.name,
        bad=f"({column.cell} IS NOT NULL AND ({column.value}) IS NULL)",
        wrong=f"has a cell that is no {column.kind}",
        change=f"`columns: {{{column.name}: VARCHAR}}`",
        code=code,
    )


def _values(table: str, column: CheckedColumn, allowed: AllowedValues) -> RowRule | TableProblem:
    line = f"`values: {{{column.name}: [...]}}`"
    literals = [_literal(text, column.kind) for text in allowed.values]
    if None in literals:
        message = f"{column.kind}, and not every value that `values` lists is one"
        return TableProblem(
            table=table, code="E422", message=message, rule="values", column=column.name, change=f"correct {line}"
        )
    listed = ", ".join(literal for literal in literals if literal is not None)
    return RowRule(
        name="values",
        column=column.name,
        bad=f"(({column.value}) NOT IN ({listed}))",
        wrong="has a value that is not listed",
        change=f"add it to {line}",
    )


def _literal(text: str, kind: str) -> str | None:
    """Return SQL of an allowed value, NULL-free; None where the text is none of this type."""
    if kind == "VARCHAR":
        return text_of(text)
    if kind == "BOOLEAN":
        return text if text in ("true", "false") else None
    try:
        if kind.startswith(_NUMBERS):
            number = Decimal(text)
            return format(number, "f") if number.is_finite() and abs(number.adjusted()) <= 300 else None
        moment = datetime.fromisoformat(text)
    except (ValueError, ArithmeticError):
        return None
    return None if moment.tzinfo is not None else f"TIMESTAMP {text_of(moment.isoformat(sep=' '))}"


def _range(table: str, column: CheckedColumn, allowed: AllowedRange) -> RowRule | TableProblem:
    line = f"`ranges: {{{column.name}: ...}}`"
    if not column.kind.startswith(_NUMBERS):
        message = f"{column.kind}, and `ranges` needs a number"
        return TableProblem(
            table=table, code="E422", message=message, rule="ranges", column=column.name, change=f"remove {line}"
        )
    bounds, words = [], []
    if allowed.at_least is not None:
        bounds.append(f"({column.value}) < {_number(allowed.at_least)}")
        words.append(f"below {allowed.at_least:g}")
    if allowed.at_most is not None:
        bounds.append(f"({column.value}) > {_number(allowed.at_most)}")
        words.append(f"above {allowed.at_most:g}")
    if column.kind == "DOUBLE":
        bounds.append(f"isnan({column.value})")
    return RowRule(
        name="ranges",
        column=column.name,
        bad=f"({' OR '.join(bounds)})",
        wrong=f"has a value {' or '.join(words)}",
        change=f"{line}, wider",
    )


def _number(value: float) -> str:
    return f"({format(Decimal(repr(value)), 'f')})"
