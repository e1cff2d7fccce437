"""Pseudonyms are HMAC-SHA-256 of a value's text, the same for equal values of any type."""

from __future__ import annotations

import hmac
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.spec.data import Mask, Table, Treatment
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.data.masking.pseudonyms import pseudonym_of, text_form
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, Masking, TableFile


def _pseudonym(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), "sha256").hexdigest()


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    key=st.binary(min_size=1, max_size=200),
)
def test_a_pseudonym_is_that_of_the_standard_library(text: str, key: bytes) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert duckdb.execute(f"SELECT {pseudonym_of(quoted, key)}").fetchall() == [(_pseudonym(text, key),)]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("42", "BIGINT", "42"),
        ("CAST(42 AS DOUBLE)", "DOUBLE", "42"),
        ("CAST(-0.0 AS DOUBLE)", "DOUBLE", "0"),
        ("CAST(12.5 AS DOUBLE)", "DOUBLE", "12.5"),
        ("CAST(42 AS DECIMAL(10,2))", "DECIMAL(10,2)", "42"),
        ("CAST(12.50 AS DECIMAL(10,2))", "DECIMAL(10,2)", "12.5"),
        ("CAST(100 AS DECIMAL(10,0))", "DECIMAL(10,0)", "100"),
        ("'042'", "VARCHAR", "042"),
        ("DATE '2024-02-29'", "DATE", "2024-02-29"),
        ("TIMESTAMP '2024-02-29 00:00:00'", "TIMESTAMP", "2024-02-29"),
        ("TIMESTAMP '2024-02-29 10:30:00'", "TIMESTAMP", "2024-02-29 10:30:00"),
        ("true", "BOOLEAN", "true"),
    ],
)
def test_the_text_of_a_value_is_the_same_whatever_its_type(value: str, kind: str, text: str) -> None:
    assert duckdb.execute(f"SELECT {text_form(value, kind)}").fetchall() == [(text,)]


KEY = bytes(range(32))


def _copied(folder: Path, columns: dict[str, list[object]], *masks: tuple[str, str, str | None]) -> TableFile:
    pq.write_table(pa.table(columns), folder / "t.parquet")
    (folder / "into").mkdir(exist_ok=True)
    (file,) = LocalData().copy(
        CopyRequest(
            root=folder,
            tables=(("t", Table(uses="parquet", path="t.parquet")),),
            held=(),
            into=folder / "into",
            limits=Limits(),
            masking=Masking(
                masks=tuple(
                    Mask(table="t", column=column, treatment=Treatment(treatment), argument=argument)
                    for column, treatment, argument in masks
                ),
                key=KEY.hex(),
            ),
        )
    )
    return file


@pytest.mark.parametrize("distinct", [3, 1000])
def test_rows_keep_their_order_and_missing_values_stay_missing(tmp_path: Path, distinct: int) -> None:
    names = [None if n % 7 == 0 else f"Käse {n % distinct}" for n in range(1000)]
    file = _copied(tmp_path, {"n": list(range(1000)), "name": list(names)}, ("NAME", "pseudonym", None))
    rows = pq.read_table(file.path).to_pylist()
    assert [row["n"] for row in rows] == list(range(1000))
    assert [row["name"] for row in rows] == [None if name is None else _pseudonym(name, KEY) for name in names]


@pytest.mark.parametrize(
    ("values", "argument", "coarser"),
    [
        ([-11, -10, 0, 9, 10, None], "10", [-20, -10, 0, 0, 10, None]),
        ([0.3, 0.29, -0.05, None], "0.1", [0.3, 0.2, -0.1, None]),
        (["Köln", "K", None], "first 2", ["Kö", "K", None]),
    ],
)
def test_generalised_values(tmp_path: Path, values: list[object], argument: str, coarser: list[object]) -> None:
    file = _copied(tmp_path, {"n": list(range(len(values))), "v": values}, ("v", "generalise", argument))
    assert pq.read_table(file.path).column("v").to_pylist() == coarser


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (("v", "generalise", "year"), "column v is VARCHAR; `generalise: year` needs a date"),
        (("v", "generalise", "10"), "column v is VARCHAR; `generalise: 10` needs a number"),
        (("w", "drop", None), "mask names column w, which it has not"),
    ],
)
def test_a_mask_that_does_not_fit_is_an_error_and_copies_nothing(
    tmp_path: Path, mask: tuple[str, str, str | None], problem: str
) -> None:
    with pytest.raises(DataError) as refused:
        _copied(tmp_path, {"v": ["secret value"]}, mask)
    assert refused.value.code == "E450"
    assert problem in refused.value.message
    assert "secret value" not in repr(refused.value)
    assert not list((tmp_path / "into").iterdir())
