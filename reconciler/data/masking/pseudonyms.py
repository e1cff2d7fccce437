"""Make pseudonyms: HMAC-SHA-256 of a value's text under a secret key, in SQL.

Equal values have equal pseudonyms under one key, in every table and whatever the column's type: what is hashed is the
value's text (`text_form`). A column with few distinct values has each hashed once, and looked up; NULL stays NULL.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or comes from a checked declaration.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.data.duckdb_session import Session, name_of

MOST_DISTINCT = (
    2_000_000  # values of one column that are hashed once and looked up; of more, each is hashed where it is
)
_SELDOM = 0.5  # share of distinct values from which a look-up gains nothing
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
    """A column to hash. `text`: SQL of its values' text; `table`: the name of its table of pseudonyms."""

    name: str
    text: str
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A column of texts that are looked up in a table of the session's database, by column `value`, for `pseudonym`."""

    column: str
    table: str
    value: str = "value"
    pseudonym: str = "pseudonym"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """SQL of the columns' pseudonyms; of those with a lookup, of the texts to look up."""

    items: dict[str, str]
    lookups: tuple[Lookup, ...]


def pseudonyms(session: Session, source: str, columns: Sequence[HashedColumn], key: bytes, *, table: str) -> Pseudonyms:
    """Return the columns' pseudonyms, for rows of `source`.

    The distinct values of columns that repeat theirs are kept in memory, never in a file.
    """
    if not columns:
        return Pseudonyms(items={}, lookups=())
    doing = f"masking table {table}"
    counts = ", ".join(f"approx_count_distinct({column.text})" for column in columns)
    rows, *distinct = session.rows(f"SELECT count(*), {counts} FROM {source}", doing=doing)[0]
    items, lookups = {}, []
    for column, count in zip(columns, distinct, strict=True):
        if count > min(MOST_DISTINCT, rows * _SELDOM):
            items[column.name] = pseudonym_of(column.text, key)
            continue
        lookup = Lookup(column=column.name, table=column.table)
        # No temporary table: a session beside this one looks the values up.
        session.run(
            f"CREATE TABLE {name_of(lookup.table)} AS SELECT value, {pseudonym_of('value', key)} AS pseudonym FROM"
            f" (SELECT DISTINCT {column.text} AS value FROM {source}) WHERE value IS NOT NULL",
            doing=doing,
        )
        items[column.name] = column.text
        lookups.append(lookup)
    return Pseudonyms(items=items, lookups=tuple(lookups))
