"""Check that contracts name tables and columns that are there, and that each rule fits the type of its column.

What no snapshot could ever keep to is told at its place in the manifest, before anything is copied. Columns are as
the headers of the tables have them, where those can be read; types as they are declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from reconciler.core.spec.data import Contract, DataBinding

ContractProblem = tuple[tuple[str | int, ...], str, str, str | None]
"""(path below the environment's `data`, code, message, hint)"""

_NUMBERS = frozenset(("BIGINT", "INTEGER", "INT", "DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC"))
_MOMENTS = frozenset(("DATE", "TIMESTAMP", "DATETIME"))
_SYNONYMS = {
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "INT": "INTEGER",
    "FLOAT": "DOUBLE",
    "REAL": "DOUBLE",
    "BOOL": "BOOLEAN",
    "DATETIME": "TIMESTAMP",
    "NUMERIC": "DECIMAL",
}
_MOST_SHOWN = 300  # characters of the names in a hint


def declared_problems(data: DataBinding) -> Iterator[ContractProblem]:
    """Yield what is wrong with contracts whatever is in the tables: names of tables, and types that do not fit."""
    tables = dict(data.tables)
    for contract in data.contracts:
        place = ("contracts", contract.table)
        if contract.table not in tables:
            yield place, "E212", f"there is no table {contract.table!r}", _tables(tables)
            continue
        kinds = _declared_kinds(data, contract.table)
        for name, kind in contract.columns:
            if name in kinds and kinds[name] != _normal(kind):
                message = f"`types` of {contract.table} declares {kinds[name]}"
                yield (*place, "columns", name), "E413", message, "declare one type for the column"
        for path, name in _named(contract) if contract.columns else ():
            if name not in dict(contract.columns):
                message = f"`columns` does not name {name}, so no table with it keeps to the contract"
                yield (*place, *path), "E416", message, f"add it: columns: {{{name}: VARCHAR}}, or its type"
        for path, code, message, hint in _misfits(contract, kinds):
            yield (*place, *path), code, message, hint
        for reference in contract.references:
            path = (*place, "references", reference.column)
            if reference.table not in tables:
                yield path, "E212", f"there is no table {reference.table!r}", _tables(tables)
                continue
            own, other = kinds.get(reference.column), _declared_kinds(data, reference.table).get(reference.key)
            if own is not None and other is not None and own != other:
                message = f"{reference.column} is {own}, and {reference.table}.{reference.key} is {other}"
                yield path, "E413", message, "declare one type for both: values of two types are never the same"


def column_problems(
    data: DataBinding, columns: Mapping[str, tuple[str, ...]], texts: Mapping[str, tuple[str, ...]]
) -> Iterator[ContractProblem]:
    """Yield columns that contracts name and tables do not have, and rules on numbers or dates for columns of text.

    `columns`: of the tables whose header could be read; `texts`: those of them that are text without a doubt.
    """
    for contract in data.contracts:
        place, known = ("contracts", contract.table), columns.get(contract.table)
        if known is not None:
            told = set[str]()
            for path, name in (*_named(contract), *((("columns", each), each) for each, _ in contract.columns)):
                if name not in known and name not in told:
                    told.add(name)
                    yield (*place, *path), "E416", f"no column {name} in {contract.table}", _columns(known)
            kinds = {name: "VARCHAR" for name in texts.get(contract.table, ()) if name in known}
            kinds |= _declared_kinds(data, contract.table)
            for path, code, message, hint in _misfits(contract, kinds):
                yield (*place, *path), code, message, hint
        for reference in contract.references:
            others = columns.get(reference.table)
            if others is not None and reference.key not in others:
                message = f"no column {reference.key} in {reference.table}"
                yield (*place, "references", reference.column), "E416", message, _columns(others)


def _tables(names: Iterable[str]) -> str:
    return f"the tables: {', '.join(sorted(names))}"[:_MOST_SHOWN]


def _columns(known: tuple[str, ...]) -> str:
    shown = ", ".join(sorted(known))
    return f"its columns: {shown if len(shown) <= _MOST_SHOWN else f'{shown[:_MOST_SHOWN]}...'}"


def _named(contract: Contract) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield (path in the contract, column) for each column that a rule names, besides `columns`."""
    if contract.key is not None:
        yield ("key",), contract.key
    yield from ((("required", n), name) for n, name in enumerate(contract.required))
    yield from ((("values", each.column), each.column) for each in contract.values)
    yield from ((("ranges", each.column), each.column) for each in contract.ranges)
    yield from ((("references", each.column), each.column) for each in contract.references)
    if contract.fresh_column is not None:
        yield ("fresh", "column"), contract.fresh_column


def _misfits(contract: Contract, kinds: Mapping[str, str]) -> Iterator[ContractProblem]:
    """Yield the rules that a column of its type cannot keep; `kinds`: of the columns whose type is known."""
    kinds = {**{name: _normal(kind) for name, kind in contract.columns}, **kinds}
    for each in contract.ranges:
        if (kind := kinds.get(each.column)) is not None and _word(kind) not in _NUMBERS:
            message = f"{each.column} is {kind}, and a range needs a number"
            yield ("ranges", each.column), "E413", message, "remove the range, or declare the column's type"
    for allowed in contract.values:
        kind = kinds.get(allowed.column)
        if kind is not None and _word(kind) in _NUMBERS and not all(map(_is_number, allowed.values)):
            message = f"{allowed.column} is {kind}, and not every value here is a number"
            yield ("values", allowed.column), "E413", message, "correct the values, or declare the column's type"
    fresh = contract.fresh_column
    if fresh is not None and (kind := kinds.get(fresh)) is not None and _word(kind) not in _MOMENTS:
        message = f"{fresh} is {kind}, and `fresh` needs dates or times"
        yield ("fresh", "column"), "E413", message, "name another column, or declare the column's type"


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _declared_kinds(data: DataBinding, table: str) -> dict[str, str]:
    """Return the types that a table's declaration gives its columns."""
    declared = data.table(table)
    if declared is None:
        return {}
    number = {declared.row_number: "BIGINT"} if declared.row_number is not None else {}
    return {**{name: _normal(kind) for name, kind in declared.types}, **number}


def _word(kind: str) -> str:
    return kind.partition("(")[0].strip()


def _normal(kind: str) -> str:
    """Return a type's name without its synonyms and spaces."""
    text = "".join(kind.upper().split())
    word = _word(text)
    return _SYNONYMS.get(word, word) + text[len(word) :]
