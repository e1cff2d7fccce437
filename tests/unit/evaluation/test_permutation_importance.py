"""The influence of many columns: no call to the model holds more cells than a call of few columns does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.evaluation.permutation_importance import influences_of
from reconciler.model_file.loaded_model import LoadedModel


@dataclass
class FirstColumn:
    """An estimator that predicts the first column, and notes how many cells each call had."""

    calls: list[int] = field(default_factory=list)

    def predict(self, matrix: Any) -> Any:
        self.calls.append(matrix.size)
        return matrix[:, 0]


def influences(features: int, rows: int) -> tuple[list[int], list[str]]:
    columns = tuple(SchemaColumn(name=f"m{n}", type=ColumnType.NUMERIC) for n in range(features))
    estimator = FirstColumn()
    model = LoadedModel(
        estimator=estimator, schema=Schema(task="regression", columns=columns, classes=(), key="id", tables=())
    )
    matrix = np.random.default_rng(1).random((rows, features))
    found = influences_of(model, matrix, matrix[:, 0])
    return estimator.calls, [influence.feature for influence in found if influence.drop > 0]


def test_a_call_to_the_model_has_no_more_cells_for_many_columns() -> None:
    calls, felt = influences(500, 100)
    assert felt == ["m0"]
    assert max(calls) <= 5_000_000
    assert sum(calls) == (1 + 2 * 500) * 100 * 500


def test_few_columns_are_asked_in_one_call() -> None:
    calls, felt = influences(20, 100)
    assert felt == ["m0"]
    assert len(calls) == 2
