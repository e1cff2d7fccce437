"""`monotonic` and `interactions` hold on rows that no training saw, for every library, by brute force."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, Param, Recipe, Selection, Task
from reconciler.model_file.dump import dump
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.training import estimator_pipeline
from tests.support import small_models

pytestmark = pytest.mark.needs("lightgbm")

# Categories come first, so that a library that puts them elsewhere would mistake a place.
COLUMNS = "cnnnb"
ROWS = 600
FAMILIES: list[tuple[str, str, tuple[tuple[str, Param], ...]]] = [
    ("sklearn", "HistGradientBoosting{}", (("max_iter", 8),)),
    ("lightgbm", "LGBM{}", (("min_child_samples", 5), ("n_estimators", 30))),
    ("lightgbm", "LGBM{}", (("monotone_constraints_method", "intermediate"), ("n_estimators", 20))),
    ("lightgbm", "LGBM{}", (("boosting_type", "dart"), ("n_estimators", 20))),
    ("xgboost", "XGB{}", (("n_estimators", 30),)),
    ("xgboost", "XGB{}", (("grow_policy", "lossguide"), ("max_leaves", 12), ("n_estimators", 30), ("subsample", 0.7))),
]


def rows(classes: int) -> tuple[Schema, Any, Any]:
    """Rows whose outcome goes up and down with each number, so that a constraint changes the model."""
    schema = small_models.schema(classes, COLUMNS)
    chance = np.random.default_rng(7)
    matrix = chance.normal(size=(ROWS, len(COLUMNS)))
    matrix[:, 0] = chance.integers(0, len(small_models.CATEGORIES) + 1, ROWS)
    matrix[:, 4] = chance.integers(0, 2, ROWS)
    matrix[chance.random(matrix.shape) < 0.05] = np.nan
    filled = np.nan_to_num(matrix)
    score = np.sin(3 * filled[:, 1]) + filled[:, 2] * filled[:, 3] + (filled[:, 0] == 2) * filled[:, 1]
    score += chance.normal(size=ROWS) / 4
    return schema, matrix, (score > 0).astype(int) if classes else score


def model(uses: str, name: str, params: tuple[tuple[str, Param], ...], classes: int, **given: Any) -> LoadedModel:
    schema, matrix, targets = rows(classes)
    recipe = Recipe(
        task=Task.CLASSIFICATION if classes else Task.REGRESSION,
        data=Selection(table="t", key="k"),
        outcome=Outcome(column="y"),
        features=Features(),
        estimator=Estimator(
            uses=uses, class_name=name.format("Classifier" if classes else "Regressor"), params=params, **given
        ),
        holdout=Holdout(random=0.2),
        seed=5,
    )
    return dump(estimator_pipeline.fit(recipe, schema, matrix, targets), schema)[2]


def sweep(fitted: LoadedModel, column: int) -> Any:
    """What is predicted for 40 rows as one number goes up: (rows, steps)."""
    chance = np.random.default_rng(11)
    _, matrix, _ = rows(0)
    some, steps = matrix[chance.permutation(ROWS)[:40]], np.linspace(-4, 4, 60)
    states = np.repeat(some, len(steps), axis=0)
    states[:, column] = np.tile(steps, len(some))
    return fitted.outputs(states)[:, -1].reshape(len(some), len(steps))


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize(("uses", "name", "params"), FAMILIES)
def test_a_prediction_only_rises_or_falls_with_a_feature_that_is_said_to(
    uses: str, name: str, params: tuple[tuple[str, Param], ...], classes: int
) -> None:
    free = model(uses, name, params, classes)
    bound = model(uses, name, params, classes, monotonic=(("c1", "increasing"), ("c3", "decreasing")))
    assert (np.diff(sweep(free, 1)) < -1e-3).any(), "else there is nothing to show"
    assert (np.diff(sweep(bound, 1)) >= -1e-7).all()
    assert (np.diff(sweep(bound, 3)) <= 1e-7).all()
    assert np.ptp(sweep(bound, 1)) > 0.01
    assert (np.diff(sweep(bound, 2)) < -1e-3).any() or np.ptp(sweep(bound, 2)) > 0.01, "what is not named stays free"


@pytest.mark.parametrize(("uses", "name", "params"), FAMILIES)
def test_features_of_no_common_group_only_add_up(uses: str, name: str, params: tuple[tuple[str, Param], ...]) -> None:
    free = model(uses, name, params, 0)
    bound = model(uses, name, params, 0, interactions=(("c0", "c1"), ("c2", "c4")))
    assert together(free, 2, 3) > 0.05
    assert together(bound, 2, 3) < 1e-5
    assert together(bound, 1, 2) < 1e-5
    assert together(bound, 0, 1) > 0.05, "of one group, they still act together"


def together(fitted: LoadedModel, first: int, second: int) -> float:
    """How far two features together do more than each by itself: the largest mixed difference over many rows."""
    _, matrix, _ = rows(0)
    chance = np.random.default_rng(13)
    start, other = matrix[chance.permutation(ROWS)[:300]], matrix[chance.permutation(ROWS)[:300]]
    states = []
    for columns in ((), (first,), (second,), (first, second)):
        state = start.copy()
        state[:, list(columns)] = other[:, list(columns)]
        states.append(fitted.outputs(state)[:, 0])
    none, one, two, both = states
    return float(np.abs(both - one - two + none).max())


def test_what_never_differs_is_left_out_of_groups_and_signs() -> None:
    from reconciler.training.boosters.fit import interactions_by_place, monotonic_by_place

    schema = small_models.schema(0, "nnn")
    estimator = Estimator(
        uses="lightgbm",
        class_name="LGBMRegressor",
        monotonic=(("c1", "decreasing"), ("gone", "increasing")),
        interactions=(("gone", "c2"), ("gone", "lost")),
    )
    assert monotonic_by_place(estimator, schema) == [0, -1, 0]
    assert interactions_by_place(estimator, schema) == [[2], [0], [1]]
    assert monotonic_by_place(replace(estimator, monotonic=None), schema) == [0, 0, 0]
