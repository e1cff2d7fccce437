"""Tables whose cells are spelt in other ways: words for missing, numbers, dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time

from tests.inputs.odd_tables.ledger import OddTable, Row, Spelling, gaps, setting, text

NUMBERS = ("amount", "units", "share")


def grouped(value: float, group: str, point: str) -> str:
    """62290.17 with other signs."""
    return f"{value:,.2f}".translate({ord(","): group, ord("."): point})


def words(*missing: str) -> OddTable:
    """A word for missing in each column of numbers."""
    written = dict(zip(NUMBERS, missing, strict=True))
    return OddTable(
        name=f"{' and '.join(missing)} among numbers",
        change=gaps(*NUMBERS),
        write=lambda rows: text(rows, words=written),
        told=f"cells are {missing[0]}: read as missing",
    )


MISSING = [
    words("NA", "N/A", "null"),
    words("NULL", "None", "nan"),
    words("-", "\\N", "#N/A"),
    words("?", ".", "(null)"),
    words("NaN", "--", "#DIV/0!"),
    OddTable(
        name="several words in one column",
        change=gaps("amount"),
        write=lambda rows: text(
            [
                row | {"amount": ("NA", "-", "NULL")[row["id"] % 3] if row["amount"] is None else row["amount"]}
                for row in rows
            ]
        ),
        told="read as missing",
    ),
    OddTable(name="blanks among numbers", change=gaps("amount"), write=lambda rows: text(rows, words={"amount": "  "})),
    OddTable(
        name="zero dates",
        change=gaps("booked"),
        write=lambda rows: text(rows, words={"booked": "0000-00-00"}),
        told="cells are 0000-00-00: read as missing",
    ),
    OddTable(
        name="NULL among texts",
        change=gaps("region"),
        write=lambda rows: text(rows, words={"region": "NULL"}),
        told="cells are NULL: read as missing",
    ),
    OddTable(
        name="NA is Namibia",
        change=setting(country=lambda row: "NA" if row["country"] == "NO" else row["country"]),
        write=text,
        told="cells are NA: kept as a value",
    ),
    OddTable(
        name="NA is no outcome yet",
        write=lambda rows: text(rows, words={"y": "NA"}),
        refused=("E420", "column y can be read in two ways"),
        options=("--nulls y=NA",),
    ),
    OddTable(name="NULL is no outcome yet", write=lambda rows: text(rows, words={"y": "NULL"}), told="cells are NULL"),
]


def numbers(name: str, spelt: Mapping[str, Spelling], *, sep: str = ",", told: str = "", **more: object) -> OddTable:
    return OddTable(name=name, write=lambda rows: text(rows, spelt, sep=sep), told=told, **more)  # type: ignore[arg-type]


def whole_thousands(row: Row) -> Row:
    return row | {"units": 1_000 + 7 * row["units"]}


SPELT_NUMBERS = [
    numbers("no zero before the point", {"share": lambda value: f"{value:.2f}".lstrip("0")}),
    numbers("commas between thousands", {"amount": lambda value: grouped(value, ",", ".")}, told="1,234.5"),
    numbers(
        "German decimals",
        {"amount": lambda value: grouped(value, ".", ","), "share": lambda value: grouped(value, ".", ",")},
        sep=";",
    ),
    numbers(
        "decimal commas between commas", {"amount": lambda value: f"{value:.2f}".replace(".", ",")}, told="1.234,5"
    ),
    numbers(
        "brackets of accounting",
        {"amount": lambda value: f"({-value:.2f})" if value < 0 else f"{value:.2f}"},
        told="(1) is read as -1",
    ),
    numbers(
        "percents", {"units": lambda value: f"{value} %"}, told="%", read=setting(units=lambda row: float(row["units"]))
    ),
    numbers("euros", {"amount": lambda value: f"€ {grouped(value, ',', '.')}"}, told="€"),
    numbers(
        "dollars in brackets",
        {"amount": lambda value: f"(${grouped(-value, ',', '.')})" if value < 0 else f"${grouped(value, ',', '.')}"},
        told="$",
    ),
    numbers(
        "narrow spaces, a comma and EUR",
        {"amount": lambda value: grouped(value, "\u202f", ",") + "\u00a0EUR"},
        sep=";",
        told="EUR",
    ),
    numbers(
        "a minus behind, as SAP writes it",
        {
            "amount": lambda value: f"{grouped(abs(value), '.', ',')}{'-' * (value < 0)}",
            "share": lambda value: f"{value:.2f}".replace(".", ","),
        },
        sep="\t",
        told="1- is read as -1",
    ),
    numbers(
        "apostrophes of Switzerland", {"amount": lambda value: grouped(value, "\u2019", ".")}, sep=";", told="1'234.5"
    ),
    numbers(
        "whole numbers with .0",
        {"id": lambda value: f"{value}.0", "units": lambda value: f"{value}.0"},
        read=setting(units=lambda row: float(row["units"])),
        told="written as 1.0, and read as the whole number 1",
    ),
    numbers(
        "exponents of R",
        {"units": lambda value: f"{value:.0e}"},
        change=setting(units=lambda row: (row["units"] % 9 + 1) * 100_000),
        read=setting(units=lambda row: float(row["units"])),
    ),
    numbers("a plus before numbers", {"amount": lambda value: f"{value:+.2f}", "units": lambda value: f"{value:+}"}),
    numbers("a minus of print", {"amount": lambda value: f"{value:.2f}".replace("-", "\u2212")}, told="numbers"),
    numbers(
        "a point behind whole numbers",
        {"units": lambda value: f"{value}."},
        read=setting(units=lambda row: float(row["units"])),
    ),
    numbers("spaces before numbers", {"amount": lambda value: f"{value:>12.2f}", "units": lambda value: f"{value:6d}"}),
    numbers(
        "commas that may be decimal ones",
        {"units": lambda value: f"{value:,}"},
        change=whole_thousands,
        read=setting(units=lambda row: float(row["units"])),
        refused=("E420", "column units can be read in two ways"),
        options=("--decimal units=.",),
    ),
    numbers(
        "points that may be of thousands",
        {
            "units": lambda value: f"{value:,}".replace(",", "."),
            "amount": lambda value: str(round(value)),
            "share": lambda value: str(round(value)),
        },
        sep=";",
        read=setting(
            units=lambda row: float(row["units"]),
            amount=lambda row: round(row["amount"]),
            share=lambda row: round(row["share"]),
        ),
        refused=("E420", "column units can be read in two ways"),
        options=("--decimal units=,",),
    ),
    OddTable(
        name="codes with zeros in front", change=setting(country=lambda row: f"00{100 + row['units'] % 5}"), write=text
    ),
    OddTable(name="keys of 25 digits", change=setting(id=lambda row: str(10**24 + row["id"])), write=text),
    OddTable(
        name="kilograms and pounds",
        write=lambda rows: text(rows, {"units": lambda value: f"{value} {'lb' if value % 3 == 0 else 'kg'}"}),
        left=("units", "looks like numbers"),
    ),
]


def dates(name: str, spelt: Spelling, *, sep: str = ",", **more: object) -> OddTable:
    return OddTable(name=name, write=lambda rows: text(rows, {"booked": spelt}, sep=sep), **more)  # type: ignore[arg-type]


GERMAN = ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.")
FRENCH = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
SPANISH = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)


def at(row: Row) -> datetime:
    return datetime.combine(row["booked"], time(row["id"] % 24, row["id"] % 60))


def early(row: Row) -> date:
    return row["booked"].replace(day=1 + row["booked"].day % 12)


SPELT_DATES = [
    dates("02-Feb-2024", lambda day: f"{day:%d-%b-%Y}"),
    dates("02-FEB-24 of Oracle", lambda day: f"{day:%d-%b-%y}".upper()),
    dates("1.2.2024", lambda day: f"{day.day}.{day.month}.{day.year}", sep=";"),
    dates("31/12/2024", lambda day: f"{day:%d/%m/%Y}"),
    dates("12/31/2024", lambda day: f"{day:%m/%d/%Y}"),
    dates("31.12.24", lambda day: f"{day:%d.%m.%y}"),
    dates("20240131", lambda day: f"{day:%Y%m%d}", told="read as days"),
    dates("2. März 2024", lambda day: f"{day.day}. {GERMAN[day.month - 1]} {day.year}"),
    dates("2 févr. 2024", lambda day: f"{day.day} {FRENCH[day.month - 1]} {day.year}"),
    dates("2 de febrero de 2024", lambda day: f"{day.day} de {SPANISH[day.month - 1]} de {day.year}"),
    dates("Feb. 2, 2024", lambda day: f"{day:%b}. {day.day}, {day.year}"),
    dates(
        "times of midnight",
        lambda day: f"{day} 00:00:00",
        read=setting(booked=lambda row: datetime.combine(row["booked"], time())),
    ),
    dates("2/2/2024 2:30 PM", lambda day: f"{day:%m/%d/%Y %I:%M %p}", change=setting(booked=at)),
    dates("02.02.2024 14:30", lambda day: f"{day:%d.%m.%Y %H:%M}", sep=";", change=setting(booked=at)),
    dates("2024-02-02T14:30:00Z", lambda day: f"{day:%Y-%m-%dT%H:%M:%SZ}", change=setting(booked=at)),
    dates("2024-02-02 14:30:00 UTC of BigQuery", lambda day: f"{day} UTC", change=setting(booked=at)),
    dates("times of Oracle", lambda day: f"{day:%d-%b-%y %I.%M.%S.000000000 %p}".upper(), change=setting(booked=at)),
    dates(
        "day and month that nothing tells apart, day first",
        lambda day: f"{day:%d/%m/%Y}",
        change=setting(booked=early),
        refused=("E420", "column booked can be read in two ways"),
        options=("--dates booked=%d/%m/%Y",),
    ),
    dates(
        "day and month that nothing tells apart, month first",
        lambda day: f"{day:%m/%d/%Y}",
        change=setting(booked=early),
        refused=("E420", "column booked can be read in two ways"),
        options=("--dates booked=%m/%d/%Y",),
    ),
    OddTable(
        name="dates of two programs",
        write=lambda rows: text(
            [
                row | {"booked": f"{row['booked']:%d.%m.%Y}" if row["id"] % 2 else f"{row['booked']:%m/%d/%Y}"}
                for row in rows
            ]
        ),
        left=("booked", "looks like dates"),
    ),
]
CASES = [*MISSING, *SPELT_NUMBERS, *SPELT_DATES]
