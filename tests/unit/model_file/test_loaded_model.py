"""A model that loaded and cannot predict some rows is refused by a code, as one that cannot be loaded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reconciler.errors import DataError, ScoringError
from reconciler.model_file.loaded_model import LoadedModel
from tests.support.small_models import schema, trained


class Failing:
    """An estimator that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def predict(self, rows: object) -> object:
        raise self.error


@pytest.mark.parametrize("error", [OverflowError("x"), ValueError("a value of a row"), RecursionError(), KeyError("y")])
def test_what_an_estimator_raises_is_a_refusal_that_quotes_nothing(error: Exception) -> None:
    model = LoadedModel(estimator=Failing(error), schema=schema(0))
    with pytest.raises(ScoringError, match=f"cannot predict these rows \\({type(error).__name__}\\)") as told:
        model.outputs(np.zeros((1, 5)))
    assert told.value.code == "E511"
    assert "a value" not in str(told.value)


@pytest.mark.parametrize("error", [MemoryError(), DataError("told", code="E410"), KeyboardInterrupt()])
def test_no_room_and_what_is_told_already_stay_what_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)):
        LoadedModel(estimator=Failing(error), schema=schema(0)).outputs(np.zeros((1, 5)))


def test_a_number_too_large_in_a_members_weight_of_a_blend_is_a_refusal() -> None:
    small = trained("VotingRegressor")
    blend = small.loaded()
    blend.weights = [10**400, 0.35, 0.2]
    with pytest.raises(ScoringError) as told:
        LoadedModel(estimator=blend, schema=replace(small.schema)).outputs(small.matrix)
    assert told.value.code == "E511"
