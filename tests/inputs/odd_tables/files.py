"""Tables whose files are written in other ways: encodings, layouts, Parquet."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tests.inputs.odd_tables.ledger import OddTable, Row, ledger, same, setting, text

WORDS = {
    "cp1252": ("für", "gegen", "außerhalb"),
    "cp1250": ("Łódź", "Kraków", "Gdańsk"),
    "cp1251": ("Москва", "Казань", "Пермь"),
    "koi8-r": ("Москва", "Казань", "Пермь"),
    "cp866": ("Москва", "Казань", "Пермь"),
    "cp1253": ("Αθήνα", "Πάτρα", "Βόλος"),
    "cp1254": ("İstanbul", "Muğla", "Kırşehir"),
    "gb18030": ("北京", "上海", "广州"),
    "utf-8": ("für", "Łódź", "北京"),
}
PLACES = ("north", "south", "west")


def regions(encoding: str) -> Callable[[Row], Row]:
    names = dict(zip(PLACES, WORDS[encoding], strict=True))
    return setting(region=lambda row: names[row["region"]])


def encoded(codec: str, *, words: str = "utf-8", sep: str = ",", name: str | None = None, **more: Any) -> OddTable:
    return OddTable(
        name=name or codec,
        change=regions(words),
        write=lambda rows: text(rows, sep=sep).encode(codec),
        **more,
    )


ENCODINGS = [
    encoded("utf-8-sig"),
    encoded("utf-16", sep="\t"),
    encoded("utf-16-le", name="UTF-16 without a mark"),
    encoded("utf-16-be", sep=";", name="UTF-16 without a mark, the other way round"),
    encoded("utf-32"),
    encoded("cp1252", words="cp1252", told="the encoding cp1252 is a guess"),
    encoded("cp1250", words="cp1250", told="the encoding cp1250 is a guess"),
    encoded("cp1251", words="cp1251", told="the encoding cp1251 is a guess"),
    encoded("koi8-r", words="koi8-r", told="the encoding koi8-r is a guess"),
    encoded("cp866", words="cp866", told="the encoding cp866 is a guess"),
    encoded("cp1253", words="cp1253", told="the encoding cp1253 is a guess"),
    encoded(
        "cp1254",
        words="cp1254",
        refused=("E406", "cannot be told"),
        options=("--encoding cp1254",),
        shown="cp1254: İstanbul, Muğla",
    ),
    encoded("gb18030", words="gb18030", refused=("E406", "cannot be told"), options=("--encoding gb18030",)),
    OddTable(
        name="a Cyrillic header in cp1251",
        change=regions("cp1251"),
        write=lambda rows: text(rows, names={"region": "Регион"}).encode("cp1251"),
        read=lambda row: {"column_6" if name == "region" else name: value for name, value in row.items()},
        told="the encoding cp1251 is a guess",
    ),
]


def layout(name: str, rewrite: Callable[[str], Body], *, sep: str = ",", **more: Any) -> OddTable:
    """The plain table with its text changed."""
    return OddTable(name=name, write=lambda rows: rewrite(text(rows, sep=sep)), **more)


def refused(name: str, rewrite: Callable[[str], Body], code: str, words: str, **more: Any) -> OddTable:
    """A layout that is refused, and read once it is the plain table."""
    return layout(name, rewrite, refused=(code, words), mended=text, **more)


Body = Any


def lines(change: Callable[[int, str], Iterable[str]]) -> Callable[[str], str]:
    """A change of the text line by line; the header is line 0."""
    return lambda body: "".join(
        f"{line}\n" for number, written in enumerate(body.splitlines()) for line in change(number, written)
    )


def drawn(body: str) -> str:
    rows = [line.split(",") for line in body.splitlines()]
    ruled = [rows[0], ["-" * 12] * len(rows[0]), *rows[1:]]
    return "\n".join(
        "+".join(row) if n == 1 else "|".join(f" {cell:<10} " for cell in row) for n, row in enumerate(ruled)
    )


NOTES = ('one "two", three', "a\nb", "x;y")


def noted(row: Row) -> Row:
    return row | {"region": NOTES[PLACES.index(row["region"])]}


def escaped(rows: list[Row]) -> str:
    """Quotes inside cells as \\", all texts within quotes."""
    body = text(rows, quoting=csv.QUOTE_NONNUMERIC)
    return body.replace('one ""two""', 'one \\"two\\"')


OTHER_NAMES = {"amount": "key", "units": "outcome", "share": "order", "region": "possible_region", "country": "select"}


def renamed(names: dict[str, str]) -> Callable[[Row], Row]:
    return lambda row: {names.get(name, name): value for name, value in row.items()}


