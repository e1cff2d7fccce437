"""Make pseudonyms: HMAC-SHA-256 of a value's text under a secret key, in SQL.

Equal values have equal pseudonyms under one key, in every table and whatever the column's type: what is hashed is the
value's text (`text_form`). A column with few distinct values has each hashed once, and looked up (`pseudonym_table`);
NULL stays NULL.
"""

# SQL is text here; every part is quoted or comes from a checked declaration.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.data.duckdb_session import Session
from reconciler.data.masking.pseudonym_table import PseudonymTable, pseudonym_table

# Values of one table's columns that are hashed once and looked up, in about 100 bytes each; of further columns, each
# value is hashed where it is.
MOST_DISTINCT = 2_000_000
_SELDOM = 0.5  # share of distinct values from which a look-up gains nothing
_BATCH = 40_960  # rows
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
    """A column to hash. `text`: SQL of its values' text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A column of short hashes, which are looked up for pseudonyms."""

    column: str
    table: PseudonymTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """SQL of the columns' pseudonyms; of those with a lookup, of the short hashes to look up."""

    items: dict[str, str]
    lookups: tuple[Lookup, ...]


def pseudonyms(
    session: Session,
    source: str,
    columns: Sequence[HashedColumn],
    key: bytes,
    *,
    table: str,
    most: int = MOST_DISTINCT,
    short: str = "hash",
) -> Pseudonyms:
    """Return the columns' pseudonyms, for rows of `source`.

    The distinct values of columns that repeat theirs are hashed once, those of the columns with the fewest first; their
    pseudonyms are kept in memory, never in a file. `most`: values that are kept; `short`: the function of DuckDB's that
    they are looked up by.
    """
    if not columns:
        return Pseudonyms(items={}, lookups=())
    doing = f"masking table {table}"
    counts = ", ".join(f"approx_count_distinct({column.text})" for column in columns)
    rows, *distinct = session.rows(f"SELECT count(*), {counts} FROM {source}", doing=doing)[0]
    items, lookups, room = {}, [], most
    for count, column in sorted(zip(distinct, columns, strict=True), key=lambda each: each[0]):
        found = None
        if count <= min(room, rows * _SELDOM):
            found = _looked_up(session, source, column, key, doing=doing, short=short)
        if found is None:
            items[column.name] = pseudonym_of(column.text, key)
            continue
        room -= count
        items[column.name] = f"CASE WHEN {column.text} IS NOT NULL THEN {_short(short, column.text)} END"
        lookups.append(Lookup(column=column.name, table=found))
    return Pseudonyms(items=items, lookups=tuple(lookups))


def _looked_up(
    session: Session, source: str, column: HashedColumn, key: bytes, *, doing: str, short: str
) -> PseudonymTable | None:
    """Return the pseudonyms of a column's distinct values; None where two of them have one short hash."""
    pairs = (
        f"SELECT {_short(short, 'value')}, {pseudonym_of('value', key)} FROM"
        f" (SELECT DISTINCT {column.text} AS value FROM {source}) WHERE value IS NOT NULL"
    )
    with session.batches(pairs, rows=_BATCH, doing=doing) as batches:
        return pseudonym_table(batches)


def _short(function: str, text: str) -> str:
    return f"CAST({function}({text}) AS UBIGINT)"
