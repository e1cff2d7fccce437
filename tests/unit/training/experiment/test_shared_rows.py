"""Two arms are judged on the rows that both have, each trained on its own, by the folds and classes of the one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score, log_loss

from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator, Holdout, Outcome, OutcomeClass, Recipe
from reconciler.model_file.feature_matrix import labels_of, matrix_of
from reconciler.ports import ArmRecipe, SharedRowsRequest
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import moments_of, split
from reconciler.training.experiment import run_trial
from reconciler.training.experiment.shared_rows import judge_shared_rows
from reconciler.training.fit import fit_rows
from reconciler.training.runtime_check import runtime_here
from tests.unit.training.experiment.test_run_trial import FEATURES, RECIPE, ROWS, request

THREE = replace(
    RECIPE,
    outcome=Outcome(column="y", classes=tuple(OutcomeClass(name=name, when="x") for name in ("good", "late", "bad"))),
    estimator=Estimator(uses="sklearn", class_name="DecisionTreeClassifier", params=(("max_depth", 3),)),
)
TWO = replace(
    THREE,
    outcome=Outcome(column="y", classes=tuple(OutcomeClass(name=name, when="x") for name in ("good", "late_or_bad"))),
)
IN_TIME = Holdout(by="day", last=0.2)


def written(folder: Path, *, chosen: np.ndarray | None = None, joined: bool = False) -> Path:
    """Write the rows of an arm: those that are `chosen`, with two classes joined."""
    folder.mkdir()
    chance = np.random.default_rng(5)
    a = chance.normal(size=ROWS)
    labels = np.digitize(a + chance.normal(size=ROWS) / 2, (-0.3, 0.6))
    columns = {
        "key": [f"k{row:04}" for row in range(ROWS)],
        **{name: chance.normal(size=ROWS) if name != "a" else a for name in FEATURES.numeric},
        "c": [("AT", "DE", "FR")[row % 3] for row in range(ROWS)],
        "d": chance.random(ROWS) < 0.5,
        "outcome": (np.minimum(labels, 1) if joined else labels).astype("int32"),
    }
    days = pa.array([row * 7 % ROWS for row in range(ROWS)], pa.int32()).cast(pa.date32())
    places = np.arange(ROWS) if chosen is None else np.flatnonzero(chosen)
    pq.write_table(pa.table(columns).take(places), folder / "train.parquet")
    matured = pa.array([row * 7 % ROWS + 5 for row in range(ROWS)], pa.int32()).cast(pa.date32())
    pq.write_table(
        pa.table({"day": days, "matured": matured, "weighed_by": days}).take(places), folder / "days.parquet"
    )
    return folder


def asked(arm: Path, recipe: Recipe, other: Path, other_recipe: Recipe) -> SharedRowsRequest:
    def of(folder: Path, of_arm: Recipe) -> ArmRecipe:
        return ArmRecipe(
            recipe=of_arm,
            features=FEATURES,
            train=folder / "train.parquet",
            days=folder / "days.parquet",
            runtime=runtime_here(),
        )

    return SharedRowsRequest(arm=of(arm, recipe), other=of(other, other_recipe), folds=3, limits=Limits())


def test_of_the_same_rows_and_recipe_both_reach_what_the_trial_reached(tmp_path: Path) -> None:
    rows = written(tmp_path / "all")
    found = judge_shared_rows(asked(rows, THREE, rows, THREE))
    assert found.figures == found.others == run_trial.run_trial(request(rows, THREE)).folds
    assert found.rows == ROWS


@pytest.mark.parametrize("in_time", [False, True])
def test_the_other_trains_on_all_that_was_known_and_on_nothing_that_it_is_judged_by(
    tmp_path: Path, in_time: bool
) -> None:
    chosen = np.arange(ROWS) % 2 == 0
    every, half = written(tmp_path / "all"), written(tmp_path / "half", chosen=chosen)
    recipe = replace(THREE, holdout=IN_TIME) if in_time else THREE
    found = judge_shared_rows(asked(half, recipe, every, recipe))
    assert found.failed is None
    assert found.figures == run_trial.run_trial(request(half, recipe)).folds, (
        "the arm's own figures are those of its table"
    )

    table, own = (pq.read_table(folder / "train.parquet") for folder in (every, half))
    moments, own_moments = (moments_of(pq.read_table(folder / "days.parquet")) for folder in (every, half))
    keys = own.column("key").to_pylist()
    folds = split(keys, labels_of(own), folds=3, salt=0, moments=own_moments if in_time else None)
    for fold, figures in zip(folds, found.others, strict=True):
        judged = np.flatnonzero(chosen)[fold.judged]
        trained = np.setdiff1d(np.arange(ROWS), judged)
        if in_time:
            trained = np.flatnonzero(
                (moments.days < moments.days[judged].min()) & (moments.matured < moments.days[judged].min())
            )
        model, _, _ = fit_rows(estimator_pipeline.built_recipe(recipe), table.take(trained), ())
        outputs = model.outputs(matrix_of(table.take(judged), model.schema))
        expected = f1_score(labels_of(table)[judged], outputs.argmax(axis=1), average="macro", labels=[0, 1, 2])
        assert figures.metric("f1_macro") == pytest.approx(expected)
        assert (figures.trained, figures.judged) == (len(trained), len(judged))


def test_classes_that_are_one_in_the_arm_are_one_of_the_other_too(tmp_path: Path) -> None:
    three, two = written(tmp_path / "three"), written(tmp_path / "two", joined=True)
    found = judge_shared_rows(asked(two, TWO, three, THREE))
    table, own = (pq.read_table(folder / "train.parquet") for folder in (three, two))
    for fold, figures in zip(
        split(own.column("key").to_pylist(), labels_of(own), folds=3, salt=0), found.others, strict=True
    ):
        model, _, _ = fit_rows(estimator_pipeline.built_recipe(THREE), table.take(fold.trained), ())
        outputs = model.outputs(matrix_of(table.take(fold.judged), model.schema))
        labels = np.minimum(labels_of(table)[fold.judged], 1)
        together = np.column_stack((outputs[:, 0], outputs[:, 1] + outputs[:, 2]))
        decided = np.minimum(outputs.argmax(axis=1), 1)
        assert figures.metric("f1_macro") == pytest.approx(f1_score(labels, decided, average="macro"))
        assert figures.metric("log_loss") == pytest.approx(log_loss(labels, together))


def test_arms_that_share_too_few_rows_are_not_compared_and_the_reason_is_a_result(tmp_path: Path) -> None:
    first = written(tmp_path / "first", chosen=np.arange(ROWS) < 150)
    second = written(tmp_path / "second", chosen=np.arange(ROWS) >= 148)
    found = judge_shared_rows(asked(second, THREE, first, THREE))
    assert (found.figures, found.others, found.rows) == ((), (), 0)
    assert found.failed is not None
    assert "0 of 3 folds" in found.failed
