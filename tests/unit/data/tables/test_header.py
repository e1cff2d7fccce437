"""The columns of a table are told from its header alone, and they are those that a copy of the table has."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.tables import header
from reconciler.data.tables.snapshot import copy_tables
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, HeaderRequest

TEXT = "id,amount,when\n1,2.5,2024-01-31\n2,3.5,2024-02-29\n"


def columns(root: Path, table: Table) -> tuple[str, ...] | None:
    return header.header_of(HeaderRequest(root=root, name="orders", table=table)).columns


def copied(root: Path, table: Table) -> tuple[str, ...]:
    into = root / "into"
    into.mkdir()
    request = CopyRequest(root=root, tables=(("orders", table),), held=(), into=into, limits=Limits())
    return tuple(column.name for column in copy_tables(request)[0].columns)


CSV = {
    "plain": (TEXT.encode(), Table(uses="csv", path="orders.csv")),
    "a mark": (b"\xef\xbb\xbf" + TEXT.encode(), Table(uses="csv", path="orders.csv")),
    "line ends of Windows": (TEXT.replace("\n", "\r\n").encode(), Table(uses="csv", path="orders.csv")),
    "a title": (f"Orders\n\n{TEXT}".encode(), Table(uses="csv", path="orders.csv", skip=2)),
    "semicolons": (TEXT.replace(",", ";").encode(), Table(uses="csv", path="orders.csv", delimiter=";")),
    "tabs": (TEXT.replace(",", "\t").encode(), Table(uses="csv", path="orders.csv", delimiter="\t")),
    "UTF-16": (TEXT.encode("utf-16"), Table(uses="csv", path="orders.csv", encoding="utf-16")),
    "packed": (gzip.compress(TEXT.encode()), Table(uses="csv", path="orders.csv.gz")),
    "no header": (b"1,2\n3,4\n", Table(uses="csv", path="orders.csv", header=False)),
    "quotes": (b'"id","the amount"\n1,2\n', Table(uses="csv", path="orders.csv", columns=(("amount", "the amount"),))),
    "row numbers": (TEXT.encode(), Table(uses="csv", path="orders.csv", row_number="row")),
    "cp1252": (
        "id,Größe\n1,2\n".encode("cp1252"),
        Table(uses="csv", path="o.csv", encoding="cp1252", columns=(("size", "Größe"),)),
    ),
}


@pytest.mark.parametrize("case", CSV)
def test_the_columns_of_a_header_are_those_of_a_copy(tmp_path: Path, case: str) -> None:
    body, table = CSV[case]
    (tmp_path / table.path).write_bytes(body)
    assert columns(tmp_path, table) == copied(tmp_path, table)


def test_the_columns_of_a_parquet_file_are_those_of_a_copy(tmp_path: Path) -> None:
    rows = {
        "id": pa.array([1, 2]),
        "point": pa.array([{"x": 1, "y": [1]}, {"x": 2, "y": []}]),
        "tags": pa.array([["a"], ["b"]]),
        "raw": pa.array([b"a", b"b"]),
        "name": pa.array(["a", "b"]),
        "price": pa.array([1, 2], pa.decimal128(12, 2)),
        "kind": pa.array(["x", "y"]).dictionary_encode(),
        "nothing": pa.array([None, None]),
        "last": pa.array([1.5, 2.5]),
    }
    pq.write_table(pa.table(rows), tmp_path / "orders.parquet")
    table = Table(uses="parquet", path="orders.parquet", columns=(("label", "name"),))
    assert columns(tmp_path, table) == copied(tmp_path, table)
    assert columns(tmp_path, table) == ("id", "label", "price", "kind", "nothing", "last")


def test_no_row_is_read(tmp_path: Path) -> None:
    """What stands behind the header, here bytes that are no text in lines that are no rows, is not looked at."""
    (tmp_path / "orders.csv").write_bytes(TEXT.encode() + b"\n" * 70_000 + b'"\xff\xff,,,,\n' * 10)
    assert columns(tmp_path, Table(uses="csv", path="orders.csv")) == ("id", "amount", "when")


@pytest.mark.parametrize("path", ["no.csv", "no/such/orders.csv"])
def test_a_table_that_is_not_here_has_no_header(tmp_path: Path, path: str) -> None:
    assert columns(tmp_path, Table(uses="csv", path=path)) is None


@pytest.mark.parametrize(
    ("body", "table", "code"),
    [
        (b"id;amount\n1;2\n", Table(uses="csv", path="orders.csv"), "E404"),
        (b"id,id\n1,2\n", Table(uses="csv", path="orders.csv"), "E403"),
        (b"id,the amount\n1,2\n", Table(uses="csv", path="orders.csv"), "E403"),
        (b"", Table(uses="csv", path="orders.csv"), "E401"),
        (b"PK\x03\x04", Table(uses="csv", path="orders.csv"), "E407"),
        (b"id,amount\n", Table(uses="parquet", path="orders.csv"), "E411"),
        (b"id,amount\n", Table(uses="csv", path="../orders.csv"), "E302"),
        (
            b"PAR1" + b"\xff" * 40 + (20).to_bytes(4, "little") + b"PAR1",
            Table(uses="parquet", path="orders.csv"),
            "E411",
        ),
    ],
)
def test_a_header_that_cannot_be_read_is_told_as_a_copy_tells_it(
    tmp_path: Path, body: bytes, table: Table, code: str
) -> None:
    (tmp_path / "orders.csv").write_bytes(body)
    with pytest.raises(DataError) as caught:
        columns(tmp_path, table)
    assert caught.value.code == code
    with pytest.raises(DataError) as copying:
        copied(tmp_path, table)
    assert copying.value.code == code


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
def test_what_is_there_and_no_file_is_told_and_not_taken_for_absent(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "orders.csv")
    with pytest.raises(DataError, match=r"this is not a file|the folder holds no csv file"):
        columns(tmp_path, Table(uses="csv", path="orders.csv"))


def test_cells_of_a_column_are_no_column(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(TEXT)
    table = Table(uses="csv", path="orders.csv", cells=(CellText(column="total", nulls=("NA",)),))
    assert columns(tmp_path, table) == ("id", "amount", "when")


@pytest.mark.parametrize(
    ("cells", "is_text"),
    [
        (("north", "south", "west"), True),
        (("A1", "north", "south", "west", "east", "up"), True),
        (("1,5", "2,5", "3,5"), False),
        (("NA", "null", "-", "1.5"), False),
        (("€ 3", "€ 4", "€ 5"), False),
        (("true", "false", "true"), False),
        (("02-Feb-2024", "3 March 2024", "2024-01-01"), False),
        (("", "", "north"), False),
    ],
)
def test_a_column_without_digits_is_text_by_its_first_rows(
    tmp_path: Path, cells: tuple[str, ...], is_text: bool
) -> None:
    table = Table(uses="csv", path="orders.csv", delimiter=";")
    body = "".join(f"{n};{cell}\n" for n, cell in enumerate((*cells, "cut")))
    (tmp_path / "orders.csv").write_text(f"id;c\n{body}")
    ask = HeaderRequest(root=tmp_path, name="orders", table=table)
    assert header.header_of(ask).texts == (("c",) if is_text else ())
    declared = replace(table, types=(("c", "VARCHAR"),))
    assert header.header_of(replace(ask, table=declared)).texts == ()


def test_rows_that_are_not_well_formed_tell_nothing_and_the_header_is_read(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text('id,c\n1,north\n2,"so"uth\n3,west\n4,east\n')
    table = Table(uses="csv", path="orders.csv")
    found = header.header_of(HeaderRequest(root=tmp_path, name="orders", table=table))
    assert (found.columns, found.texts) == (("id", "c"), ())
