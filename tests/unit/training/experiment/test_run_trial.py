"""A trial finds what the same recipe finds that is trained and predicted with by hand on the same rows."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import f1_score, log_loss

from reconciler.core.experiment.candidates import search_space
from reconciler.core.experiment.search_space import ToldResult
from reconciler.core.spec.decisions.declared import (
    Calibrate,
    CalibrationMethod,
    Decide,
    DecisionMetric,
    Recency,
    RowWeights,
)
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    Outcome,
    OutcomeClass,
    Recipe,
    Selection,
    Task,
)
from reconciler.errors import TrainingError
from reconciler.model_file.feature_matrix import labels_of, matrix_of
from reconciler.ports import ProposeRequest, TrialRequest
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import moments_of, split, stratified_k_fold
from reconciler.training.experiment import run_trial
from reconciler.training.experiment.fold_matrices import ArmRows
from reconciler.training.experiment.propose import propose
from reconciler.training.fit import fit_rows
from reconciler.training.runtime_check import runtime_here
from tests.unit.core.experiment.test_candidates import SPACE

ROWS = 300
FEATURES = Features(numeric=("a", "same", "b"), categorical=("c",), boolean=("d",))
RECIPE = Recipe(
    task=Task.CLASSIFICATION,
    data=Selection(table="t", key="key"),
    outcome=Outcome(column="y", classes=(OutcomeClass(name="n"), OutcomeClass(name="y"))),
    features=FEATURES,
    estimator=Estimator(uses="sklearn", class_name="LogisticRegression", params=(("max_iter", 200),)),
    holdout=Holdout(random=0.2),
    seed=3,
)
TREES = Estimator(uses="sklearn", class_name="ExtraTreesClassifier", params=(("n_estimators", 5),))
BOOSTING = Estimator(uses="sklearn", class_name="HistGradientBoostingClassifier", params=(("max_iter", 5),))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the training rows as a selection does, with missing values, a constant column and rare categories."""
    folder, chance = tmp_path_factory.mktemp("rows"), np.random.default_rng(5)
    a = chance.normal(size=ROWS)
    table = pa.table(
        {
            "key": [f"k{row:04}" for row in range(ROWS)],
            "a": pa.array(a, mask=chance.random(ROWS) < 0.1),
            "same": np.ones(ROWS),
            "b": chance.normal(size=ROWS),
            "c": pa.array([("AT", "DE", "FR", f"X{row}")[row % 4] for row in range(ROWS)]),
            "d": pa.array(chance.random(ROWS) < 0.5),
            "outcome": pa.array((a + chance.normal(size=ROWS) > 0).astype("int32")),
        }
    )
    pq.write_table(table, folder / "train.parquet")
    days = pa.array([row * 7 % ROWS for row in range(ROWS)], pa.int32()).cast(pa.date32())
    none = pa.array([None] * ROWS, pa.date32())
    pq.write_table(pa.table({"day": days, "matured": none, "weighed_by": days}), folder / "days.parquet")
    return folder


def request(rows: Path, recipe: Recipe, judged: tuple[int, ...] = (0, 1, 2)) -> TrialRequest:
    return TrialRequest(
        recipe=recipe,
        features=FEATURES,
        train=rows / "train.parquet",
        days=rows / "days.parquet",
        folds=3,
        judged=judged,
        runtime=runtime_here(),
        limits=Limits(),
    )


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("estimator", [RECIPE.estimator, TREES, BOOSTING], ids=lambda each: each.class_name)
@pytest.mark.parametrize("names", [("a", "same", "b"), ("b",), ("b", "a")])
def test_a_trial_finds_what_training_on_the_rows_of_each_fold_finds(
    rows: Path, estimator: Estimator, names: tuple[str, ...]
) -> None:
    recipe = replace(RECIPE, estimator=estimator, features=Features(numeric=names, categorical=("c",)))
    found = run_trial.run_trial(request(rows, recipe))
    table = pq.read_table(rows / "train.parquet")
    folds = stratified_k_fold(table.column("key").to_pylist(), labels_of(table), folds=3)
    by_hand = []
    for fold in folds:
        model, _, _ = fit_rows(estimator_pipeline.built_recipe(recipe), table.take(fold.trained), ())
        judged = table.take(fold.judged)
        predicted = model.outputs(matrix_of(judged, model.schema)).argmax(axis=1)
        by_hand.append(float((predicted == labels_of(judged)).mean()))
    assert [figures.metric("accuracy") for figures in found.folds] == pytest.approx(by_hand, abs=0)
    assert found.size > 0


