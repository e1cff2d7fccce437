"""Rows that are encoded as an estimator asks for them, or handed over in parts, give the model that one array gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.spec.decisions.declared import Calibrate, CalibrationMethod
from reconciler.core.spec.inputs.features import TextFeature
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
from reconciler.evaluation.holdout import outputs_of
from reconciler.model_file.dump import dump
from reconciler.model_file.feature_matrix import matrix_of, read_rows
from reconciler.model_file.feature_schema import schema_of
from reconciler.model_file.quality.record_reference import record_features
from reconciler.model_file.rows.encoded_rows import EncodedRows
from reconciler.model_file.rows.selected_rows import Keys, SelectedRows
from reconciler.training import estimator_pipeline
from reconciler.training.fit import fit_rows
from reconciler.training.memory_need import check_memory

MIB = 1024**2
ROWS = 400
FEW: dict[str, Any] = {"n_estimators": 3, "max_iter": 5}
WORDS = ("late", "paid", "call again", "no answer", "disputed")
ALL_KINDS = Features(
    numeric=("n0", "n1"),
    categorical=("account",),
    boolean=("flag",),
    text=(TextFeature(column="note", buckets=16),),
    target_encoded=("group",),
)


def table(rows: int = ROWS) -> pa.Table:
    chance = np.random.default_rng(5)
    numbers = [np.where(chance.random(rows) < 0.05, np.nan, chance.normal(size=rows)) for _ in range(2)]
    account, group = chance.integers(0, 6, rows), chance.integers(0, 4, rows)
    score = np.nan_to_num(numbers[0]) + (account == 2) + 0.2 * group
    return pa.table(
        {
            "key": [f"{place:08d}" for place in range(rows)],
            **{f"n{place}": pa.array(values, from_pandas=True) for place, values in enumerate(numbers)},
            "account": [None if chance.random() < 0.03 else f"A{each}" for each in account],
            "flag": chance.random(rows) < 0.5,
            "note": [None if chance.random() < 0.1 else " ".join(chance.choice(WORDS, 3)) for _ in range(rows)],
            "group": [f"G{each}" for each in group],
            "label": (score > 0).astype(np.int32) + (score > 1),
            "amount": np.exp(score / 2),
        }
    )


def recipe_of(name: str, features: Features, **changes: Any) -> Recipe:
    entry = estimator_pipeline.table()[name]
    classifies = entry["task"] == "classification"
    given: dict[str, Any] = {key: value for key, value in FEW.items() if key in entry["params"]}
    uses = next((uses for prefix, uses in (("LGBM", "lightgbm"), ("XGB", "xgboost")) if name.startswith(prefix)), None)
    classes = tuple(OutcomeClass(name=label) for label in ("on time", "late", "very late"))
    return Recipe(
        task=Task.CLASSIFICATION if classifies else Task.REGRESSION,
        data=Selection(table="t", key="key"),
        outcome=Outcome(column="z", classes=classes if classifies else ()),
        features=features,
        estimator=Estimator(uses=uses or "sklearn", class_name=name, params=tuple(given.items())),
        holdout=Holdout(random=0.2),
        seed=3,
        **changes,
    )


def rows_for(recipe: Recipe, folder: Path, rows: int = ROWS) -> Path:
    given = table(rows)
    outcome = given.column("label" if recipe.task is Task.CLASSIFICATION else "amount")
    path = folder / "rows.parquet"
    pq.write_table(given.append_column("outcome", outcome), path, row_group_size=150)
    return path


def in_parts(path: Path, at_once: int = 250) -> SelectedRows:
    """The rows as those of a large table: some forty at a time, and none of them kept."""
    return SelectedRows(path, at_once=at_once, kept=0)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("name", sorted(estimator_pipeline.table()))
def test_every_estimator_learns_the_same_model_from_rows_in_parts(name: str, tmp_path: Path) -> None:
    if name.startswith(("LGBM", "XGB")):
        pytest.importorskip("lightgbm" if name.startswith("LGBM") else "xgboost", exc_type=OSError)
    recipe = recipe_of(name, ALL_KINDS)
    path, built = rows_for(recipe, tmp_path), estimator_pipeline.built_recipe(recipe)
    whole, targets, matrix = fit_rows(built, read_rows(path), ())
    model, same_targets, encoded = fit_rows(built, in_parts(path), ())
    assert model.schema == whole.schema
    assert dump(model.estimator, model.schema)[:2] == dump(whole.estimator, whole.schema)[:2]
    np.testing.assert_array_equal(same_targets, targets)
    assert isinstance(encoded, EncodedRows)
    assert record_features(encoded, model.schema) == record_features(matrix, whole.schema)
    np.testing.assert_array_equal(outputs_of(model, encoded), whole.outputs(np.asarray(matrix)))


def test_what_is_fitted_out_of_fold_is_the_same_from_rows_in_parts(tmp_path: Path) -> None:
    calibrate = Calibrate(uses=CalibrationMethod.ISOTONIC, folds=3)
    recipe = recipe_of("HistGradientBoostingClassifier", ALL_KINDS, calibrate=calibrate)
    path, built = rows_for(recipe, tmp_path), estimator_pipeline.built_recipe(recipe)
    assert fit_rows(built, in_parts(path), ())[0].rules == fit_rows(built, read_rows(path), ())[0].rules


@pytest.mark.parametrize("kept", [0, 10**9])
def test_encoded_rows_are_the_matrix_and_lie_in_memory_as_its_parts_do(kept: int, tmp_path: Path) -> None:
    recipe = recipe_of("Ridge", ALL_KINDS)
    path = rows_for(recipe, tmp_path)
    whole = read_rows(path)
    schema = schema_of(estimator_pipeline.built_recipe(recipe), whole, ())
    matrix = matrix_of(whole, schema)
    rows = EncodedRows(SelectedRows(path, at_once=250, kept=kept), schema)
    every = [range(len(schema.columns)), [0], [2, 1], np.arange(len(schema.columns)) > 3]
    for made, expected in [
        (np.asarray(rows), matrix),
        *((rows[:, wanted], matrix[:, wanted]) for wanted in map(np.asarray, every)),
        (rows[:, 1], matrix[:, 1]),
        (rows[np.array([0, 149, 150, 399])], matrix[[0, 149, 150, 399]]),
        (np.asarray(rows.of(np.arange(5, 300, 7)).of(np.arange(3, 20))), matrix[5:300:7][3:20]),
        (np.column_stack(list(rows.columns())), matrix),
        (np.concatenate([part for _, part in rows.parts()]), matrix),
    ]:
        np.testing.assert_array_equal(made, expected)
    for made, expected in ((np.asarray(rows), matrix), (rows[:, [0, 2, 5]], matrix[:, [0, 2, 5]])):
        assert (made.flags.c_contiguous, made.flags.f_contiguous) == (
            expected.flags.c_contiguous,
            expected.flags.f_contiguous,
        )
    with pytest.raises(TypeError):
        rows[3:5, [0]]


def test_what_stands_instead_of_a_column_stands_in_every_part(tmp_path: Path) -> None:
    recipe = recipe_of("Ridge", ALL_KINDS)
    path = rows_for(recipe, tmp_path)
    schema = schema_of(estimator_pipeline.built_recipe(recipe), read_rows(path), ())
    instead = np.arange(ROWS, dtype=float)
    rows = EncodedRows(in_parts(path), schema, instead={1: instead})
    np.testing.assert_array_equal(np.asarray(rows)[:, 1], instead)
    np.testing.assert_array_equal(rows[:, [0, 1]][:, 1], instead)
    chosen = np.array([3, 151, 152, 398])
    np.testing.assert_array_equal(np.asarray(rows.of(chosen))[:, 1], instead[chosen])


def test_an_estimator_that_prepares_columns_asks_for_each_of_them_once(tmp_path: Path) -> None:
    asked: list[int] = []

    class Watched(EncodedRows):
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            asked.extend(range(self.shape[1]))
            return super().__array__(dtype, copy)

        def __getitem__(self, key: Any) -> Any:
            asked.extend(np.arange(self.shape[1])[key[1]].tolist())
            return super().__getitem__(key)

    for name in ("HistGradientBoostingClassifier", "RandomForestClassifier", "LogisticRegression"):
        recipe = recipe_of(name, Features(numeric=("n0", "n1"), categorical=("account",), boolean=("flag",)))
        path = rows_for(recipe, tmp_path)
        schema = schema_of(estimator_pipeline.built_recipe(recipe), read_rows(path), ())
        targets = np.asarray(read_rows(path).column("outcome"))
        asked.clear()
        estimator_pipeline.fit(recipe, schema, Watched(in_parts(path), schema), targets)
        assert sorted(asked) == [0, 1, 2, 3], name


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("name", ["XGBClassifier", "XGBRegressor"])
def test_xgboost_learns_the_same_from_parts_of_any_size_in_any_number_of_threads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xgboost = pytest.importorskip("xgboost", exc_type=OSError)
    from reconciler.training.boosters.xgboost_parts import train_in_parts

    recipe = recipe_of(name, ALL_KINDS)
    path = rows_for(recipe, tmp_path, rows=1200)
    schema = schema_of(estimator_pipeline.built_recipe(recipe), read_rows(path), ())
    targets = np.asarray(read_rows(path).column("outcome"))
    weights = np.random.default_rng(1).random(len(targets))
    kinds = ["c" if column.name == "account" else "q" for column in schema.columns]
    found = set()
    for threads, at_once in ((1, 10**9), (2, 9_000), (4, 500), (1, 70)):
        model = getattr(xgboost, name)(
            n_estimators=4,
            n_jobs=threads,
            tree_method="hist",
            enable_categorical=True,
            feature_types=kinds,
            subsample=0.8,
            random_state=2,
        )
        rows = EncodedRows(in_parts(path, at_once), schema)
        found.add(bytes(train_in_parts(model, rows, targets, weights, kinds).save_raw("ubj")))
    model.fit(np.asarray(rows), targets, sample_weight=weights)  # as the library does by itself, with all at once
    by_itself = model.get_booster()
    by_itself.set_attr(scikit_learn=None)
    assert found == {bytes(by_itself.save_raw("ubj"))}


def test_keys_are_texts_one_by_one_and_all_together() -> None:
    keys = Keys(pa.chunked_array([["a", "b"], [], ["c"]]))
    assert (list(keys), len(keys), keys[2], keys[1:]) == (["a", "b", "c"], 3, "c", ["b", "c"])


def test_what_cannot_fit_into_the_memory_is_told_before_it_is_trained(tmp_path: Path) -> None:
    recipe = recipe_of("RandomForestClassifier", ALL_KINDS)
    path, built = rows_for(recipe, tmp_path), estimator_pipeline.built_recipe(recipe)
    schema = schema_of(built, read_rows(path), ())
    rows = 2_000_000
    need = 100 * MIB + rows * len(schema.columns) * 16
    check_memory(recipe, schema, rows, need)
    with pytest.raises(TrainingError) as told:
        check_memory(recipe, schema, rows, need - 1)
    assert f"2,000,000 training rows x {len(schema.columns):,} columns (" in told.value.message
    assert f"take at least {need // MIB:,} MiB of memory in RandomForestClassifier" in told.value.message
    assert "`buckets`" in (told.value.hint or "")
    assert "xgboost" in (told.value.hint or "")
    with pytest.raises(TrainingError, match="at least 100 MiB"):
        fit_rows(built, in_parts(path), (), memory=99 * MIB)
