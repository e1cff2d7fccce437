"""How one column's text is read, as `cells` declares it: missing values, signs of numbers, units, dates."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest
from tests.support.invoice_tables import read_rows, write_table

LIMITS = Limits(seconds=120, memory=2 * 1024**3)


def read(folder: Path, cells: list[str], *, held: str | None = None, **declared: Any) -> tuple[str, list[Any]]:
    (folder / "t.csv").write_text("".join(f"{cell};{row}\n" for row, cell in enumerate(["a", *cells])))
    table = Table(uses="csv", path="t.csv", delimiter=";", columns=(("n", "0"),), **_cells(declared))
    return copied(folder, table, held)


def copied(folder: Path, table: Table, held: str | None = None) -> tuple[str, list[Any]]:
    into = folder / "into"
    into.mkdir(exist_ok=True)
    types = (("t", (("a", held),)),) if held is not None else ()
    (copy,) = LocalData().copy(CopyRequest(root=folder, tables=(("t", table),), held=types, into=into, limits=LIMITS))
    kind = next(column.type for column in copy.columns if column.name == "a")
    return kind, [row["a"] for row in read_rows(copy.path)]


def _cells(declared: dict[str, Any]) -> dict[str, Any]:
    of_table = {name: declared.pop(name) for name in ("types", "table_decimal") if name in declared}
    if "table_decimal" in of_table:
        of_table["decimal"] = of_table.pop("table_decimal")
    return {"cells": (CellText(column="a", **declared),), **of_table}


NUMBERS = [
    ({"grouping": ","}, ["62,290.17", "1,234,567", "-5.5", "17"], [62290.17, 1234567, -5.5, 17]),
    ({"decimal": ","}, ["1.234,5", "12.345.678", "7", ",5"], [1234.5, 12345678, 7, 0.5]),
    ({"grouping": "'"}, ["1'234.50", "1\u2019234.50"], [1234.5, 1234.5]),
    ({"grouping": " ", "decimal": ","}, ["1 234,5", "1\u00a0234,5", "12\u202f345"], [1234.5, 1234.5, 12345]),
    ({"negative": "brackets"}, ["(12.50)", "3.5", "( 7 )", "-2"], [-12.5, 3.5, -7, -2]),
    ({"negative": "trailing"}, ["12.50-", "3.5", "7 -", "-2"], [-12.5, 3.5, -7, -2]),
    ({"negative": "brackets", "grouping": ","}, ["(1,234.50)", "0"], [-1234.5, 0]),
    ({"unit": "%"}, ["12 %", "7.5%", "-3 %"], [12, 7.5, -3]),
    ({"unit": "€"}, ["€ 3", "€4.5", "-€ 2", "5 €", "€ -1"], [3, 4.5, -2, 5, -1]),
    ({"unit": "EUR", "decimal": ","}, ["EUR 1.234,50", "3,5 EUR"], [1234.5, 3.5]),
    ({"unit": "$", "grouping": ",", "negative": "brackets"}, ["$1,234.50", "($12.50)", "$(3)"], [1234.5, -12.5, -3]),
    ({"decimal": "."}, ["\u22125", "1,234.5"], [-5, 1234.5]),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("declared", "cells", "values"), NUMBERS, ids=[str(row[0]) for row in NUMBERS])
@pytest.mark.parametrize("held", [None, "DOUBLE"], ids=["inferred", "held"])
def test_a_number_is_read_as_its_column_declares(
    tmp_path: Path, declared: dict[str, str], cells: list[str], values: list[float], held: str | None
) -> None:
    assert read(tmp_path, cells, held=held, **declared) == ("DOUBLE", values)


@pytest.mark.parametrize(
    ("declared", "cell"),
    [
        ({"grouping": ","}, "62,29.17"),
        ({"grouping": ","}, "1,2345"),
        ({"unit": "€"}, "$ 3"),
        ({"unit": "%"}, "12 %%"),
        ({"negative": "brackets"}, "(-12)"),
        ({"negative": "trailing"}, "-12-"),
        ({"decimal": ","}, "1.5"),
        ({"grouping": ","}, "007"),
    ],
)
def test_what_is_not_so_written_is_refused(tmp_path: Path, declared: dict[str, str], cell: str) -> None:
    with pytest.raises(DataError, match="column a, row 2: not a DOUBLE"):
        read(tmp_path, ["1", cell], held="DOUBLE", **declared)


def test_a_column_may_differ_from_its_table(tmp_path: Path) -> None:
    assert read(tmp_path, ["1,234.5"], decimal=".", table_decimal=",") == ("DOUBLE", [1234.5])
    assert read(tmp_path, ["12"], unit="%", types=(("a", "BIGINT"),)) == ("BIGINT", [12])
    assert read(tmp_path, ["12.50 EUR"], unit="EUR", types=(("a", "DECIMAL(9,2)"),))[0] == "DECIMAL(9,2)"


DATES = [
    ("%d-%b-%Y", ["02-Feb-2024", "31-DEC-1999"], "DATE", [date(2024, 2, 2), date(1999, 12, 31)]),
    ("%d.%m.%Y", ["1.2.2024", "01.02.2024"], "DATE", [date(2024, 2, 1)] * 2),
    ("%b %d, %Y", ["Feb 2, 2024"], "DATE", [date(2024, 2, 2)]),
    ("%d %B %Y", ["2 February 2024"], "DATE", [date(2024, 2, 2)]),
    ("%m/%d/%Y %I:%M %p", ["2/2/2024 2:30 PM"], "TIMESTAMP", [datetime(2024, 2, 2, 14, 30)]),
    ("%d-%b-%y", ["02-FEB-24"], "DATE", [date(2024, 2, 2)]),
]


@pytest.mark.parametrize(("written", "cells", "kind", "values"), DATES, ids=[row[0] for row in DATES])
def test_a_date_is_read_as_its_column_declares(
    tmp_path: Path, written: str, cells: list[str], kind: str, values: list[date]
) -> None:
    assert read(tmp_path, cells, dates=written) == (kind, values)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    "word", ["NA", "N/A", "null", "None", "nan", "-", "\\N", "#N/A", ".", " ", "0000-00-00", "(null)"]
)
def test_a_word_is_missing_in_the_column_that_declares_it_and_nowhere_else(tmp_path: Path, word: str) -> None:
    assert read(tmp_path, ["1.5", word, f" {word} ", ""], nulls=(word,)) == ("DOUBLE", [1.5, None, None, None])
    assert read(tmp_path, ["x", word], nulls=("other",)) == ("VARCHAR", ["x", word])


def test_missing_words_leave_other_text_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, [" x ", "NA.", "na"], nulls=("NA",)) == ("VARCHAR", [" x ", "NA.", "na"])


@pytest.mark.parametrize("where", ["table", "column"])
def test_nan_and_words_are_missing_in_parquet_where_that_is_declared(tmp_path: Path, where: str) -> None:
    rows = [(1.5, "x"), (float("nan"), "NA"), (None, "")]
    write_table(tmp_path, "t", {"a": "DOUBLE", "b": "VARCHAR"}, rows)
    table = Table(uses="parquet", path="t.parquet")
    with pytest.raises(DataError, match="row 2: not a DOUBLE"):
        copied(tmp_path, table)
    if where == "table":
        table = Table(uses="parquet", path="t.parquet", nulls=("", "NaN", "NA"))
    else:
        cells = (CellText(column="a", nulls=("NaN",)), CellText(column="b", nulls=("NA",)))
        table = Table(uses="parquet", path="t.parquet", cells=cells)
    assert copied(tmp_path, table) == ("DOUBLE", [1.5, None, None])
    assert [row["b"] for row in read_rows(tmp_path / "into" / "t.parquet")] == ["x", None, ""]


def test_text_in_parquet_is_read_as_declared(tmp_path: Path) -> None:
    write_table(tmp_path, "t", {"a": "VARCHAR", "d": "VARCHAR"}, [("1,234.5", "02-Feb-2024"), ("NA", "03-Mar-2024")])
    cells = (CellText(column="a", grouping=",", nulls=("NA",)), CellText(column="d", dates="%d-%b-%Y"))
    table = Table(uses="parquet", path="t.parquet", cells=cells, types=(("a", "DOUBLE"), ("d", "DATE")))
    assert copied(tmp_path, table) == ("DOUBLE", [1234.5, None])


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match="`cells` names column b, which does not exist"):
        copied(tmp_path, Table(uses="csv", path="t.csv", cells=(CellText(column="b", unit="%"),)))


def test_a_sign_cannot_be_both(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one sign for thousands and for decimals"):
        read(tmp_path, ["1"], grouping=".")
