"""Guess in which format the dates of a column of text are written, and whether day and month can be told apart.

Takes: the relation of a table's text, and the formats that a column's first texts allow. Gives: those that fit all its
rows. Keeps true: a format fits where the code that reads the table later makes a day or a time of every cell.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.core.spec.data import Table
from reconciler.data.duckdb_session import Session, in_parts, name_of, text_of
from reconciler.data.tables.column_types import date_from_text, from_text, text_format_of

_AT_ONCE = 20  # columns of one query
_NEARLY = 0.9  # share of a column's cells that fit a format, from which the others are mistakes
_DOING = "finding how dates are written"


def fitting_formats(
    session: Session,
    relation: str,
    table: Table,
    dated: Mapping[str, tuple[str, ...]],
    missing: Mapping[str, Collection[str]],
) -> Iterator[tuple[str, list[str]]]:
    """Yield of each column the formats in which every cell is a day or a time; `missing`: its words for none.

    Where there is no such format, it is the one that hardly any cell does not fit: the copy then names that cell.
    """
    for some in in_parts(list(dated.items()), _AT_ONCE):
        terms = [term for name, formats in some for term in _fits(table, name, formats, missing.get(name, ()))]
        (row,) = session.rows(f"SELECT {', '.join(terms)} FROM {relation}", doing=_DOING)
        counts = iter(row)
        for name, formats in some:
            cells = next(counts)
            fitting = {written: next(counts) for written in formats}
            best = max(fitting.values(), default=0)
            fit = [written for written, count in fitting.items() if count == best >= _NEARLY * cells]
            yield name, fit if best == cells else fit[:1]


def _fits(table: Table, name: str, formats: tuple[str, ...], missing: Collection[str]) -> Iterator[str]:
    """Yield SQL of the number of a column's cells, and of those that fit each format."""
    cell = name_of(name)
    listed = ", ".join(text_of(word) for word in sorted(missing))
    text = f"CASE WHEN trim({cell}) NOT IN ({listed}) THEN {cell} END" if missing else cell
    yield f"count({text})"
    for written in formats:
        text_format = text_format_of("profiled", replace(table, dates=written))
        kind = text_format.formatted or "DATE"
        day = date_from_text(f"({text})", text_format)
        yield f"count({day if kind == 'DATE' else from_text(f'({text})', kind, text_format)})"


def type_of(table: Table, written: str) -> str:
    """Return the type of what a format reads: DATE, or TIMESTAMP where it has a time of day."""
    return text_format_of("profiled", replace(table, dates=written)).formatted or "DATE"


def first_numbers(session: Session, relation: str, name: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the lowest and the highest first number of a column's dates, and the same of the second number."""
    numbers = f"regexp_extract_all({name_of(name)}, '[0-9]+')"
    first, second = (f"TRY_CAST({numbers}[{place}] AS INTEGER)" for place in (1, 2))
    terms = ", ".join(f"{extreme}({number})" for number in (first, second) for extreme in ("min", "max"))
    ((low, high, low_2, high_2),) = session.rows(f"SELECT {terms} FROM {relation}", doing=_DOING)
    return (low, high), (low_2, high_2)
