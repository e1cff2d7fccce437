"""Sum up predictions by group: what is expected of the open records, beside what became of past ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.prediction.predictions import GroupSummary
from reconciler.model_file.feature_matrix import Rows, read_rows
from reconciler.ports import PredictRequest
from reconciler.scoring.output.files import write_file

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_VALUE = ("mean",)  # what is told of a group in a regression, in the place of classes


def summaries(request: PredictRequest, rows: Rows, values: Matrix) -> tuple[GroupSummary, ...]:
    """Return a summary per group of the open records, by name; a missing group has an empty name."""
    import numpy as np

    if request.by is None:
        return ()
    names = [_text(value) for value in rows.column(f"also_{request.by}").to_pylist()]
    past = _past(request.history, values.shape[1]) if request.history is not None else {}
    found, places = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(places, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(places, minlength=len(found)))[:-1]) if len(found) else []
    groups = []
    for name, part in zip(found, parts, strict=True):
        count, so_far = past.get(str(name), (0, ()))
        groups.append(
            GroupSummary(
                group=str(name),
                records=len(part),
                expected=tuple(float(value) for value in values[part].mean(axis=0)),
                past=count,
                so_far=so_far,
            )
        )
    return tuple(groups)


def write_groups(path: Path, request: PredictRequest, groups: Sequence[GroupSummary], classes: Sequence[str]) -> None:
    """Write summaries: the past first, then the open records."""
    import pyarrow as pa

    names = tuple(classes) or _VALUE
    nothing = (None,) * len(names)
    columns: dict[str, pa.Array] = {
        "past_records": pa.array([group.past for group in groups], pa.int64()),
        "records": pa.array([group.records for group in groups], pa.int64()),
    }
    past = {
        f"past_{name}": pa.array([(group.so_far or nothing)[place] for group in groups], pa.float64())
        for place, name in enumerate(names)
    }
    expected = {
        f"expected_{name}": pa.array([group.expected[place] for group in groups], pa.float64())
        for place, name in enumerate(names)
    }
    arrays = [
        pa.array([group.group for group in groups], pa.string()),
        *(columns["past_records"], *past.values(), columns["records"], *expected.values()),
    ]
    table = pa.table(arrays, names=[request.by_name, "past_records", *past, "records", *expected])
    write_file(path, request.form, table, shares={*past, *expected} if classes else ())


def _past(path: Path, classes: int) -> dict[str, tuple[int, tuple[float, ...]]]:
    """Return, by group, the number of past rows, and the share of each class or the mean."""
    history = read_rows(path).to_pylist()
    if history and "mean" in history[0]:
        return {_text(row["name"]): (row["rows"], (row["mean"],)) for row in history}
    counts: dict[str, list[int]] = {}
    for row in history:
        counts.setdefault(_text(row["name"]), [0] * classes)[row["outcome"]] += row["rows"]
    return {name: (sum(each), tuple(count / sum(each) for count in each)) for name, each in counts.items() if sum(each)}


def _text(value: object) -> str:
    return "" if value is None else str(value)
