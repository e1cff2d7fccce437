"""Tables whose cells mean another thing than they look like, and rows that are none: totals, notes, half a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from tests.inputs.odd_tables.cells import dates
from tests.inputs.odd_tables.files import lines, regions
from tests.inputs.odd_tables.ledger import OddTable, Row, Spelling, setting, text


def spoilt(name: str, write: Callable[[list[Row]], Any], code: str, words: str, **more: Any) -> OddTable:
    """A table that is refused, and read once it is the plain one."""
    return OddTable(name=name, write=write, refused=(code, words), mended=text, **more)


def with_total(first: str) -> Callable[[list[Row]], str]:
    """The table with the sums of its numbers below, and `first` where the key is."""

    def written(rows: list[Row]) -> str:
        sums = (f"{sum(row[name] for row in rows):.2f}" for name in ("amount", "units"))
        return f"{text(rows)}{first},,{','.join(sums)},,,,,\n"

    return written


def outcome(value: Callable[[Row], Any]) -> Callable[[list[Row]], str]:
    """The table with another outcome."""
    return lambda rows: text([row | {"y": value(row)} for row in rows])


def since_1970(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def moments(name: str, spelt: Spelling, words: str) -> OddTable:
    return OddTable(name=name, write=lambda rows: text(rows, {"booked": spelt}), left=("booked", words))


def half_converted(rows: list[Row]) -> bytes:
    """The table in UTF-8, with one row of another program below."""
    *above, last = text(rows).splitlines(keepends=True)
    return "".join(above).encode() + last.replace(rows[-1]["region"], "außerhalb").encode("cp1252") + last.encode()


CASES = [
    spoilt("a sum below the rows, without a name", with_total(""), "E402", "the last row is a total: its amount"),
    spoilt(
        "notes between the rows",
        lambda rows: lines(lambda n, line: (line, "# checked") if n == 20 else (line,))(text(rows)),
        "E402",
        "the row has 1 cell",
    ),
    spoilt("rows of two encodings", half_converted, "E406", "the file is UTF-8 but for line", change=regions("utf-8")),
    spoilt("an outcome of one class", outcome(lambda row: "yes"), "E410", "y is the outcome by its name"),
    spoilt("an outcome of 30 classes", outcome(lambda row: f"c{row['id'] % 30}"), "E410", "has 30 different values"),
    spoilt("an outcome that is marked", outcome(lambda row: "x" * (row["y"] == "yes")), "E410", "one value, or none"),
    spoilt(
        "an outcome of long texts", outcome(lambda row: (row["y"] or "no") * 150), "E410", "too long for a manifest"
    ),
    moments("seconds since 1970", lambda day: str(since_1970(day)), "looks like seconds since 1970"),
    moments("milliseconds since 1970", lambda day: f"{since_1970(day)}000", "looks like milliseconds since 1970"),
    moments("days of Excel", lambda day: str((day - date(1899, 12, 30)).days), "looks like Excel's days"),
    moments("times without a day", lambda day: f"{day.day % 24}:{day.toordinal() % 60:02d}", "is a time of day"),
    moments("dates of C", lambda day: f"{day:%a %b %d 00:00:00 %Y}", "looks like dates"),
    moments("dates of mails", lambda day: f"{day:%a, %d %b %Y} 08:00:00 +0000", "looks like dates"),
    dates("Friday, 2 February 2024", lambda day: f"{day:%A}, {day.day} {day:%B %Y}"),
    dates("Fri 02/02/2024", lambda day: f"{day:%a %m/%d/%Y}"),
    OddTable(
        name="numbers beyond 2^63",
        change=setting(units=lambda row: str(2**63 + 10**9 * row["units"])),
        write=text,
        told="are read as text: --type units=DOUBLE",
    ),
]