POSITIONS = {name: f"column_{place}" for place, name in enumerate(ledger(1)[0], start=1)}

LAYOUTS = [
    layout("sep=;", lambda body: "sep=;\n" + body, sep=";"),
    layout(
        "sep=; of Excel, with a mark and line ends of Windows",
        lambda body: ("\ufeffsep=;\n" + body).replace("\n", "\r\n"),
        sep=";",
    ),
    layout("a title above the header", lambda body: "Bookings of all branches\n" + body, told="above the header"),
    layout(
        "two titles and a blank line above the header",
        lambda body: "Bookings\nas of 2024-01-01\n\n" + body,
        told="above the header",
    ),
    layout("tabs", same, sep="\t"),
    layout("pipes", same, sep="|"),
    layout("line ends of Windows", lambda body: body.replace("\n", "\r\n")),
    layout("line ends of the old Macintosh", lambda body: body.replace("\n", "\r")),
    layout("no line end at the end", lambda body: body.rstrip("\n")),
    layout("blank lines", lines(lambda number, line: (line, "") if number % 5 == 0 else (line,)), told="blank lines"),
    layout(
        "a delimiter at the end of every line",
        lines(lambda _, line: (line + ",",)),
        read=lambda row: row | {"column_10": None},
    ),
    layout("packed", lambda body: gzip.compress(body.encode()), file="t.csv.gz"),
    OddTable(name="quotes around everything", write=lambda rows: text(rows, quoting=csv.QUOTE_ALL)),
    OddTable(name="delimiters, quotes and lines inside cells", change=noted, write=text),
    OddTable(name='quotes inside cells as \\"', change=noted, write=escaped, told="escape"),
    OddTable(
        name="columns called key, outcome, order, select",
        change=renamed(OTHER_NAMES),
        write=text,
    ),
    OddTable(
        name="names with signs and units",
        write=lambda rows: text(rows, names={"amount": "Amount (EUR)", "units": "2 units", "share": "% share"}),
        read=renamed({"amount": "Amount_EUR", "units": "_2_units", "share": "share"}),
    ),
    layout(
        "the index of pandas",
        lines(lambda n, line: (f"{n - 1 if n else ''},{line}",)),
        read=lambda row: {"column_1": row["id"] - 1} | row,
    ),
    OddTable(
        name="no header",
        write=lambda rows: text(rows).partition("\n")[2],
        read=renamed(POSITIONS),
        refused=("E403", "looks like a row of data"),
        options=("--no-header",),
        more=("--outcome", POSITIONS["y"]),
    ),
    OddTable(
        name="carets between cells",
        write=lambda rows: text(rows, sep="^"),
        refused=("E404", "only one column found"),
        options=("--delimiter '^'",),
    ),
    refused(
        "spaces between cells",
        lambda body: body.replace(",,", ",-,").replace(",\n", ",-\n").replace(",", " "),
        "E404",
        "words with spaces between",
    ),
    refused(
        "a delimiter at the end of the rows only",
        lines(lambda n, line: (line + "," * (n > 0),)),
        "E402",
        "each row ends with a delimiter",
    ),
    refused(
        "row names of R", lines(lambda n, line: (f'"{n}",{line}' if n else line,)), "E402", "such as R's row names"
    ),
    refused("a table drawn by psql", drawn, "E402", "drawn for people"),
    refused("single quotes", lines(lambda _, line: ("'" + line.replace(",", "','") + "'",)), "E406", "single quotes"),
    refused("the same name twice", lambda body: body.replace("units", "amount", 1), "E403", "have the same name"),
    refused("names that differ in case", lambda body: body.replace("units", "AMOUNT", 1), "E403", "have the same name"),
    refused("a sum below the rows", lambda body: body + "Total,,12,12,1,,,,\n", "E405", "column id, row"),
    refused("a number of rows below them", lambda body: body + "(300 rows)\n", "E402", "the row has 1 cell"),
    refused("empty", lambda _: b"", "E401", "empty"),
    refused("a header alone", lambda body: body.partition("\n")[0] + "\n", "E401", "no rows"),
    refused(
        "a cell too many",
        lambda body: body.replace("\n", ",7\n", 9).replace(",7\n", "\n", 8),
        "E402",
        "cells; the header has",
    ),
    refused("an open quote", lambda body: body.replace("north", '"north', 1), "E406", "quote"),
    refused("a NUL byte", lambda body: body.replace("north", "no\0rth", 1), "E406", "a NUL byte"),
    refused("a zip file", lambda _: b"PK\x03\x04" + b"x" * 60, "E407", "zip"),
    refused("a workbook", lambda _: b"PK\x03\x04" + b"x" * 30 + b"xl/workbook.xml" + b"x" * 60, "E407", "Excel"),
    refused("JSON", lambda _: b'[{"id": 1}]', "E407", "JSON"),
    refused("a page of a log-in", lambda _: b"<!DOCTYPE html><html>", "E407", "HTML"),
]