SIGMOID = Calibrate(uses=CalibrationMethod.SIGMOID, folds=3)
F1 = Decide(maximise=DecisionMetric.F1_MACRO, folds=3)
COSTS = Decide(costs=(("n", (("y", 5.0),)), ("y", (("n", 1.0),))), folds=4)
IN_TIME = Holdout(last=0.2, by="day")
RECENCY = RowWeights(recency=Recency(half_life=30 * 86_400, by="day"))


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("changed", "weights", "holdout"),
    [
        ({"decide": F1}, (("n", 8.0),), RECIPE.holdout),
        ({"decide": COSTS}, None, IN_TIME),
        ({"calibrate": SIGMOID}, (("y", 3.0),), RECIPE.holdout),
        ({"calibrate": SIGMOID, "decide": F1, "weights": RECENCY}, (("n", 4.0),), IN_TIME),
    ],
    ids=["decide", "costs", "calibrate", "all"],
)
def test_a_trial_judges_what_a_recipe_decides_as_training_it_on_the_rows_of_each_fold_does(
    rows: Path,
    tmp_path: Path,
    holdout: Holdout,
    changed: dict[str, Any],
    weights: tuple[tuple[str, float], ...] | None,
) -> None:
    rows = shutil.copytree(rows, tmp_path / "rows")  # a worker keeps the rows of a folder, cut as they first were
    # Of one thread, so that it costs little.
    params = (("min_samples_leaf", 10), ("n_estimators", 5))
    estimator = replace(TREES, params=params, class_weights=weights)
    features = Features(numeric=("a", "b"), categorical=("c",))
    recipe = replace(RECIPE, estimator=estimator, features=features, holdout=holdout, **changed)
    found = run_trial.run_trial(request(rows, recipe))
    assert found.failed is None
    bare = replace(RECIPE, estimator=estimator, features=features, holdout=holdout)
    plain = run_trial.run_trial(request(rows, bare))
    assert found.folds != plain.folds
    table, days = pq.read_table(rows / "train.parquet"), pq.read_table(rows / "days.parquet")
    folds = split(
        table.column("key").to_pylist(),
        labels_of(table),
        folds=3,
        salt=0,
        moments=moments_of(days) if holdout.by is not None else None,
    )
    by_hand = []
    for fold in folds:
        built = estimator_pipeline.built_recipe(recipe)
        model, _, _ = fit_rows(built, table.take(fold.trained), (), days=days.take(fold.trained))
        judged = table.take(fold.judged)
        outputs, actual = model.outputs(matrix_of(judged, model.schema)), labels_of(judged)
        by_hand += [f1_score(actual, model.decided(outputs), average="macro"), log_loss(actual, outputs)]
    assert [figures.metric(name) for figures in found.folds for name in ("f1_macro", "log_loss")] == pytest.approx(
        by_hand, abs=1e-12
    )


def test_trials_that_differ_in_what_follows_the_estimator_share_the_encoded_rows(rows: Path) -> None:
    arm = ArmRows(rows / "train.parquet", rows / "days.parquet", RECIPE, FEATURES, 3)
    first, second = (
        arm.of(0, estimator_pipeline.built_recipe(replace(RECIPE, **changed)), 2**30)
        for changed in ({}, {"calibrate": SIGMOID, "decide": F1, "weights": RECENCY})
    )
    assert np.shares_memory(first.trained, second.trained)


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("estimator", [RECIPE.estimator, TREES, BOOSTING], ids=lambda each: each.class_name)
def test_the_size_of_a_model_is_the_same_each_time_and_grows_with_it(rows: Path, estimator: Estimator) -> None:
    recipe = replace(RECIPE, estimator=estimator)
    sizes = {run_trial.run_trial(request(rows, recipe)).size for _ in range(10)}
    assert len(sizes) == 1
    more = {"ExtraTreesClassifier": ("n_estimators", 10), "HistGradientBoostingClassifier": ("max_iter", 10)}
    if (larger := more.get(estimator.class_name)) is not None:
        grown = replace(recipe, estimator=replace(estimator, params=(larger,)))
        assert run_trial.run_trial(request(rows, grown)).size > 1.5 * sizes.pop()


def test_folds_one_by_one_are_the_folds_together(rows: Path) -> None:
    together = run_trial.run_trial(request(rows, RECIPE)).folds
    assert together == tuple(run_trial.run_trial(request(rows, RECIPE, (fold,))).folds[0] for fold in (0, 1, 2))


def test_an_estimator_that_cannot_be_fitted_is_a_result_with_its_reason(rows: Path) -> None:
    broken = replace(RECIPE.estimator, params=(("l1_ratio", 1.0), ("solver", "lbfgs")))
    found = run_trial.run_trial(request(rows, replace(RECIPE, estimator=broken)))
    assert found.folds == ()
    assert "could not be fitted" in str(found.failed)
    constant = replace(RECIPE, features=Features(numeric=("same",)))
    assert "same value" in str(run_trial.run_trial(request(rows, constant)).failed)


def test_rows_that_give_no_folds_are_an_error(rows: Path, tmp_path: Path) -> None:
    table = pq.read_table(rows / "train.parquet").slice(0, 2)
    pq.write_table(table, tmp_path / "train.parquet")
    pq.write_table(pq.read_table(rows / "days.parquet").slice(0, 2), tmp_path / "days.parquet")
    with pytest.raises(TrainingError, match="folds to judge by"):
        run_trial.run_trial(request(tmp_path, RECIPE))


def asked(batch: int, told: tuple[ToldResult, ...]) -> ProposeRequest:
    return ProposeRequest(space=search_space(SPACE), seed=1, batch=batch, count=4, told=told, limits=Limits())


def test_tpe_proposes_the_same_for_the_same_results_and_learns_from_others() -> None:
    pytest.importorskip("optuna")
    told: tuple[ToldResult, ...] = ()
    for batch in range(4):
        points = propose(asked(batch, told)).points
        assert points == propose(asked(batch, told)).points
        values = [None if place == 3 else dict(point).get("drop", 0.0) for place, point in enumerate(points)]
        told += tuple(
            ToldResult(point=point, value=value, rounds=1 if place == 2 else None)
            for place, (point, value) in enumerate(zip(points, values, strict=True))
        )
    worse = tuple(replace(each, value=-each.value if each.value is not None else None) for each in told)
    assert propose(asked(5, told)).points != propose(asked(5, worse)).points
    assert propose(asked(5, told)).library.startswith("optuna ")


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("kind", [RandomForestClassifier, HistGradientBoostingClassifier])
def test_the_size_of_a_model_is_about_that_of_its_file(kind: type) -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(500, 4))
    fitted = kind(random_state=1).fit(rows, rows[:, 0] > 0)
    assert 0.4 < run_trial.size_of(fitted) / len(pickle.dumps(fitted)) < 1.1
