"""Make pseudonyms: HMAC-SHA-256 of a value's text under a secret key, in SQL.

Equal values have equal pseudonyms under one key, in every table and whatever the column's type: what is hashed is the
value's text (`text_form`). A column with few distinct values has each hashed once, and joined; NULL stays NULL.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or comes from a checked declaration.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.data.duckdb_session import Session, name_of

MOST_DISTINCT = 2_000_000  # values of one column that are hashed once and joined; of more, each is hashed where it is
_SELDOM = 0.5  # share of distinct values from which a join gains nothing
_BLOCK = 64  # bytes of a block of SHA-256
_WHOLE = frozenset(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"])


def text_form(value: str, kind: str) -> str:
    """Return SQL of the text that is hashed for a value of this type: the same for equal values of any type.

    A whole number is its digits, also as DOUBLE or DECIMAL (42.0 is `42`); other numbers have no zeros at their end; a
    time at midnight is its date (ISO); text is taken as it is.
    """
    text = f"CAST({value} AS VARCHAR)"
    if kind in _WHOLE or kind in ("VARCHAR", "BOOLEAN", "DATE"):
        return value if kind == "VARCHAR" else text
    if kind == "TIMESTAMP":
        return f"regexp_replace({text}, ' 00:00:00$', '')"
    if kind.startswith("DECIMAL("):
        return f"regexp_replace(regexp_replace({text}, '(\\.[0-9]*?)0+$', '\\1'), '\\.$', '')"
    whole = f"{value} = trunc({value}) AND abs({value}) < 9e18"
    return f"CASE WHEN {whole} THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE {text} END"


def pseudonym_of(text: str, key: bytes) -> str:
    """Return SQL of HMAC-SHA-256 of a text (SQL) in lower-case hexadecimal digits."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (f"from_hex('{bytes(byte ^ pad for byte in block).hex()}')" for pad in (0x36, 0x5C))
    return f"sha256({outer} || from_hex(sha256({inner} || encode({text}))))"


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedColumn:
    """A column to hash. `text`: SQL of its values' text; `alias`: the name of its relation of pseudonyms."""

    name: str
    text: str
    alias: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """SQL of pseudonyms: by column, and the joins that they need behind FROM."""

    items: dict[str, str]
    joins: str


def pseudonyms(
    session: Session, source: str, columns: Sequence[HashedColumn], key: bytes, *, table: str, fresh: str
) -> Pseudonyms:
    """Return SQL of the columns' pseudonyms, for rows of `source`; `fresh`: a text that no column's name begins with.

    The distinct values of columns that repeat theirs are kept in memory, never in a file.
    """
    if not columns:
        return Pseudonyms(items={}, joins="")
    doing = f"masking table {table}"
    counts = ", ".join(f"approx_count_distinct({column.text})" for column in columns)
    rows, *distinct = session.rows(f"SELECT count(*), {counts} FROM {source}", doing=doing)[0]
    items, joins = {}, ""
    for column, count in zip(columns, distinct, strict=True):
        if count > min(MOST_DISTINCT, rows * _SELDOM):
            items[column.name] = pseudonym_of(column.text, key)
            continue
        value, hashed = name_of(f"{fresh}value"), name_of(f"{fresh}pseudonym")
        alias = name_of(column.alias)
        session.run(
            f"CREATE TEMP TABLE {alias} AS SELECT {value}, {pseudonym_of(value, key)} AS {hashed} FROM"
            f" (SELECT DISTINCT {column.text} AS {value} FROM {source}) WHERE {value} IS NOT NULL",
            doing=doing,
        )
        items[column.name] = f"{alias}.{hashed}"
        joins += f" LEFT JOIN {alias} ON {alias}.{value} = {column.text}"
    return Pseudonyms(items=items, joins=joins)
