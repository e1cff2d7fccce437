"""One table, exported again by other programs: the same snapshot byte by byte, or a refusal that says where.

The table's manifest was declared for the first export, whose types are held. With each export come the reading
options that its user has to change: of the file (`delimiter`, ...) and of its cells (`dates`, `nulls`, ...), no type.
A value that is equal in the column's type is that value, however it is spelt.
"""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, TableFile
from tests.support.effort import FULL as FULL_EFFORT

Row = tuple[Any, ...]
NAMES = ("id", "amount", "units", "day", "at", "flag", "note")
TYPES = ("BIGINT", "DOUBLE", "BIGINT", "DATE", "TIMESTAMP", "BOOLEAN", "VARCHAR")
LIMITS = Limits(memory=2 * 1024**3)
SETTINGS = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if FULL_EFFORT else (Phase.explicit,),
)

cents = st.integers(-(10**9), 10**9).map(lambda number: number / 100)
days = st.dates(date(1970, 1, 1), date(2068, 12, 31))
moments = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0))
notes = st.sampled_from(["plain", "f\u00fcr, gegen", 'the "best"', "two; three", "00123", "x" * 40, "1.5 m", "O'Neill"])
gap = st.none()
# Two rows that every table has, so that the type of each column is plain.
FULL = (0.62, 48, date(2024, 2, 29), datetime(2024, 12, 31, 14, 30), True, "plain")
OTHER = (-62290.17, -1_000_000, date(1999, 12, 31), datetime(2024, 1, 13, 0, 5), False, "00123")
rows = st.lists(
    st.tuples(
        cents | gap, st.integers(-(10**6), 10**6) | gap, days | gap, moments | gap, st.booleans() | gap, notes | gap
    ),
    min_size=1,
    max_size=8,
).map(lambda drawn: tuple((n, *row) for n, row in enumerate([FULL, OTHER, *drawn], start=1)))

CORNERS = (
    (1, *FULL),
    (2, *OTHER),
    (3, None, None, None, None, None, None),
    (4, 1234567.0, 100_000, date(2024, 3, 5), datetime(2024, 9, 1, 12), True, 'the "best"'),
    (5, -0.05, 0, date(2024, 10, 12), datetime(2024, 5, 31), False, "f\u00fcr, gegen; zwei"),
)


def first(value: Any) -> str:
    """A cell of the first export."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(sep=" ")
    return str(value)


def point(value: float) -> str:
    return f"{value:.2f}"


def comma(value: float) -> str:
    return f"{value:,.2f}".translate({ord(","): ".", ord("."): ","})


@dataclass(frozen=True, kw_only=True)
class Export:
    """A program's export: how it writes the values of a type (None: as the first), a missing value and the file; and
    what its user declares."""

    number: Callable[[float], str] = str
    whole: Callable[[int], str] = str
    day: Callable[[date], str] = str
    at: Callable[[datetime], str] = str
    truth: tuple[str, str] = ("true", "false")
    missing: str = ""
    sep: str = ","
    end: str = "\n"
    quoting: Any = csv.QUOTE_MINIMAL
    finish: Callable[[str], bytes] = str.encode
    file: str = "t.csv"
    table: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, rows: tuple[Row, ...]) -> bytes:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=self.sep, lineterminator=self.end, quoting=self.quoting)
        writer.writerows([NAMES, *([self._cell(*cell) for cell in zip(TYPES, row, strict=True)] for row in rows)])
        return self.finish(stream.getvalue())

    def _cell(self, kind: str, value: Any) -> str:
        if value is None:
            return self.missing
        match kind:
            case "DOUBLE":
                return self.number(value)
            case "BIGINT":
                return self.whole(value)
            case "DATE":
                return self.day(value)
            case "TIMESTAMP":
                return self.at(value)
            case "BOOLEAN":
                return self.truth[not value]
        return str(value)

    def declared(self) -> Table:
        texts = tuple(CellText(column=name, **cells) for name, cells in sorted(self.cells.items()))
        return Table(**{"uses": "csv", "path": self.file, "cells": texts} | self.table)


def upper(written: str) -> Callable[[Any], str]:
    return lambda value: value.strftime(written).upper()


def number_of_excel(day: Any, order: str) -> str:
    """A day as Excel shows it: without zeros in front."""
    return order.format(day=day.day, month=day.month, year=day.year)


GERMAN = ("Jan.", "Feb.", "M\u00e4rz", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.")


def cells(**columns: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return columns


def dated(day: str, at: str, **more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"day": {"dates": day}, "at": {"dates": at}, **more}


def excel(day: str, truth: tuple[str, str], **more: Any) -> Export:
    """Excel's CSV of a locale with decimal commas."""
    return Export(
        number=lambda value: str(value).replace(".", ","),
        day=lambda value: value.strftime(day),
        at=lambda value: value.strftime(f"{day} %H:%M"),
        truth=truth,
        sep=";",
        end="\r\n",
        finish=lambda text: text.encode("cp1252"),
        table={"delimiter": ";", "decimal": ",", "encoding": "cp1252"},
        cells=dated(day, f"{day} %H:%M"),
        **more,
    )


