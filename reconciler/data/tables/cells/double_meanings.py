"""Find numbers that may be meant otherwise than they stand: 20240131 is a day, 1.250 beside 950 is 1250.

Takes: columns whose type was inferred, or that a Parquet file has. Gives: the names of those that are, or may be,
something else. Keeps true: the first rows only raise the question; all rows answer it.
"""

# SQL is text here; every part is quoted (`name_of`).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.onboarding.row_moment import FEWEST_DAYS, is_time_name
from reconciler.data.duckdb_session import COLUMNS_PER_QUERY, Session, in_parts, name_of

_SAMPLE = 20_000  # rows that raise the question
_DOING = "finding what the numbers mean"
_MOST = 2**63 - 1

_MOMENTS = {  # unit -> the numbers of the years 2000 to 2040; of days, to 2050
    "seconds": (946_684_800, 2_208_988_800),
    "milliseconds": (946_684_800_000, 2_208_988_800_000),
    "days": (36_526, 54_789),
}
DIGITS = "%Y%m%d"
"""How a day is written that looks like a number."""


def days_of_digits(session: Session, relation: str, columns: Iterable[str]) -> list[str]:
    """Return the columns of whole numbers, or of their text, of which every cell is a day from 1900 to 2099."""
    terms = {}
    for name in columns:
        text = f"trim(CAST({name_of(name)} AS VARCHAR))"
        day = f"regexp_full_match({text}, '(19|20)[0-9]{{6}}') AND try_strptime({text}, '{DIGITS}') IS NOT NULL"
        terms[name] = (f"bool_and({day})",)
    days = _answers(session, f"(SELECT * FROM {relation} LIMIT {_SAMPLE})", terms)
    days = _answers(session, relation, {name: terms[name] for name, (is_day,) in days.items() if is_day})
    return [name for name, (is_day,) in days.items() if is_day]


def whole_and_different(session: Session, relation: str, columns: Iterable[str]) -> list[str]:
    """Return the columns of decimals of which every row has another whole number."""
    terms = {}
    for name in columns:
        text = f"trim(CAST({name_of(name)} AS VARCHAR))"
        whole = rf"regexp_full_match({text}, '(0|[1-9][0-9]{{0,14}})\.0*')"
        terms[name] = (f"bool_and({whole}) AND count(DISTINCT {text}) = count(*)",)
    return [name for name, (is_key,) in _answers(session, relation, terms).items() if is_key]


def moments(session: Session, relation: str, columns: Iterable[str]) -> dict[str, str]:
    """Return the columns of whole numbers that are moments by name and size, each with its unit."""
    terms = {}
    for name in columns:
        if is_time_name(name):
            number = f"TRY_CAST({name_of(name)} AS BIGINT)"
            terms[name] = (f"min({number})", f"max({number})", f"count(DISTINCT {number})")
    return {
        name: unit
        for name, (low, high, distinct) in _answers(session, relation, terms).items()
        for unit, (first, last) in _MOMENTS.items()
        if distinct >= FEWEST_DAYS and first <= low <= high < last
    }


def grouped_by_points(session: Session, relation: str, columns: Iterable[str], *, commas: bool) -> list[str]:
    """Return the columns of decimal numbers whose points may stand between thousands: 950 beside 1.250.

    `commas`: whether commas part the cells; where they do not, three digits behind each point are a doubt, too. None
    where another column has other decimals: then a point is the sign of decimals in this file.
    """
    terms = {}
    for name in columns:
        text = f"trim({name_of(name)})"
        grouped = rf"regexp_full_match({text}, '[+-]?([1-9][0-9]{{0,2}}(\.[0-9]{{3}})?|0)')"
        point = f"contains({text}, '.')"
        terms[name] = (
            f"bool_and({grouped})",
            f"bool_or({point} AND NOT {grouped})",
            f"bool_or({point})",
            f"bool_or(NOT {point} AND {text} <> '0')",
        )
    for rows in (f"(SELECT * FROM {relation} LIMIT {_SAMPLE})", relation):
        facts = _answers(session, rows, terms)
        doubtful = [
            name
            for name, (all_grouped, _, pointed, plain) in facts.items()
            if all_grouped and pointed and (plain or not commas)
        ]
        if not doubtful or any(decimals for _, decimals, _, _ in facts.values()):
            return []
    return doubtful


def beyond_bigint(session: Session, relation: str, types: Mapping[str, str]) -> list[str]:
    """Return the columns of unsigned numbers that hold one that no BIGINT can: they are copied as text."""
    terms = {name: (f"max({name_of(name)}) > {_MOST}",) for name, kind in types.items() if kind == "UBIGINT"}
    return [name for name, (beyond,) in _answers(session, relation, terms).items() if beyond]


def _answers(session: Session, relation: str, terms: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return the value of each column's SQL terms over the relation."""
    answers: dict[str, tuple[Any, ...]] = {}
    for some in in_parts(list(terms.items()), COLUMNS_PER_QUERY):
        listed = ", ".join(term for _, column_terms in some for term in column_terms)
        (row,) = session.rows(f"SELECT {listed} FROM {relation}", doing=_DOING)
        values = iter(row)
        answers |= {name: tuple(next(values) for _ in column_terms) for name, column_terms in some}
    return answers
