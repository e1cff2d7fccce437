"""What is written of predictions: for people in CSV, exactly in Parquet and JSON, and never a formula."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.prediction.prediction_columns import TableForm, columns_of, form_of
from reconciler.errors import DataError, UsageError
from reconciler.scoring.output.files import rounded, write_file

TABLE = pa.table(
    {
        "=id": ["-7", "=1+1"],
        "amount": [1234567.125, float("nan")],
        "day": [date(2026, 1, 31), None],
        "moment": [datetime(2026, 1, 31, 8, 30), None],
        "price": [Decimal("1.10"), None],
        "open": [True, None],
        "predicted": ["@late", "on time"],
        "probability": [0.123456, 1.0],
        "uncertain": [True, False],
        "factor_1": ["n", None],
        "value_1": ["-12.345678", None],
        "effect_1": [0.0123456, None],
        "factor_2": ["c", "c"],
        "value_2": ["=x", None],
        "effect_2": [-3.0, 0.5],
    }
)


def written(tmp_path: Path, form: TableForm, table: Any = TABLE) -> Path:
    path = tmp_path / f"out.{form.value}"
    write_file(path, form, table, shares={"probability"}, numeric={"n"}, top=2, data=6)
    return path


def test_a_csv_is_rounded_for_people_leaves_data_as_they_are_and_holds_no_formula(tmp_path: Path) -> None:
    header, *lines = csv.reader(written(tmp_path, TableForm.CSV).read_text().splitlines())
    assert header == ["'=id", *TABLE.column_names[1:]]
    assert lines[0] == [
        *("-7", "1234567.125", "2026-01-31", "2026-01-31 08:30:00", "1.10", "true"),
        *("'@late", "0.1235", "yes", "n", "-12.35", "0.01235", "c", "'=x", "-3"),
    ]
    assert lines[1] == ["'=1+1", "", "", "", "", "", "on time", "1.0000", "no", "", "", "", "c", "", "0.5"]


@pytest.mark.parametrize("form", [TableForm.JSON, TableForm.JSON_LINES])
def test_json_is_exact_and_has_factors_as_a_list_of_typed_values(tmp_path: Path, form: TableForm) -> None:
    text = written(tmp_path, form).read_text()
    first, second = json.loads(text) if form is TableForm.JSON else map(json.loads, text.splitlines())
    assert (first["=id"], first["amount"], first["probability"]) == ("-7", 1234567.125, 0.123456)
    assert first["day"] == "2026-01-31"
    assert first["factors"] == [
        {"feature": "n", "value": -12.345678, "effect": 0.0123456},
        {"feature": "c", "value": "=x", "effect": -3.0},
    ]
    assert second["factors"] == [{"feature": "c", "value": None, "effect": 0.5}]
    assert (second["amount"], second["uncertain"]) == (None, False)
    empty = written(tmp_path, form, TABLE.slice(0, 0)).read_text()
    assert not (json.loads(empty) if form is TableForm.JSON else empty)


def test_parquet_keeps_every_type(tmp_path: Path) -> None:
    table = pq.read_table(written(tmp_path, TableForm.PARQUET))
    assert table.schema.equals(TABLE.schema)
    assert repr(table.to_pylist()) == repr(TABLE.to_pylist())


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (0.123456, "0.1235"),
        (-0.00012347, "-0.0001235"),
        (12.5, "12.5"),
        (1234567.891, "1234567.89"),
        (1e-20, "1.000e-20"),
        (1e22, "10000000000000000000000"),
        (float("nan"), ""),
        (float("inf"), "inf"),
    ],
)
def test_numbers_have_four_digits_and_two_decimals_at_least(number: float, text: str) -> None:
    assert rounded(number) == text


@pytest.mark.parametrize("file", ["a.xlsx", "a", ".csv.gz", "a.txt"])
def test_an_unknown_ending_is_refused_with_those_that_are_known(file: str) -> None:
    with pytest.raises(UsageError, match="its ending") as refused:
        form_of(file)
    assert all(ending in (refused.value.hint or "") for ending in (".csv", ".parquet", ".json", ".jsonl", "--out -"))
    assert form_of("A.CSV") is form_of("-") is TableForm.CSV


def test_the_key_has_its_own_name_unless_that_is_taken_and_no_other_column_may_take_one() -> None:
    assert columns_of("invoice_id", ("day", "invoice_id", "day"), ("a",)).names(("a",)) == (
        *("invoice_id", "day", "predicted", "probability", "uncertain", "p_a"),
    )
    assert columns_of("Predicted", (), ()).key == "key"
    assert columns_of("value_1", (), ()).key == "value_1"
    assert columns_of("value_1", (), (), top=1).key == "key"
    for name in ("P_a", "probability", "factor_2", "unknown"):
        with pytest.raises(DataError, match=f"--with {name}"):
            columns_of("id", (name,), ("a",), top=2, unknown=True)
    with pytest.raises(DataError, match="--with as_of"):
        columns_of("id", ("as_of",), (), before=("as_of",))