SUMS = {"grouping": ","}
EXPORTS: dict[str, Export] = {
    "pandas, quotes around everything": Export(quoting=csv.QUOTE_ALL),
    "pandas, whole numbers beside missing ones": Export(whole=lambda value: f"{value}.0", truth=("True", "False")),
    "pandas, days as times": Export(day=lambda value: f"{value} 00:00:00"),
    "pandas, na_rep": Export(missing="NA", table={"nulls": ("NA",)}),
    "pandas, four decimals": Export(number=lambda value: f"{value:.4f}"),
    "pandas, seventeen digits": Export(number=lambda value: f"{value:.16e}"),
    "pandas, semicolons and decimal commas": Export(
        number=lambda value: str(value).replace(".", ","), sep=";", table={"delimiter": ";", "decimal": ","}
    ),
    "pandas, packed": Export(finish=lambda text: gzip.compress(text.encode()), file="t.csv.gz"),
    "pandas, with a mark": Export(finish=lambda text: text.encode("utf-8-sig")),
    "pandas, UTF-16": Export(finish=lambda text: text.encode("utf-16"), table={"encoding": "utf-16"}),
    "Excel, German": excel("%d.%m.%Y", ("WAHR", "FALSCH")),
    "Excel, French": excel("%d/%m/%Y", ("VRAI", "FAUX")),
    "Excel, Spanish": excel("%d/%m/%Y", ("VERDADERO", "FALSO")),
    "Excel, American": Export(
        day=lambda value: number_of_excel(value, "{month}/{day}/{year}"),
        at=lambda value: number_of_excel(value, "{month}/{day}/{year}") + f" {value.hour}:{value:%M}",
        truth=("TRUE", "FALSE"),
        end="\r\n",
        cells=dated("%m/%d/%Y", "%m/%d/%Y %H:%M"),
    ),
    "Excel, American, as shown": Export(
        number=lambda value: f"({-value:,.2f})" if value < 0 else f"{value:,.2f} ",
        whole=lambda value: f"{value:,}",
        day=lambda value: value.strftime("%B %d, %Y"),
        at=lambda value: value.strftime("%m/%d/%Y %I:%M %p"),
        truth=("TRUE", "FALSE"),
        cells=dated("%B %d, %Y", "%m/%d/%Y %I:%M %p", amount=SUMS | {"negative": "brackets"}, units=SUMS, id=SUMS),
    ),
    "Excel, euros": Export(
        number=lambda value: f"{comma(value)} \u20ac",
        cells=cells(amount={"decimal": ",", "unit": "\u20ac"}),
    ),
    "Excel, Unicode text": Export(
        sep="\t", finish=lambda text: text.encode("utf-16"), table={"delimiter": "\t", "encoding": "utf-16"}
    ),
    "Excel, sep=;": Export(sep=";", finish=lambda text: f"sep=;\n{text}".encode(), table={"delimiter": ";", "skip": 1}),
    "Excel, German month names": Export(
        day=lambda value: f"{value.day:02d}. {GERMAN[value.month - 1]} {value.year}",
        cells={"day": {"dates": "%d. %b %Y"}},
    ),
    "a report with a title and blank lines": Export(
        finish=lambda text: f"Bookings\n\n{text}\n\n".replace("\n2,", "\n\n2,").encode(),
        table={"skip": 2, "blank_lines": "skip"},
    ),
    "PostgreSQL, CSV": Export(truth=("t", "f")),
    "PostgreSQL, text": Export(
        truth=("t", "f"),
        missing="\\N",
        sep="\t",
        table={"delimiter": "\t", "nulls": ("\\N",)},
    ),
    "MySQL, INTO OUTFILE": Export(
        truth=("1", "0"),
        missing="\\N",
        sep="\t",
        quoting=csv.QUOTE_ALL,
        finish=lambda text: text.replace('"\\N"', "\\N").replace('the ""best""', 'the \\"best\\"').encode(),
        table={"delimiter": "\t", "nulls": ("\\N",), "escape": "\\"},
    ),
    "MySQL, --batch": Export(truth=("1", "0"), missing="NULL", sep="\t", table={"delimiter": "\t", "nulls": ("NULL",)}),
    "Oracle, SQL*Plus": Export(
        number=lambda value: point(value).replace("0.", ".", 1) if abs(value) < 1 else point(value),
        day=upper("%d-%b-%y"),
        at=upper("%d-%b-%y %I.%M.%S.000000 %p"),
        truth=("Y", "N"),
        cells=dated("%d-%b-%y", "%d-%b-%y %I.%M.%S.%f %p"),
    ),
    "Oracle, German": Export(
        number=lambda value: (point(value).replace("0.", ".", 1) if abs(value) < 1 else point(value)).replace(".", ","),
        day=lambda value: value.strftime("%d.%m.%y"),
        truth=("Y", "N"),
        sep=";",
        table={"delimiter": ";", "decimal": ","},
        cells={"day": {"dates": "%d.%m.%y"}},
    ),
    "SQL Server, bcp": Export(
        at=lambda value: f"{value}.000",
        day=lambda value: f"{value} 00:00:00.000",
        truth=("1", "0"),
        finish=lambda text: text.encode("utf-16-le"),
        table={"encoding": "utf-16-le"},
    ),
    "SAS": Export(
        day=upper("%d%b%Y"),
        at=upper("%d%b%Y:%H:%M:%S"),
        truth=("1", "0"),
        missing=".",
        table={"nulls": (".",)},
        cells=dated("%d%b%Y", "%d%b%Y:%H:%M:%S"),
    ),
    "SAP": Export(
        number=lambda value: comma(abs(value)) + "-" * (value < 0),
        whole=lambda value: f"{abs(value):,}".replace(",", ".") + "-" * (value < 0),
        day=lambda value: value.strftime("%d.%m.%Y"),
        truth=("Y", "N"),
        sep=";",
        table={"delimiter": ";", "decimal": ","},
        cells={"day": {"dates": "%d.%m.%Y"}, "amount": {"negative": "trailing"}, "units": {"negative": "trailing"}},
    ),
    "R, write.csv": Export(
        whole=lambda value: f"{value:.0e}" if value and value % 10**5 == 0 and abs(value) < 10**6 else str(value),
        truth=("TRUE", "FALSE"),
        missing="NA",
        quoting=csv.QUOTE_NONNUMERIC,
        table={"nulls": ("NA",)},
    ),
    "BigQuery": Export(at=lambda value: f"{value} UTC"),
    "Spark": Export(
        at=lambda value: value.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    ),
    "Hive": Export(sep="\x01", missing="\\N", table={"delimiter": "\x01", "nulls": ("\\N",)}),
    "Ruby": Export(at=lambda value: f"{value} +0000"),
    "Switzerland": Export(
        number=lambda value: f"{value:,.2f}".replace(",", "\u2019").replace("-", "\u2212"),
        cells={"amount": {"grouping": "'"}},
    ),
    "lines of Windows": Export(end="\r\n"),
    "lines of the old Macintosh": Export(end="\r"),
}


