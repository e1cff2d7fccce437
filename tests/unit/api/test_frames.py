"""Frames: what is written for the engine to read, and how the scorer's text becomes the caller's rows again."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.api import frames
from reconciler.errors import DataError

KEYS = ["=1+1", -7, 1.5, date(2024, 1, 31), datetime(2024, 1, 31, 12)]


def predictions(tmp_path: Path, stored: list[object], **settings: Any) -> pd.DataFrame:
    path, shares = tmp_path / "predictions.parquet", [0.1 + place / 10 for place in range(len(stored))]
    many = len(stored)
    table = {"id": stored, "predicted": ["late"] * many, "probability": shares, "uncertain": [False] * many}
    pq.write_table(pa.table(table), path)
    return frames.read_predictions(path, **settings)


def test_predictions_stand_in_the_order_of_the_rows_with_their_labels(tmp_path: Path) -> None:
    found = predictions(tmp_path, ["a", "b"], keys=["b", "settled", "a"], index=pd.Index([7, 8, 7]))
    assert found.index.tolist() == [7, 7]
    assert found.to_dict("list") == {
        "predicted": ["late", "late"],
        "probability": [0.2, 0.1],
        "uncertain": [False, False],
    }


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_every_type_are_found_again(tmp_path: Path, key: object) -> None:
    found = predictions(tmp_path, [key], keys=[key], index=pd.Index(["row"]))
    assert found.index.tolist() == ["row"]


def test_without_rows_of_the_callers_the_index_is_the_key_as_it_is(tmp_path: Path) -> None:
    found = predictions(tmp_path, ["=1+1", "'quoted"])
    assert (found.index.name, found.index.tolist()) == ("id", ["=1+1", "'quoted"])


def test_a_frame_keeps_its_columns_and_leaves_its_index(tmp_path: Path) -> None:
    rows = pd.DataFrame({"id": ["00123", None], "n": [1, 2], "day": pd.to_datetime(["2024-01-31", None])}, index=[5, 6])
    frames.write_frame(rows, {"id": "VARCHAR", "n": "BIGINT"}, tmp_path / "t.parquet", table="t")
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.column_names == ["id", "n", "day"]
    assert table["id"].to_pylist() == ["00123", None]


def test_text_that_became_numbers_is_refused_but_an_empty_column_is_not(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column id holds int64, and the model was trained on text") as caught:
        frames.write_frame(pd.DataFrame({"id": [123]}), {"id": "VARCHAR"}, tmp_path / "t.parquet", table="t")
    assert caught.value.code == "E405"
    frames.write_frame(pd.DataFrame({"id": [None]}), {"id": "VARCHAR"}, tmp_path / "t.parquet", table="t")


@pytest.mark.parametrize("columns", [[1, 2], ["a", "a"]])
def test_columns_have_names_that_differ(tmp_path: Path, columns: list[object]) -> None:
    with pytest.raises(DataError, match="column names must be texts"):
        frames.write_frame(pd.DataFrame([[1, 2]], columns=columns), {}, tmp_path / "t.parquet", table="t")


def test_rows_replace_those_of_the_history_that_have_their_key(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["a", "b"], "n": [1, 2], "only": [0, 0]}).to_parquet(tmp_path / "history", index=False)
    pd.DataFrame({"n": [9, 9], "id": ["b", "c"]}).to_parquet(tmp_path / "rows", index=False)
    out = tmp_path / "out" / "together.parquet"
    frames.write_with_history(tmp_path / "rows", tmp_path / "history", out, key="id")
    assert pq.read_table(out).to_pylist() == [{"id": "b", "n": 9}, {"id": "c", "n": 9}, {"id": "a", "n": 1}]


WITHOUT_PANDAS = """
import sys
sys.modules["pandas"] = None
from reconciler.api import frames
from reconciler.errors import UsageError
try:
    frames.frame(["a"], [])
except UsageError as error:
    print(error.code, error.hint)
"""


def test_without_pandas_the_extra_is_named() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_PANDAS], capture_output=True, text=True, check=True)
    assert ran.stdout == "E801 pip install 'model-reconciler[notebook]'\n"
