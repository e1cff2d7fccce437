"""Groups of a regression: the mean that is expected of the open records, beside the mean of past ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.spec.environment import Limits
from reconciler.ports import PredictRequest
from reconciler.scoring.output.group_summary import summaries, write_groups


def request(folder: Path, *, history: Path | None) -> PredictRequest:
    return PredictRequest(
        artifact=folder,
        rows=folder / "rows.parquet",
        out=folder / "out.csv",
        limits=Limits(),
        by=0,
        by_name="country",
        history=history,
    )


def test_a_group_of_a_regression_tells_means_of_the_past_and_of_the_open_records(tmp_path: Path) -> None:
    history = tmp_path / "history.parquet"
    past = {"name": ["DE", "FR", None], "rows": [10, 4, 2], "mean": [100.0, 50.0, 7.0]}
    pq.write_table(pa.table(past), history)
    rows = pa.table({"key": ["1", "2", "3", "4"], "also_0": ["DE", "DE", None, "IT"]})
    asked = request(tmp_path, history=history)
    found = summaries(asked, rows, np.array([[10.0], [30.0], [5.0], [1.0]]))
    told = {each.group: (each.records, each.expected, each.past, each.so_far) for each in found}
    assert told == {
        "": (1, (5.0,), 2, (7.0,)),
        "DE": (2, (20.0,), 10, (100.0,)),
        "IT": (1, (1.0,), 0, ()),
    }
    write_groups(tmp_path / "groups.csv", asked, found, ())
    lines = list(csv.DictReader((tmp_path / "groups.csv").read_text().splitlines()))
    assert list(lines[0]) == ["country", "past_records", "past_mean", "records", "expected_mean"]
    german = next(line for line in lines if line["country"] == "DE")
    assert (float(german["past_mean"]), float(german["expected_mean"])) == pytest.approx((100.0, 20.0))
    assert next(line for line in lines if line["country"] == "IT")["past_mean"] == ""


def test_without_a_history_a_group_says_nothing_of_the_past(tmp_path: Path) -> None:
    rows = pa.table({"key": ["1"], "also_0": ["DE"]})
    (found,) = summaries(request(tmp_path, history=None), rows, np.array([[2.0]]))
    assert (found.past, found.so_far) == (0, ())