def columns(rows: tuple[Row, ...]) -> dict[str, list[Any]]:
    return dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))


def by_pandas(rows: tuple[Row, ...]) -> pa.Table:
    """Whole numbers with missing ones are decimals, and days are times."""
    import pandas as pd

    frame = pd.DataFrame(columns(rows))
    return pa.Table.from_pandas(frame.assign(day=pd.to_datetime(frame["day"])), preserve_index=False)


def by_pyarrow(rows: tuple[Row, ...]) -> pa.Table:
    held = columns(rows)
    exact = [None if value is None else Decimal(f"{value:.2f}") for value in held["amount"]]
    return pa.table(
        held
        | {
            "id": pa.array(held["id"], pa.int16()),
            "amount": pa.array(exact, pa.decimal128(14, 2)),
            "units": pa.array(held["units"], pa.int32()),
            "day": pa.array(held["day"], pa.date64()),
            "at": pa.array(held["at"], pa.timestamp("s")),
            "note": pa.array(held["note"]).dictionary_encode(),
        }
    )


def as_text(rows: tuple[Row, ...]) -> pa.Table:
    return pa.table({name: [None if v is None else first(v) for v in held] for name, held in columns(rows).items()})


def with_zones(rows: tuple[Row, ...]) -> pa.Table:
    held = columns(rows)
    at = [None if value is None else value.replace(tzinfo=UTC) for value in held["at"]]
    return pa.table(
        held | {"at": pa.array(at, pa.timestamp("ms", "UTC")), "note": pa.array(held["note"], pa.large_string())}
    )


