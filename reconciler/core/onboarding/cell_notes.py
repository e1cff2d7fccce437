"""Say how the text of a column is read, where that is a guess: what was found, and the option that settles it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from reconciler.core.onboarding.table_profile import CellNote
from reconciler.core.spec.data import CellText

GROUPING = {".": ",", ",": "."}
"""Decimal separator -> the sign between thousands that goes with it."""


def missing(column: str, words: Mapping[str, int]) -> CellNote:
    """Note the words that are read as missing; `words`: how often each is there."""
    return CellNote(column=column, note=f"{_counted(words)}: read as missing")


def kept(column: str, words: Mapping[str, int]) -> CellNote:
    """Note words of a column of text that are kept as values: NA may be Namibia."""
    flags = " ".join(f"--nulls {shlex.quote(f'{column}={word}')}" for word in words)
    note = f"{_counted(words)}: kept as a value; where it means missing, list it under `cells.{column}.nulls`"
    return CellNote(column=column, note=note, outcome_flags=(flags, f"--type {column}=VARCHAR"))


def numbers(cells: CellText) -> CellNote | None:
    """Note how numbers are written; None where that is a matter of course."""
    parts = []
    if cells.decimal or cells.grouping:
        decimal = cells.decimal or "."
        parts.append(f"numbers are written as 1{cells.grouping or GROUPING[decimal]}234{decimal}5")
    if cells.unit:
        parts.append(f"each number stands with {cells.unit}, and is read without it")
    if cells.negative:
        parts.append({"brackets": "(1) is read as -1", "trailing": "1- is read as -1"}[cells.negative])
    return CellNote(column=cells.column, note=", ".join(parts)) if parts else None


def either_decimal(column: str, sign: str) -> CellNote:
    """Note numbers whose comma or point, `sign`, may be one of decimals or of thousands."""
    named = {",": "comma", ".": "point"}[sign]
    note = f"read with a decimal {named}, but a cell such as 1{sign}234 may be 1.234 or 1234, and no cell tells which"
    return CellNote(column=column, note=note, flags=(f"--decimal {column}=,", f"--decimal {column}=."))


def days_of_digits(column: str) -> CellNote:
    """Note whole numbers that are read as days."""
    return CellNote(
        column=column, note=f"numbers such as 20240131 are read as days: --type {column}=BIGINT if they are none"
    )


def beyond_bigint(column: str) -> CellNote:
    """Note whole numbers that are copied as text."""
    note = f"numbers beyond {2**63 - 1:,} are read as text: --type {column}=DOUBLE if they are amounts"
    return CellNote(column=column, note=note)


def whole_key(column: str) -> CellNote:
    """Note a key of decimals that are whole numbers."""
    return CellNote(column=column, note="written as 1.0, and read as the whole number 1")


def moments(column: str, unit: str) -> CellNote:
    """Note whole numbers that are moments, by their name and size; `unit`: seconds, milliseconds or days."""
    since, derived = {
        "seconds": ("seconds since 1970", f"epoch_ms({column} * 1000)"),
        "milliseconds": ("milliseconds since 1970", f"epoch_ms({column})"),
        "days": ("Excel's days since 1900", f"date '1899-12-30' + CAST({column} AS INTEGER)"),
    }[unit]
    note = f"looks like {since}, and rises for ever: write dates in the file, or derive what matters from {derived}"
    return CellNote(column=column, note=f"{note}; --type {column}=DOUBLE if it is an amount", unread=True)


def times_of_day(column: str) -> CellNote:
    """Note text that is a time without its day."""
    note = f"is a time of day: derive what matters, such as CAST(split_part({column}, ':', 1) AS INTEGER)"
    return CellNote(column=column, note=note, unread=True)


def either_order(
    column: str, written: str, other: str, first: tuple[int | None, int | None], second: tuple[int | None, int | None]
) -> CellNote:
    """Note dates whose day may be the month; `first` and `second`: the lowest and highest number in each place."""
    note = (
        f"read as {written}, but {other} fits every row too: the first number is {_range(*first)},"
        f" the second {_range(*second)}, and no other column tells which is the day"
    )
    flags = tuple(f"--dates {shlex.quote(f'{column}={order}')}" for order in (written, other))
    return CellNote(column=column, note=note, flags=flags)


def order_of_others(column: str) -> CellNote:
    """Note dates whose order is told by another column."""
    return CellNote(column=column, note="day and month may be either; read in the order of the other dates")


def unread(column: str) -> CellNote:
    """Note text that looks like dates and is none in any one format."""
    return CellNote(column=column, note="looks like dates, which no one format reads in every row", unread=True)


def unread_numbers(column: str) -> CellNote:
    """Note text of which most cells are numbers, though no one way of writing them fits all."""
    note = f"looks like numbers, which no one way reads in every row: --nulls {column}=TEXT names those that are none"
    return CellNote(column=column, note=note, unread=True)


def _range(low: int | None, high: int | None) -> str:
    return f"always {low}" if low == high else f"{low} to {high}"


def _counted(words: Mapping[str, int]) -> str:
    return ", ".join(
        f"{count:,} {'cell is' if count == 1 else 'cells are'} {word or 'blank'}" for word, count in words.items()
    )
