"""The same values in another spelling are the same copy: by the types of an earlier copy, and by declared ones."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, TableFile
from tests.support.invoice_tables import read_rows, write_table

LIMITS = Limits(seconds=120, memory=2 * 1024**3)


def copied(folder: Path, cells: list[str], *, held: str | None = None, **declared: Any) -> TableFile:
    folder.mkdir(exist_ok=True)
    into = folder / "into"
    into.mkdir(exist_ok=True)
    (folder / "t.csv").write_text("".join(f"{cell};{row}\n" for row, cell in enumerate(["a", *cells])))
    table = Table(uses="csv", path="t.csv", delimiter=";", columns=(("n", "0"),), **declared)
    types = (("t", (("a", held),)),) if held is not None else ()
    (copy,) = LocalData().copy(CopyRequest(root=folder, tables=(("t", table),), held=types, into=into, limits=LIMITS))
    return copy


def column(copy: TableFile) -> tuple[str, list[Any]]:
    kind = next(column.type for column in copy.columns if column.name == "a")
    return kind, [row["a"] for row in read_rows(copy.path)]


SAME = [
    ("pandas writes whole numbers with missing ones so", "BIGINT", ["48", "-7", "0"], ["48.0", "-7.0", "0.0"]),
    ("two decimals", "BIGINT", ["48", "1234567"], ["48.00", "1234567.00"]),
    ("a point alone", "BIGINT", ["48", "7"], ["48.", "7."]),
    ("R writes 100000 so", "BIGINT", ["100000", "48", "-200000"], ["1e+05", "48", "-2e+05"]),
    ("a plus", "BIGINT", ["48", "7"], ["+48", "7"]),
    ("beyond 2^53", "BIGINT", ["9007199254740993"], ["9007199254740993.0"]),
    ("Oracle leaves out the zero", "DOUBLE", ["0.62", "-0.5", "1.5"], [".62", "-.5", "1.5"]),
    ("zeros at the end", "DOUBLE", ["0.62", "1.5"], ["0.6200", "1.50"]),
    ("whole numbers among decimals", "DOUBLE", ["1.0", "2.5"], ["1", "2.5"]),
    ("an exponent", "DOUBLE", ["0.00001", "2.5"], ["1e-05", "2.5"]),
    ("a time of midnight", "DATE", ["2024-02-02", "1999-12-31"], ["2024-02-02 00:00:00", "1999-12-31T00:00:00"]),
    ("milliseconds", "DATE", ["2024-02-02"], ["2024-02-02 00:00:00.000"]),
    ("midnight in UTC", "DATE", ["2024-02-02"], ["2024-02-02T00:00:00Z"]),
    ("a day where times were", "TIMESTAMP", ["2024-02-02 00:00:00"], ["2024-02-02"]),
    ("a T", "TIMESTAMP", ["2024-02-02 10:30:00"], ["2024-02-02T10:30"]),
    ("PostgreSQL's truth", "BOOLEAN", ["true", "false"], ["t", "f"]),
    ("MySQL's truth", "BOOLEAN", ["true", "false"], ["1", "0"]),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("kind", "before", "now"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_an_equal_value_is_that_value(tmp_path: Path, kind: str, before: list[str], now: list[str]) -> None:
    first = copied(tmp_path / "before", before)
    assert column(first)[0] == kind
    held = copied(tmp_path / "held", now, held=kind)
    declared = copied(tmp_path / "declared", now, types=(("a", kind),))
    assert held.path.read_bytes() == declared.path.read_bytes() == first.path.read_bytes()


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("BIGINT", "48.5"),
        ("BIGINT", "1.5e+00"),
        ("BIGINT", "048"),
        ("BIGINT", "048.0"),
        ("BIGINT", "9e+18"),
        ("BIGINT", "48.0.0"),
        ("DOUBLE", "00.5"),
        ("DOUBLE", "."),
        ("DOUBLE", "1e999"),
        ("DATE", "2024-02-02 00:00:01"),
        ("DATE", "2024-02-02 12:00:00"),
        ("DATE", "2024-02-30 00:00:00"),
        ("DATE", "2024-02-02T00:00:00+02:00"),
        ("BOOLEAN", "2"),
    ],
)
def test_another_value_is_refused(tmp_path: Path, kind: str, cell: str) -> None:
    with pytest.raises(DataError, match=f"column a, row 1: not a {kind}"):
        copied(tmp_path, [cell], held=kind)


@pytest.mark.parametrize("cell", ["31.01.2024 00:00:00", "31.01.2024 0:00", "31.01.2024 12:00:00 AM", "31.1.2024"])
def test_midnight_in_the_declared_format_is_the_day(tmp_path: Path, cell: str) -> None:
    assert column(copied(tmp_path, [cell], dates="%d.%m.%Y", held="DATE")) == ("DATE", [date(2024, 1, 31)])


def test_a_type_is_inferred_from_how_cells_are_written_as_before(tmp_path: Path) -> None:
    assert column(copied(tmp_path, ["48.0", "7.0"])) == ("DOUBLE", [48.0, 7.0])
    assert column(copied(tmp_path, ["2024-02-02 00:00:00"])) == ("TIMESTAMP", [datetime(2024, 2, 2)])
    assert column(copied(tmp_path, ["t", "f"])) == ("VARCHAR", ["t", "f"])


@pytest.mark.parametrize("cells", [[".62", "-.5", "1.25"], [".1"], [".5e-3", "0"]], ids=" ".join)
def test_a_number_without_a_zero_before_the_point_is_a_number(tmp_path: Path, cells: list[str]) -> None:
    assert column(copied(tmp_path, cells)) == ("DOUBLE", [float(cell) for cell in cells])
    comma = copied(tmp_path, [cell.replace(".", ",") for cell in cells], decimal=",")
    assert column(comma) == ("DOUBLE", [float(cell) for cell in cells])


def test_whole_numbers_that_come_back_as_decimals_in_parquet_are_the_same(tmp_path: Path) -> None:
    write_table(tmp_path, "t", {"a": "DOUBLE", "d": "TIMESTAMP"}, [(48.0, datetime(2024, 2, 2))])
    into = tmp_path / "into"
    into.mkdir()
    held = (("t", (("a", "BIGINT"), ("d", "DATE"))),)
    table = Table(uses="parquet", path="t.parquet")
    (copy,) = LocalData().copy(CopyRequest(root=tmp_path, tables=(("t", table),), held=held, into=into, limits=LIMITS))
    assert read_rows(copy.path) == [{"a": 48, "d": date(2024, 2, 2)}]