def with_nan(rows: tuple[Row, ...]) -> pa.Table:
    held = columns(rows)
    return pa.table(held | {"amount": [float("nan") if value is None else value for value in held["amount"]]})


PARQUET: dict[str, tuple[Callable[[tuple[Row, ...]], pa.Table], dict[str, dict[str, Any]]]] = {
    "Parquet by pandas": (by_pandas, {}),
    "Parquet by pyarrow": (by_pyarrow, {}),
    "Parquet of text": (as_text, {}),
    "Parquet with zones": (with_zones, {}),
    "Parquet with NaN": (with_nan, {"amount": {"nulls": ("nan",)}}),
}


def copied(table: Table, body: bytes | pa.Table, held: tuple[tuple[str, str], ...] | None) -> tuple[bytes, TableFile]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "into").mkdir()
        if isinstance(body, bytes):
            (folder / table.path).write_bytes(body)
        else:
            pq.write_table(body, folder / table.path)
        types = (("t", held),) if held is not None else ()
        request = CopyRequest(root=folder, tables=(("t", table),), held=types, into=folder / "into", limits=LIMITS)
        (copy,) = LocalData().copy(request)
        return copy.path.read_bytes(), copy


@cache
def exported_first(rows: tuple[Row, ...]) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    body, copy = copied(Table(uses="csv", path="t.csv"), Export().write(rows), None)
    types = tuple((column.name, column.type) for column in copy.columns)
    assert types == tuple(zip(NAMES, TYPES, strict=True))
    return body, types


def check(table: Table, body: bytes | pa.Table, rows: tuple[Row, ...]) -> None:
    expected, types = exported_first(rows)
    assert copied(table, body, types)[0] == expected


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
@SETTINGS
@example(rows=CORNERS)
@given(rows=rows)
def test_the_same_table_from_another_program_is_the_same_snapshot(export: Export, rows: tuple[Row, ...]) -> None:
    check(export.declared(), export.write(rows), rows)


@pytest.mark.parametrize(("make", "cells"), PARQUET.values(), ids=PARQUET)
@SETTINGS
@example(rows=CORNERS)
@given(rows=rows)
def test_the_same_table_as_parquet_is_the_same_snapshot(
    make: Callable[[tuple[Row, ...]], pa.Table], cells: dict[str, dict[str, Any]], rows: tuple[Row, ...]
) -> None:
    texts = tuple(CellText(column=name, **own) for name, own in cells.items())
    check(Table(uses="parquet", path="t.parquet", cells=texts), make(rows), rows)


CHANGED = {
    "a fraction": (Export(whole=lambda value: f"{value}.5"), "column id, row 1: not a BIGINT"),
    "a time of day": (Export(day=lambda value: f"{value} 10:00:00"), "column day, row 1: not a DATE"),
    "days first where months were": (
        Export(day=lambda value: value.strftime("%d/%m/%Y")),
        "column day, row 1: not a DATE",
    ),
    "decimal commas that nobody declared": (
        Export(number=lambda value: str(value).replace(".", ","), sep=";", table={"delimiter": ";"}),
        "column amount, row 1: not a DOUBLE",
    ),
    "a word for missing that nobody declared": (Export(missing="NULL"), "not a"),
    "an encoding that nobody declared": (Export(finish=lambda text: text.encode("utf-16")), "UTF-16"),
    "a delimiter that nobody declared": (Export(sep=";"), "only one column found"),
    "a sign of excel that nobody declared": (Export(finish=lambda text: f"sep=,\n{text}".encode()), "Excel's note"),
    "zeros in front": (Export(whole=lambda value: f"0{value}"), "column id, row 1: not a BIGINT"),
    "a truth of neither": (Export(truth=("2", "3")), "column flag, row 1: not a BOOLEAN"),
}


@pytest.mark.parametrize(("export", "words"), CHANGED.values(), ids=CHANGED)
def test_another_value_or_an_undeclared_spelling_is_refused(export: Export, words: str) -> None:
    _, types = exported_first(CORNERS)
    with pytest.raises(DataError, match=words) as caught:
        copied(export.declared(), export.write(CORNERS), types)
    assert caught.value.hint
