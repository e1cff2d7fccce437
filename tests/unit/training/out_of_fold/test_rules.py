"""Calibration and decisions: fitted out of fold, equal to scikit-learn's, kept as plain numbers, heeded everywhere."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import balanced_accuracy_score, f1_score

from reconciler import codec
from reconciler.core.artifact.oci_artifact import DECISION_FILE, EVALUATION_FILE, RECIPE_FILE
from reconciler.core.prediction.output_rules import ClassDecision, IsotonicCurve, OutputRules, SigmoidCurve
from reconciler.core.spec.decisions.declared import (
    Calibrate,
    CalibrationMethod,
    Decide,
    DecisionMetric,
    Recency,
    RowWeights,
)
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.engine.storage import oci_manifest
from reconciler.errors import IntegrityError, ScoringError, TrainingError
from reconciler.model_file.feature_matrix import encode_rows, keys_of
from reconciler.model_file.load import load
from reconciler.model_file.outputs.decided import decided
from reconciler.ports import PredictRequest
from reconciler.scoring.predict import predict
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import moments_of, split
from reconciler.training.fit import fit_rows
from reconciler.training.out_of_fold.fit_cost_weights import fit_cost_weights, mean_cost
from reconciler.training.out_of_fold.fit_decision import fit_weights
from tests.support.effort import FULL
from tests.support.once import copy
from tests.support.trained_folder import trained_folder

CLASSES = ("on time", "late", "very late")
LINEAR = Estimator(uses="sklearn", class_name="LogisticRegression", params=(("class_weight", "balanced"),))
FOREST = Estimator(
    uses="sklearn", class_name="RandomForestClassifier", params=(("min_samples_leaf", 5), ("n_estimators", 10))
)
SMALL_TREES = Estimator(uses="lightgbm", class_name="LGBMClassifier", params=(("n_estimators", 60), ("num_leaves", 5)))
COSTS = (
    ("late", (("on time", 5.0), ("very late", 1.0))),
    ("on time", (("late", 1.0), ("very late", 2.0))),
    ("very late", (("late", 8.0), ("on time", 20.0))),
)
SIGMOID, ISOTONIC = (Calibrate(uses=method, folds=5) for method in CalibrationMethod)
AGAIN = ((True, True, 2), (True, False, 3), (False, True, 3), (False, False, 2))
F1, BALANCED = (Decide(maximise=metric, folds=5) for metric in DecisionMetric)


def chances(count: int, start: int, classes: int) -> tuple[pa.Table, Any]:
    """Rows of a known process, and the probability of each class."""
    chance = np.random.default_rng(start)
    x = chance.normal(size=(count, 3))
    scores = np.stack([np.full(count, 2.0), 1.2 * x[:, 0] + 0.5, x[:, 1] - 0.5 * x[:, 0] - 0.5], axis=1)[:, :classes]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    outcome = (shares.cumsum(axis=1) > chance.random((count, 1))).argmax(axis=1)
    columns: dict[str, Any] = {"key": [f"{start + row:08d}" for row in range(count)]}
    columns |= {f"n{place}": x[:, place] for place in range(3)}
    columns["country"] = chance.choice(["de", "fr"], count)
    return pa.table({**columns, "outcome": pa.array(outcome, pa.int32())}), shares


def recipe(estimator: Estimator = LINEAR, classes: int = 3, **more: Any) -> Recipe:
    return Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="t", key="key"),
        outcome=Outcome(column="z", classes=tuple(OutcomeClass(name=name) for name in CLASSES[:classes])),
        features=Features(numeric=("n0", "n1", "n2"), categorical=("country",)),
        estimator=estimator,
        **{"holdout": Holdout(random=0.2), "seed": 3, **more},
    )


def fitted(given: Recipe, rows: pa.Table, days: pa.Table | None = None) -> Any:
    return fit_rows(estimator_pipeline.built_recipe(given), rows, (), days=days)


def artifact(folder: Path, given: Recipe, count: int = 600) -> Path:
    rows, holdout = (chances(many, start, len(given.class_names))[0] for many, start in ((count, 0), (200, 10**6)))
    return trained_folder(folder, given, rows=rows, holdout=holdout)


class OnlyProbabilities(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator whose decision function scikit-learn does not see."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, matrix: Any, labels: Any) -> OnlyProbabilities:
        self.fitted_ = clone(self.estimator).fit(matrix, labels)
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, matrix: Any) -> Any:
        return self.fitted_.predict_proba(matrix)

    def predict(self, matrix: Any) -> Any:
        return self.fitted_.predict(matrix)


@pytest.mark.parametrize(
    ("calibrate", "estimator", "classes"),
    [
        pytest.param(
            *(calibrate, estimator, classes),
            id=f"{calibrate.uses.value}-{estimator.class_name}-{classes}",
            # In `make test` half of them: each two of the three are tried together.
            marks=[pytest.mark.soak(only=True)]
            if (calibrate is SIGMOID, estimator is LINEAR, classes) in AGAIN
            else [],
        )
        for calibrate in (SIGMOID, ISOTONIC)
        for estimator in (LINEAR, FOREST)
        for classes in (2, 3)
    ],
)
def test_calibrated_probabilities_are_those_of_scikit_learns_own_pipeline(
    calibrate: Calibrate, estimator: Estimator, classes: int
) -> None:
    given = recipe(estimator, classes, calibrate=calibrate)
    rows, (others, _) = chances(600, 0, classes)[0], chances(300, 10**6, classes)
    model, labels, matrix = fitted(given, rows)
    folds = split(keys_of(rows), labels, folds=5, salt=given.seed)
    estimator = estimator_pipeline.make(given.estimator, model.schema, given.seed)
    by_hand = CalibratedClassifierCV(
        estimator if classes == 2 else OnlyProbabilities(estimator),
        method=calibrate.uses.value,
        cv=[tuple(fold) for fold in folds],
        ensemble=False,
    ).fit(matrix, labels)
    judged, _ = encode_rows(others, model.schema)
    np.testing.assert_allclose(model.outputs(judged), by_hand.predict_proba(judged), rtol=0, atol=1e-7)
    np.testing.assert_allclose(model.outputs(judged).sum(axis=1), 1)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    "more",
    [
        {"calibrate": ISOTONIC, "decide": Decide(costs=COSTS)},
        {"decide": Decide(costs=COSTS, folds=5)},
        pytest.param(
            {"estimator": SMALL_TREES, "calibrate": ISOTONIC, "decide": Decide(costs=COSTS)},
            marks=pytest.mark.needs("lightgbm"),
        ),
    ],
    ids=["calibrated", "weighed", "boosted"],
)
def test_a_decision_on_costs_is_within_two_percent_of_the_least_possible_and_the_calibration_error_is_small(
    more: dict[str, Any],
) -> None:
    rows, _ = chances(20_000, 0, 3)
    others, shares = chances(20_000, 10**6, 3)
    model, _, _ = fitted(recipe(**more), rows)
    matrix, _ = encode_rows(others, model.schema)
    probabilities = model.outputs(matrix)
    costs = np.asarray(Decide(costs=COSTS).cost_matrix(CLASSES))
    expected = shares @ costs
    least, spent = (
        expected.min(axis=1).mean(),
        expected[np.arange(len(shares)), model.decided(probabilities)].mean(),
    )
    assert spent <= 1.02 * least, more
    if "calibrate" in more:
        for label in range(3):
            bins = np.digitize(probabilities[:, label], np.linspace(0, 1, 16)[1:-1])
            error = [
                np.abs((probabilities[bins == one, label] - shares[bins == one, label]).sum())
                for one in range(15)
                if (bins == one).any()
            ]
            assert sum(error) / len(shares) < 0.02


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("decide", "score"), [(F1, f1_score), (BALANCED, balanced_accuracy_score)])
def test_what_a_decision_maximises_is_higher_on_rows_that_nothing_saw(decide: Decide, score: Any) -> None:
    plain = replace(LINEAR, params=())
    rows, others = chances(3000, 0, 3)[0], chances(3000, 10**6, 3)[0]
    average = {"average": "macro"} if score is f1_score else {}
    found = []
    for each in (None, decide):
        model, _, _ = fitted(recipe(plain, decide=each), rows)
        matrix, actual = encode_rows(others, model.schema)
        found.append(score(actual, model.decided(model.outputs(matrix)), **average))
    assert found[1] > found[0] + 0.02


def test_weights_are_as_good_as_the_best_of_a_fine_grid() -> None:
    rows, shares = chances(400, 5, 2)
    labels = rows.column("outcome").to_numpy()
    grid = [
        f1_score(labels, decided(ClassDecision(weights=(1.0, 2.0**power)), shares), average="macro")
        for power in np.linspace(-6, 6, 400)
    ]
    many = np.tile(np.arange(400), 300)  # so many rows are not drawn again
    weights = fit_weights(DecisionMetric.F1_MACRO, shares[many], labels[many], None)
    assert max(weights) == 1
    chosen = decided(ClassDecision(weights=weights), shares)
    assert f1_score(labels, chosen, average="macro") >= max(grid) - 1e-9


def test_weights_for_costs_stay_as_they_are_where_they_would_gain_no_more_than_chance() -> None:
    rows, shares = chances(2000, 9, 3)
    labels = rows.column("outcome").to_numpy()
    costs = Decide(costs=COSTS).cost_matrix(CLASSES)
    assert fit_cost_weights(costs, shares, labels, None) == (1.0, 1.0, 1.0)
    skewed = shares * np.asarray([1.0, 6.0, 6.0])
    skewed /= skewed.sum(axis=1, keepdims=True)
    weights = fit_cost_weights(costs, skewed, labels, None)
    assert mean_cost(costs, weights, skewed, labels) < 1.02 * mean_cost(costs, (1.0, 1.0, 1.0), shares, labels)


def test_equal_classes_fall_to_the_first_declared_and_one_that_is_not_possible_is_never_decided_on() -> None:
    even = np.full((1, 3), 1 / 3)
    assert decided(ClassDecision(weights=(1.0, 1.0, 1.0)), even)[0] == 0
    dear = ClassDecision(weights=(1.0, 1.0, 1.0), costs=((0.0, 9.0, 9.0), (9.0, 0.0, 0.1), (9.0, 0.1, 0.0)))
    certain = np.asarray([[1.0, 0.0, 0.0]])
    assert decided(dear, certain, np.asarray([[False, True, True]]))[0] == 1
    assert decided(dear, certain)[0] == 0


def test_an_artifact_keeps_its_rules_as_numbers_and_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    given = recipe(FOREST, calibrate=SIGMOID, decide=F1)
    first, second = artifact(tmp_path / "a", given), artifact(tmp_path / "b", given)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    rules = codec.decode(OutputRules, (first / DECISION_FILE).read_bytes(), what="rules")
    assert rules.calibration is not None
    assert rules.decision is not None
    assert all(isinstance(curve, SigmoidCurve) for curve in rules.calibration.curves)
    assert (rules.calibration.rows, rules.calibration.folds, rules.decision.metric) == (600, 5, "f1_macro")
    assert load(first).rules == rules
    plain = artifact(tmp_path / "c", recipe(FOREST))
    assert not (plain / DECISION_FILE).exists()
    assert (plain / "model.skops").read_bytes() == (first / "model.skops").read_bytes()


def test_what_is_evaluated_and_predicted_is_what_is_decided(tmp_path: Path) -> None:
    folder = artifact(tmp_path / "a", recipe(replace(LINEAR, params=()), decide=Decide(costs=COSTS, folds=5)))
    model = load(folder)
    rows = pq.read_table(tmp_path / "a" / "holdout.parquet")
    matrix, actual = encode_rows(rows, model.schema)
    labels = model.decided(model.outputs(matrix))
    assert (labels != model.outputs(matrix).argmax(axis=1)).any()
    evaluation = json.loads((folder / EVALUATION_FILE).read_bytes())
    assert evaluation["confusion"] == [[int(((actual == a) & (labels == b)).sum()) for b in range(3)] for a in range(3)]
    possible = np.arange(len(labels)) % 2 == 0
    open_rows = rows.drop_columns(["outcome"]).append_column("possible_1", pa.array(possible))
    pq.write_table(open_rows, tmp_path / "open.parquet")
    predict(
        PredictRequest(
            artifact=folder,
            rows=tmp_path / "open.parquet",
            out=tmp_path / "out.csv",
            limits=Limits(),
        )
    )
    with (tmp_path / "out.csv").open(newline="") as stream:
        written = list(csv.DictReader(stream))
    for row, label, may in zip(written, labels, possible, strict=True):
        if may:
            assert row["predicted"] == CLASSES[label]
        else:
            assert row["predicted"] != "late"
        assert row["probability"] == row[f"p_{row['predicted']}"]
        assert row["uncertain"] == ("yes" if float(row["probability"]) < 0.5 else "no")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return artifact(tmp_path_factory.mktemp("sound") / "a", recipe(FOREST, calibrate=ISOTONIC, decide=F1), count=200)


def broken(folder: Path, **changes: Any) -> None:
    """Write the rules of an artifact anew, with some values changed."""
    rules = codec.decode(OutputRules, (folder / DECISION_FILE).read_bytes(), what="rules")
    assert rules.decision is not None
    assert rules.calibration is not None
    decision = {key: value for key, value in changes.items() if hasattr(rules.decision, key)}
    calibration = {key: value for key, value in changes.items() if key not in decision}
    written = replace(
        rules, decision=replace(rules.decision, **decision), calibration=replace(rules.calibration, **calibration)
    )
    (folder / DECISION_FILE).write_bytes(codec.encode(written))


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": (1.0, 1.0)},
        {"weights": (1.0, -1.0, 1.0)},
        {"weights": (1.0, 1e300, 1.0)},
        {"costs": ((0.0, 1.0), (1.0, 0.0))},
        {"of": "predict"},
        {"of": "decision_function"},
        {"curves": ()},
        {"curves": (IsotonicCurve(thresholds=(0.0, 0.0), values=(0.0, 1.0)),) * 3},
        {"curves": (IsotonicCurve(thresholds=(0.0, 1.0), values=(0.5, 2.0)),) * 3},
        {"curves": (IsotonicCurve(thresholds=(0.0, 1.0), values=(0.5, 0.1)),) * 3},
        {"curves": (IsotonicCurve(thresholds=(), values=()),) * 3},
        {"curves": (SigmoidCurve(slope=1e30, intercept=0.0),) * 3},
    ],
    ids=str,
)
def test_rules_that_no_training_writes_are_refused(changes: dict[str, Any], sound: Path, tmp_path: Path) -> None:
    folder = copy(sound, tmp_path / "a")
    broken(folder, **changes)
    with pytest.raises(ScoringError) as refused:
        load(folder)
    assert refused.value.code == "E507"


def test_an_artifact_without_the_rules_that_its_recipe_asks_for_is_refused(tmp_path: Path) -> None:
    folder = artifact(tmp_path / "a", recipe(decide=F1), count=200)
    (folder / DECISION_FILE).unlink()
    with pytest.raises(ScoringError) as refused:
        load(folder)
    assert refused.value.code == "E507"
    assert (folder / RECIPE_FILE).is_file()


def test_an_artifact_with_a_file_that_this_version_does_not_know_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """What an earlier version does with `decision.json`: it knows no file of that name, as this one none of another."""
    folder = artifact(tmp_path / "a", recipe(decide=F1), count=200)
    files = oci_manifest.describe(folder, [path.name for path in folder.iterdir()])
    manifest = oci_manifest.manifest_of(oci_manifest.config_of(files), files)
    assert oci_manifest.parse(manifest).file(DECISION_FILE).size > 0
    with pytest.raises(IntegrityError) as refused:
        oci_manifest.parse(manifest.replace(DECISION_FILE.encode(), b"rules-of-later.json"))
    assert (refused.value.code, "upgrade" in (refused.value.hint or "")) == ("E511", True)


def in_time(count: int) -> pa.Table:
    days = np.datetime64("2025-01-01") + np.arange(count) // 3
    return pa.table({"day": days, "matured": days + 5, "weighed_by": days})


def test_where_the_holdout_is_in_time_only_later_rows_are_judged() -> None:
    rows, days = chances(600, 0, 3)[0], in_time(600)
    model, labels, matrix = fitted(recipe(holdout=Holdout(last=0.2, by="day"), calibrate=SIGMOID), rows, days)
    assert model.rules.calibration.rows == 300
    folds = split(keys_of(rows), labels, folds=5, salt=3, moments=moments_of(days))
    said, actual = [], []
    for fold in folds:
        one = estimator_pipeline.fit(recipe(), model.schema, matrix[fold.trained], labels[fold.trained])
        said.append(one.predict_proba(matrix[fold.judged])[:, 0])
        actual.append(labels[fold.judged])
    frequent = np.concatenate(actual) == 0
    curve = model.rules.calibration.curves[0]
    curved = 1 / (1 + np.exp(curve.slope * np.concatenate(said) + curve.intercept))
    assert abs(curved.mean() - frequent.mean()) < 0.01, "the curve is fitted to just these rows"


def test_a_fold_that_lacks_a_class_is_left_out_and_told_and_without_any_fold_nothing_is_trained() -> None:
    rows, _ = chances(300, 0, 3)
    outcome = rows.column("outcome").to_numpy().copy()
    outcome[outcome == 2] = 0
    outcome[17] = 2
    once = rows.set_column(rows.column_names.index("outcome"), "outcome", pa.array(outcome, pa.int32()))
    model, _, _ = fitted(recipe(decide=F1), once)
    assert (model.rules.decision.folds, model.rules.decision.left_out) == (4, 1)
    outcome[17], outcome[299] = 0, 2
    late = rows.set_column(rows.column_names.index("outcome"), "outcome", pa.array(outcome, pa.int32()))
    with pytest.raises(TrainingError, match=r"decide: no fold has training rows of every class: very late"):
        fitted(recipe(holdout=Holdout(last=0.2, by="day"), decide=F1), late, in_time(300))


def test_recent_rows_weigh_more_and_a_class_weighs_as_it_is_told() -> None:
    rows, days = chances(600, 0, 2)[0], in_time(600)
    plain = replace(LINEAR, params=())
    weights = RowWeights(recency=Recency(half_life=30 * 86_400, by="day"))
    model, labels, matrix = fitted(recipe(plain, 2, weights=weights), rows, days)
    by_hand = 0.5 ** ((199 - np.arange(600) // 3) / 30)
    expected = estimator_pipeline.make(plain, model.schema, 3).fit(
        matrix, labels, estimator__sample_weight=by_hand / by_hand.mean()
    )
    np.testing.assert_allclose(model.outputs(matrix), expected.predict_proba(matrix), atol=1e-12)
    assert np.abs(model.outputs(matrix) - fitted(recipe(plain, 2), rows)[0].outputs(matrix)).max() > 0.01
    heavy, _, _ = fitted(recipe(replace(plain, class_weights=(("late", 4.0),)), 2), rows)
    told = estimator_pipeline.make(replace(plain, params=(("class_weight", {0: 1.0, 1: 4.0}),)), model.schema, 3)
    np.testing.assert_allclose(heavy.outputs(matrix), told.fit(matrix, labels).predict_proba(matrix), atol=1e-12)


def test_a_row_without_the_day_that_it_is_weighed_by_is_told() -> None:
    days = in_time(300).set_column(2, "weighed_by", pa.array([None] * 2 + [date(2025, 1, 1)] * 298))
    weights = RowWeights(recency=Recency(half_life=86_400, by="issued"))
    with pytest.raises(TrainingError, match="issued is missing in 2 training rows"):
        fitted(recipe(weights=weights), chances(300, 0, 3)[0], days)


@pytest.mark.parametrize("name", ["HistGradientBoostingClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier"])
def test_weights_by_class_survive_the_model_file(name: str, tmp_path: Path) -> None:
    params = {"HistGradientBoostingClassifier": (("max_iter", 5),), "ExtraTreesClassifier": (("n_estimators", 5),)}
    weighed = Estimator(
        uses="sklearn", class_name=name, params=params.get(name, ()), class_weights=(("late", 3.0), ("on time", 1.5))
    )
    assert load(artifact(tmp_path / "a", recipe(weighed), count=200)).schema.classes == CLASSES


LIGHTGBM = Estimator(uses="lightgbm", class_name="LGBMClassifier", params=(("n_estimators", 12), ("num_leaves", 7)))
XGBOOST = Estimator(uses="xgboost", class_name="XGBClassifier", params=(("max_depth", 3), ("n_estimators", 12)))


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("decide", [F1, Decide(costs=COSTS)], ids=["f1", "costs"])
@pytest.mark.parametrize("estimator", [LIGHTGBM, XGBOOST], ids=lambda given: given.uses)
def test_boosted_trees_are_calibrated_and_decided_on_by_the_rules_that_their_artifact_keeps(
    estimator: Estimator, decide: Decide, tmp_path: Path
) -> None:
    model = load(artifact(tmp_path / "a", recipe(estimator, calibrate=ISOTONIC, decide=decide), count=600))
    rows, _ = chances(3000, 2 * 10**6, 3)
    matrix, labels = encode_rows(rows, model.schema)
    plain, outputs = model.estimator.predict_proba(matrix), model.outputs(matrix)
    assert np.abs(outputs - plain).max() > 0.01, "the curves are heeded"
    np.testing.assert_allclose(outputs.mean(axis=0), np.bincount(labels) / len(labels), atol=0.04)
    chosen = model.decided(outputs)
    assert (chosen != outputs.argmax(axis=1)).any()
    if decide.costs is None:
        score = [f1_score(labels, each, average="macro") for each in (chosen, outputs.argmax(axis=1))]
        assert score[0] > score[1]
    else:
        matrix_of_costs = np.asarray(decide.cost_matrix(CLASSES))
        spent = [matrix_of_costs[labels, each].mean() for each in (chosen, outputs.argmax(axis=1))]
        assert spent[0] < spent[1]


@pytest.mark.parametrize("estimator", [LIGHTGBM, XGBOOST], ids=lambda given: given.uses)
def test_boosted_trees_weigh_rows_by_their_age(estimator: Estimator) -> None:
    """Of two eras with opposite outcomes the newer one counts, where half a life is short."""
    rows, days = chances(600, 0, 2)[0], in_time(600)
    old = np.arange(600) < 300
    outcome = ((rows.column("n0").to_numpy() > 0) ^ old).astype(np.int32)
    rows = rows.set_column(rows.column_names.index("outcome"), "outcome", pa.array(outcome, pa.int32()))
    weights = RowWeights(recency=Recency(half_life=10 * 86_400, by="day"))
    right = {}
    for name, more in (("weighed", {"weights": weights}), ("alike", {})):
        model, labels, matrix = fitted(recipe(estimator, 2, **more), rows, days)
        right[name] = (model.outputs(matrix).argmax(axis=1) == labels)[~old].mean()
    assert right["weighed"] > 0.9
    assert right["alike"] < 0.9


@pytest.mark.parametrize("weight", [1.0, 30.0])
def test_a_class_weighs_in_lightgbm_as_its_rows_repeated(weight: float) -> None:
    rows = chances(600, 0, 3)[0]
    heavy, _, matrix = fitted(recipe(replace(LIGHTGBM, class_weights=(("very late", weight),))), rows)
    plain, _, _ = fitted(recipe(LIGHTGBM), rows)
    more = heavy.outputs(matrix)[:, 2].mean() - plain.outputs(matrix)[:, 2].mean()
    assert more > 0.1 if weight > 1 else more == pytest.approx(0)


@pytest.mark.soak
def test_weights_that_do_worse_than_none_are_not_taken_and_the_figures_are_of_rows_as_they_count() -> None:
    rows, days = chances(600, 0, 3)[0], in_time(600)
    for half_life in (2, 5, 10, 1000) if FULL else (2, 1000):
        recency = RowWeights(recency=Recency(half_life=half_life * 86_400, by="day"))
        decision = fitted(recipe(weights=recency, decide=BALANCED), rows, days)[0].rules.decision
        assert decision.decided > decision.plain or set(decision.weights) == {1.0}