def columns(rows: list[Row]) -> dict[str, pa.Array]:
    return {name: pa.array([row[name] for row in rows]) for name in rows[0]}


def parquet(name: str, others: Callable[[list[Row]], dict[str, Any]], **more: Any) -> OddTable:
    """The ledger with other columns."""
    return OddTable(
        name=f"Parquet: {name}",
        file="t.parquet",
        write=lambda rows: pa.table(columns(rows) | others(rows)),
        **more,
    )


def uuids(rows: list[Row]) -> pa.Array:
    return pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([bytes([row["id"] % 250] * 16) for row in rows], pa.binary(16))
    )


def midnight(row: Row) -> datetime:
    return datetime.combine(row["booked"], time())


PARQUET = [
    parquet("plain", lambda _: {}),
    parquet(
        "lists, records, maps and bytes that nobody uses",
        lambda rows: {
            "tags": pa.array([[row["id"]] for row in rows]),
            "at": pa.array([{"x": 1} for _ in rows]),
            "more": pa.array([[("k", 1)] for _ in rows], pa.map_(pa.string(), pa.int64())),
            "raw": pa.array([b"x" for _ in rows]),
        },
        told="not copied",
    ),
    parquet("identifiers", lambda rows: {"ref": uuids(rows)}, left=("ref", "hardly ever repeats")),
    parquet("a column without a value", lambda rows: {"nothing": pa.nulls(len(rows))}, left=("nothing", "is empty")),
    parquet(
        "numbers beyond 2^63",
        lambda rows: {"hash": pa.array([2**63 + row["id"] for row in rows], pa.uint64())},
        told="read as text",
        left=("hash", "hardly ever repeats"),
    ),
    parquet("small unsigned numbers", lambda rows: {"units": pa.array([row["units"] for row in rows], pa.uint64())}),
    parquet(
        "NaN",
        lambda rows: {"amount": pa.array([float("nan") if row["id"] % 7 == 0 else row["amount"] for row in rows])},
        read=setting(amount=lambda row: None if row["id"] % 7 == 0 else row["amount"]),
        told="cells are NaN",
    ),
    parquet(
        "an infinite number",
        lambda rows: {"amount": pa.array([float("inf") if row["id"] == 7 else row["amount"] for row in rows])},
        read=setting(amount=lambda row: None if row["id"] == 7 else row["amount"]),
        refused=("E405", "column amount, row 7: not a DOUBLE"),
        options=("--nulls amount=inf",),
        shown="--nulls amount=TEXT",
    ),
    parquet(
        "moments with a zone",
        lambda rows: {
            "booked": pa.array([midnight(row).replace(tzinfo=UTC) for row in rows], pa.timestamp("ns", "UTC"))
        },
        read=setting(booked=midnight),
    ),
    parquet(
        "decimals",
        lambda rows: {"amount": pa.array([Decimal(str(row["amount"])) for row in rows], pa.decimal128(12, 2))},
        read=setting(amount=lambda row: Decimal(str(row["amount"])).quantize(Decimal("0.01"))),
    ),
    parquet("dictionaries", lambda rows: {"region": pa.array([row["region"] for row in rows]).dictionary_encode()}),
    parquet("small numbers", lambda rows: {"units": pa.array([row["units"] for row in rows], pa.int16())}),
    parquet(
        "days as numbers",
        lambda rows: {"booked": pa.array([int(f"{row['booked']:%Y%m%d}") for row in rows])},
        told="read as days",
    ),
    parquet("days as text", lambda rows: {"booked": pa.array([f"{row['booked']:%d-%b-%Y}" for row in rows])}),
    parquet(
        "numbers as text", lambda rows: {"amount": pa.array([f"{row['amount']:,.2f}" for row in rows])}, told="1,234.5"
    ),
    parquet("columns called key and outcome", lambda _: {}, change=renamed(OTHER_NAMES)),
    OddTable(
        name="Parquet: cut short",
        file="t.parquet",
        write=lambda _: b"PAR1" + b"x" * 90,
        refused=("E411", "Parquet"),
        mended=lambda rows: pa.table(columns(rows)),
    ),
]
CASES = [*ENCODINGS, *LAYOUTS, *PARQUET]
