"""Infer the type of a column of text from all its cells.

Takes: a relation of text columns and the format of their text. Gives: one type per column. Keeps true: a guess never
changes a cell's text. `00123` and `NO` stay text, and a number of more than 18 digits is an identifier. A column that
is nearly a number or a date, but not quite, is an error and not text: the mistake would only show later.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, Session, in_parts, name_of, text_of
from reconciler.data.tables.column_types import TextFormat, date_from_text, from_text, from_text_as_before

_SAMPLE = 20_000  # rows tested against every type; the suggested type is then checked on all rows
_NEARLY = 0.9  # a column of which this share fits a type is taken for one of that type with mistakes
_DATE_LIKE = r"[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}|[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}"
_DATE_LIKE += r"|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_KINDS = ("BOOLEAN", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP")  # in order of preference
_DIGIT_AND_WORD = r"[0-9].*\pL{3}|\pL{3}.*[0-9]"
_NOT_FINITE = r"[+-]?(inf|infinity|nan)"


def _tests(cell: str, text_format: TextFormat) -> dict[str, str]:
    """Return type -> SQL of the value where the text can only be of that type."""
    group = rf"([1-9][0-9]{{0,2}}({re.escape(text_format.grouping)}[0-9]{{3}})+)|" if text_format.grouping else ""
    point = re.escape(text_format.decimal)
    number = rf"-?(({group}0|[1-9][0-9]{{0,14}})({point}[0-9]*)?|{point}[0-9]+)([eE][+-]?[0-9]{{1,2}})?"
    integer = "0|-?[1-9][0-9]{0,18}"
    # A longer number behind a plus is one to call.
    number += rf"|\+((0|[1-9][0-9]{{0,5}})({point}[0-9]*)?|{point}[0-9]+)"
    integer += r"|\+(0|[1-9][0-9]{0,5})"
    written, cell = cell, f"trim({cell})"
    # A match is finite: 15 digits and an exponent of two digits.
    double = f"TRY_CAST({cell} AS DOUBLE)" if text_format.grouping is None else from_text(cell, "DOUBLE", text_format)
    whole = f"CASE WHEN regexp_full_match({cell}, '{integer}') THEN TRY_CAST({cell} AS BIGINT) END"
    tests = {
        "BOOLEAN": f"CASE lower({cell}) WHEN 'true' THEN true WHEN 'false' THEN false END",
        "BIGINT": whole,
        "DOUBLE": f"CASE WHEN regexp_full_match({cell}, {text_of(number)}) THEN {double} END",
        "DATE": date_from_text(written, text_format),
        "TIMESTAMP": from_text(written, "TIMESTAMP", text_format),
    }
    if text_format.own:
        # How the column's numbers are written is declared: decimals, also where all of them are whole.
        tests["BIGINT"] = "CAST(NULL AS BIGINT)"
        tests["DOUBLE"] = from_text_as_before(written, "DOUBLE", text_format)
    if text_format.formatted is not None and not re.sub(r"%-?[ac-zAC-Z]|[0-9]", "", text_format.dates):
        # 20240131 is a number too: it is a date only where `types` says so.
        tests[text_format.formatted] = f"CAST(NULL AS {text_format.formatted})"
    return tests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """Counts of one column: cells, cells that fit each type, and cells that only look like a number or a date.

    `digits`: cells of digits only that are not BIGINT (identifiers).
    """

    cells: int
    fitting: Mapping[str, int]
    digits: int
    not_finite: int
    date_like: int


def infer(
    session: Session, *, relation: str, columns: Iterable[str], table: str, formats: Mapping[str, TextFormat]
) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Infer the type of each text column of `relation` over all its rows; `formats`: how each column is written.

    Returns the types, and the first column that nearly fits a type, with that type ("" when it is not clear which):
    the caller finds the row and raises the error.
    """
    choices = choose_types(session, relation=relation, columns=columns, table=table, formats=formats)
    mistaken = next(
        ((name, choice.mistaken) for name, choice in choices.items() if choice and choice.mistaken is not None), None
    )
    return {name: choice.kind for name, choice in choices.items() if choice and choice.mistaken is None}, mistaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The type of a column; `mistaken`: the one that it nearly has, "" where it is not clear which."""

    kind: str
    mistaken: str | None = None


def choose_types(
    session: Session, *, relation: str, columns: Iterable[str], table: str, formats: Mapping[str, TextFormat]
) -> dict[str, Choice | None]:
    """Choose the type of each text column of `relation` over all its rows; None for a column without a cell."""
    chosen: dict[str, Choice | None] = dict.fromkeys(columns)
    open_columns = list(chosen)
    formats = _with_names_where_words_are(session, relation, table, {name: formats[name] for name in open_columns})
    for rows in (f"(SELECT * FROM {relation} LIMIT {_SAMPLE})", relation):
        if not open_columns:
            break
        counts = _count(session, relation=rows, columns=open_columns, table=table, formats=formats)
        choices = {name: _choose(count) for name, count in counts.items()}
        if rows != relation:
            short = session.value(f"SELECT count(*) FROM {rows}", doing=f"reading table {table}") < _SAMPLE
            choices = choices if short else _confirmed(session, relation, choices, table, formats)
        chosen |= choices
        open_columns = [name for name, choice in chosen.items() if choice is None]
    return chosen


def _with_names_where_words_are(
    session: Session, relation: str, table: str, formats: Mapping[str, TextFormat]
) -> dict[str, TextFormat]:
    """Return the formats, which look for names of months only where a cell has digits and a word."""
    named = [name for name, text_format in formats.items() if re.search("%-?[bB]", text_format.dates)]
    found = dict(formats)
    for some in in_parts(named, COLUMNS_PER_QUERY):
        items = [f"bool_or(regexp_matches({name_of(name)}, '{_DIGIT_AND_WORD}'))" for name in some]
        row = session.rows(f"SELECT {', '.join(items)} FROM {relation}", doing=f"finding the types of table {table}")[0]
        found |= {name: replace(found[name], month_names=bool(has)) for name, has in zip(some, row, strict=True)}
    return found


def _choose(count: _Count) -> Choice | None:
    """Choose the type of a column; None when the column has no cell."""
    if count.cells == 0:
        return None
    for kind, fitting in count.fitting.items():
        if fitting == count.cells:
            return Choice(kind=kind)
    numbers = count.fitting["DOUBLE"]
    if count.not_finite and numbers and numbers + count.not_finite == count.cells:
        return Choice(kind="VARCHAR", mistaken="DOUBLE")
    dates = count.fitting["TIMESTAMP"]
    if count.date_like and max(count.date_like, dates, count.fitting["DATE"]) == count.cells:
        return Choice(kind="VARCHAR", mistaken="DATE" if count.fitting["DATE"] else "")
    best = max(count.fitting, key=lambda kind: count.fitting[kind])
    misfits = count.cells - count.fitting[best]
    if count.fitting[best] >= _NEARLY * count.cells and misfits > count.digits:
        return Choice(kind="VARCHAR", mistaken=best)
    return Choice(kind="VARCHAR")


def _count(
    session: Session, *, relation: str, columns: list[str], table: str, formats: Mapping[str, TextFormat]
) -> dict[str, _Count]:
    counts: dict[str, _Count] = {}
    for some in in_parts(columns, COLUMNS_PER_QUERY):
        counts |= _count_some(session, relation, some, table, formats)
    return counts


def _count_some(
    session: Session, relation: str, columns: Sequence[str], table: str, formats: Mapping[str, TextFormat]
) -> dict[str, _Count]:
    items: list[str] = []
    for name in columns:
        cell = name_of(name)
        items.append(f"count({cell})")
        tests = _tests(cell, formats[name])
        items += [f"count({tests[kind]})" for kind in _KINDS]
        integer = tests["BIGINT"]
        # No FILTER: DuckDB keeps a copy of every argument of the query for each, the square of the columns.
        items.append(f"count_if(regexp_full_match(trim({cell}), '[0-9]+') AND ({integer}) IS NULL)")
        items.append(f"count_if(regexp_full_match(lower({cell}), '{_NOT_FINITE}'))")
        items.append(f"count_if(regexp_full_match({cell}, '{_DATE_LIKE}'))")
    row = session.rows(f"SELECT {', '.join(items)} FROM {relation}", doing=f"finding the types of table {table}")[0]
    width = len(_KINDS) + 4
    counts = {}
    for index, name in enumerate(columns):
        cells, *counted = row[index * width : (index + 1) * width]
        fitting = dict(zip(_KINDS, counted, strict=False))
        counts[name] = _Count(
            cells=cells, fitting=fitting, digits=counted[-3], not_finite=counted[-2], date_like=counted[-1]
        )
    return counts


def _confirmed(
    session: Session, relation: str, chosen: dict[str, Choice | None], table: str, formats: Mapping[str, TextFormat]
) -> dict[str, Choice | None]:
    """Return the sample's choices that all rows confirm, None for the others. Text in the sample is text."""
    to_confirm = {
        name: choice.kind
        for name, choice in chosen.items()
        if choice and not choice.mistaken and choice.kind != "VARCHAR"
    }
    confirmed = {name: None if choice is None or choice.mistaken else choice for name, choice in chosen.items()}
    if not to_confirm:
        return confirmed
    for some in in_parts(list(to_confirm.items()), COLUMNS_PER_QUERY):
        items = [f"count({name_of(name)}) - count({_tests(name_of(name), formats[name])[kind]})" for name, kind in some]
        row = session.rows(f"SELECT {', '.join(items)} FROM {relation}", doing=f"finding the types of table {table}")[0]
        for (name, _), misfits in zip(some, row, strict=True):
            if misfits:
                confirmed[name] = None
    return confirmed
