"""Weights by how long ago a row happened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from reconciler.core.spec.decisions.declared import Recency, RowWeights
from reconciler.errors import TrainingError
from reconciler.training.row_weights import row_weights
from tests.unit.training.experiment.test_run_trial import RECIPE

DAYS = pa.table({"weighed_by": pa.array(range(1000), pa.int32()).cast(pa.date32())})


def test_a_half_life_that_leaves_hardly_any_row_is_refused_with_what_the_rows_are_worth() -> None:
    short = replace(RECIPE, weights=RowWeights(recency=Recency(half_life=2 * 86_400, by="day")))
    with pytest.raises(
        TrainingError, match=r"half-life of 2d, 1,000 training rows weigh as much as 5\.\d that"
    ) as told:
        row_weights(short, DAYS)
    assert "longer `halfLife`" in (told.value.hint or "")


def test_a_half_life_that_leaves_enough_weighs_by_age_and_one_on_average() -> None:
    weights = row_weights(replace(RECIPE, weights=RowWeights(recency=Recency(half_life=50 * 86_400, by="day"))), DAYS)
    assert weights is not None
    assert weights.mean() == pytest.approx(1)
    assert np.allclose(weights[50:] / weights[:-50], 2)
