"""A blend: its weights are fitted out of fold, it is scikit-learn's average of its members, and it is judged as any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler import codec
from reconciler.core.artifact.evaluation import BlendWeights, Evaluation
from reconciler.core.digest import digest_of_file
from reconciler.core.spec.decisions.declared import Calibrate, CalibrationMethod, Decide, DecisionMetric
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    Outcome,
    OutcomeClass,
    Param,
    Recipe,
    Selection,
    Task,
    blend_of,
)
from reconciler.model_file import load
from reconciler.model_file.feature_matrix import matrix_of
from reconciler.ports import SelectResult, TrainRequest
from reconciler.training import fit
from reconciler.training.estimator_pipeline import built_recipe, preprocessing_of
from reconciler.training.fit import fit_rows
from reconciler.training.runtime_check import runtime_here

NAMES = ("on time", "late", "very late")


def sklearn(class_name: str, **params: Param) -> Estimator:
    return Estimator(uses="sklearn", class_name=class_name, params=tuple(sorted(params.items())))


CLASSIFIERS = blend_of(
    (
        ("linear", sklearn("LogisticRegression")),
        ("boosting", sklearn("HistGradientBoostingClassifier", max_iter=5)),
        ("forest", sklearn("ExtraTreesClassifier", n_estimators=5)),
    ),
    3,
)
REGRESSORS = blend_of(
    (
        ("linear", sklearn("Ridge")),
        ("boosting", sklearn("HistGradientBoostingRegressor", max_iter=5)),
        ("forest", sklearn("RandomForestRegressor", n_estimators=5)),
    ),
    3,
)


def rows(count: int, start: int, classes: int) -> pa.Table:
    chance = np.random.default_rng(start)
    x = chance.normal(size=(count, 3))
    account = chance.integers(0, 6, count)
    score = x[:, 0] + np.abs(x[:, 1]) * (account > 2) + 0.6 * chance.normal(size=count)
    columns: dict[str, object] = {"key": [f"{index + start:08d}" for index in range(count)]}
    for index in range(3):
        values = x[:, index].copy()
        values[chance.random(count) < 0.05] = np.nan
        columns[f"n{index}"] = pa.array(values, from_pandas=True)
    columns["account"] = pa.array([f"account {one}" for one in account])
    labels = (score > 0).astype(np.int32) + ((score > 1) if classes == 3 else 0)
    columns["outcome"] = labels.astype(np.int32) if classes else np.exp(score / 2)
    return pa.table(columns)


def recipe(estimator: Estimator, classes: int, **changes: Any) -> Recipe:
    given: dict[str, Any] = {
        "task": Task.CLASSIFICATION if classes else Task.REGRESSION,
        "data": Selection(table="t", key="key"),
        "outcome": Outcome(column="z", classes=tuple(OutcomeClass(name=name) for name in NAMES[:classes])),
        "features": Features(numeric=("n0", "n1", "n2"), categorical=("account",)),
        "estimator": estimator,
        "holdout": Holdout(random=0.2),
        "seed": 3,
        **changes,
    }
    return Recipe(**given)


def trained(folder: Path, asked: Recipe, count: int = 240) -> Path:
    """Train an artifact, and return its folder."""
    folder.mkdir()
    for part, many, start in (("train", count, 0), ("holdout", 60, 10**6)):
        pq.write_table(rows(many, start, len(asked.class_names)), folder / f"{part}.parquet")
    fit.train(
        TrainRequest(
            recipe=asked,
            selected=SelectResult(rows=count + 60, holdout_rows=60, holdout_from=None, left_out=()),
            train=folder / "train.parquet",
            holdout=folder / "holdout.parquet",
            evaluation_rows=digest_of_file(folder / "holdout.parquet"),
            tables=(),
            runtime=runtime_here(),
            into=folder / "artifact",
            limits=Limits(),
        )
    )
    return folder / "artifact"


def evaluation_of(artifact: Path) -> Evaluation:
    return codec.decode(Evaluation, (artifact / "evaluation.json").read_bytes(), what="evaluation.json")


@pytest.mark.parametrize(("estimator", "classes"), [(CLASSIFIERS, 3), (CLASSIFIERS, 2), (REGRESSORS, 0)])
def test_an_artifact_is_scikit_learns_average_of_members_fitted_alone(
    estimator: Estimator, classes: int, tmp_path: Path
) -> None:
    artifact = trained(tmp_path / "blend", recipe(estimator, classes))
    model, evaluation = load.load(artifact), evaluation_of(artifact)
    assert type(model.estimator).__name__ == ("VotingClassifier" if classes else "VotingRegressor")
    told = evaluation.blend
    assert isinstance(told, BlendWeights)
    assert sum(weight for _, weight in told.weights) == pytest.approx(1)
    assert told.rows == 240
    assert told.folds == 3
    assert told.loss <= min(loss for _, loss in told.losses)
    asked, few = recipe(estimator, classes), preprocessing_of(estimator)
    judged, outputs = rows(60, 10**6, classes), 0.0
    for name, member in estimator.members:
        built = replace(built_recipe(replace(asked, estimator=member)), preprocessing=few)
        alone, _, _ = fit_rows(built, rows(240, 0, classes), ())
        outputs = outputs + dict(told.weights)[name] * alone.outputs(matrix_of(judged, alone.schema))
    assert np.array_equal(model.outputs(matrix_of(judged, model.schema)), outputs)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    asked = recipe(CLASSIFIERS, 3, calibrate=Calibrate(uses=CalibrationMethod.SIGMOID, folds=3))
    asked = replace(asked, decide=Decide(maximise=DecisionMetric.F1_MACRO, folds=3))
    found = [
        {path.name: path.read_bytes() for path in trained(tmp_path / name, asked).iterdir()} for name in ("a", "b")
    ]
    assert found[0] == found[1]
