"""One small ledger, and programs that write it: what is read of each of their files is known, row by row."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Body = bytes | str | Any  # Any: a table of pyarrow
Spelling = Callable[[Any], str]


def ledger(count: int) -> list[Row]:
    """Bookings in the order of their days; `amount` and `units` decide whether they are paid, each tenth is open."""
    chance = random.Random(7)
    rows: list[Row] = []
    for n in range(1, count + 1):
        amount, units = round(chance.uniform(-9_000, 90_000), 2), chance.randint(1, 5_000)
        paid = "yes" if amount / 90_000 + units / 5_000 + chance.gauss(0, 0.1) > 0.9 else "no"
        rows.append(
            {
                "id": n,
                "booked": date(2021, 1, 2) + timedelta(days=900 * n // count),
                "amount": amount,
                "units": units,
                "share": round(chance.random(), 2),
                "region": chance.choice(["north", "south", "west"]),
                "country": chance.choice(["DE", "FR", "NO"]),
                "member": chance.random() < 0.5,
                "y": None if n % 10 == 0 else paid,
            }
        )
    return rows


def plain(value: Any) -> str:
    """A value as most programs write it."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
    return str(value)


def text(
    rows: list[Row],
    spelt: Mapping[str, Spelling] | None = None,
    *,
    words: Mapping[str, str] | None = None,
    sep: str = ",",
    end: str = "\n",
    names: Mapping[str, str] | None = None,
    quoting: Any = csv.QUOTE_MINIMAL,
) -> str:
    """The rows as CSV: `spelt`, how a column's values are written; `words`, how its missing ones are."""
    spelt, words, names = spelt or {}, words or {}, names or {}
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=sep, lineterminator=end, quoting=quoting)
    writer.writerow([names.get(name, name) for name in rows[0]])
    for row in rows:
        writer.writerow(
            [words.get(name, "") if value is None else spelt.get(name, plain)(value) for name, value in row.items()]
        )
    return stream.getvalue()


def same(row: Row) -> Row:
    return row


def gaps(*columns: str) -> Callable[[Row], Row]:
    """A change: every seventh value of the columns is missing."""

    def changed(row: Row) -> Row:
        return row | {name: None for place, name in enumerate(columns) if row["id"] % 7 == place}

    return changed


def setting(**values: Callable[[Row], Any]) -> Callable[[Row], Row]:
    """A change: columns have other values, of the row's."""
    return lambda row: row | {name: value(row) for name, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class OddTable:
    """A table as some program writes it, and what is right for it.

    `change`: of the ledger's rows before they are written; `read`: what is read of such a row, by the name in the
    project. `refused`: the code and words with which `init` ends; `options`: those that its hint names and that go on
    (`shown`: what it says of them where it names an example);
    `mended`: the file once the hint was followed. `told`: words that `init` says of a file that it reads. `left`: a
    column that no model uses, and why. `more`: further options of `init`, which a person gives from the start.
    """

    name: str
    write: Callable[[list[Row]], Body]
    file: str = "t.csv"
    change: Callable[[Row], Row] = same
    read: Callable[[Row], Row] = same
    refused: tuple[str, str] | None = None
    options: tuple[str, ...] = ()
    shown: str = ""
    mended: Callable[[list[Row]], Body] | None = None
    told: str = ""
    left: tuple[str, str] | None = None
    more: tuple[str, ...] = ()

    def rows(self, count: int) -> list[Row]:
        return [self.change(row) for row in ledger(count)]

    def expected(self, count: int) -> list[Row]:
        return [self.read(row) for row in self.rows(count)]
