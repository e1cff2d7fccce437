"""A blend: its weights are fitted out of fold, it is scikit-learn's average of its members, and it is judged as any."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import VotingClassifier, VotingRegressor

from reconciler import codec
from reconciler.core.artifact.evaluation import BlendWeights, Evaluation
from reconciler.core.prediction.prediction_explanation import ExplanationScale
from reconciler.core.spec.decisions.declared import (
    Calibrate,
    CalibrationMethod,
    Recency,
    RowWeights,
)
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
from reconciler.errors import TrainingError
from reconciler.model_file import load
from reconciler.model_file.feature_matrix import encode_rows, matrix_of
from reconciler.model_file.feature_schema import schema_of
from reconciler.scoring.explanation.background import background_of
from reconciler.scoring.explanation.explain import effects_of
from reconciler.scoring.explanation.scale import scale_of
from reconciler.training.estimator_pipeline import built_recipe, make, preprocessing_of
from reconciler.training.fit import fit_rows
from reconciler.training.memory_need import check_memory
from reconciler.training.out_of_fold.fit_blend import PARTS, fit_parts
from tests.support.trained_folder import trained_folder

IN_TIME = Holdout(last=0.2, by="day")
NAMES = ("on time", "late", "very late")


def sklearn(class_name: str, **params: Param) -> Estimator:
    return Estimator(uses="sklearn", class_name=class_name, params=tuple(sorted(params.items())))


CLASSIFIERS = blend_of(
    (
        ("linear", sklearn("LogisticRegression")),
        ("boosting", sklearn("HistGradientBoostingClassifier", max_iter=3)),
        ("forest", sklearn("ExtraTreesClassifier", n_estimators=5)),
    ),
    3,
)
QUICK = blend_of((("bayes", sklearn("GaussianNB")), ("forest", sklearn("ExtraTreesClassifier", n_estimators=5))), 3)
REGRESSORS = blend_of(
    (
        ("linear", sklearn("Ridge")),
        ("boosting", sklearn("HistGradientBoostingRegressor", max_iter=3)),
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


def trained(folder: Path, asked: Recipe, count: int = 240, holdout: int = 10**6) -> Path:
    """Train an artifact, and return its folder."""
    classes = len(asked.class_names)
    return trained_folder(folder, asked, rows=rows(count, 0, classes), holdout=rows(60, holdout, classes))


def evaluation_of(artifact: Path) -> Evaluation:
    return codec.decode(Evaluation, (artifact / "evaluation.json").read_bytes(), what="evaluation.json")


@pytest.mark.parametrize(("estimator", "classes"), [(CLASSIFIERS, 3), (QUICK, 2), (REGRESSORS, 0)])
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
    judged, said, weights = rows(60, 10**6, classes), [], []
    for name, member in estimator.members:
        if weight := dict(told.weights)[name]:
            built = replace(built_recipe(replace(asked, estimator=member)), preprocessing=few)
            alone, _, _ = fit_rows(built, rows(240, 0, classes), ())
            said.append(alone.outputs(matrix_of(judged, alone.schema)))
            weights.append(weight)
    outputs = np.average(said, axis=0, weights=weights)
    matrix = matrix_of(judged, model.schema)
    assert np.array_equal(model.outputs(matrix), outputs)


@pytest.mark.parametrize(("estimator", "classes"), [(QUICK, 3), (REGRESSORS, 0)])
def test_a_blend_says_what_scikit_learns_own_fit_makes(estimator: Estimator, classes: int) -> None:
    model, _, _ = fit_rows(built_recipe(recipe(estimator, classes)), rows(200, 0, classes), ())
    matrix, targets = encode_rows(rows(200, 0, classes), model.schema)
    counted = {name: weight for name, weight in (model.blend.weights if model.blend is not None else ()) if weight}
    members = [(name, make(member, model.schema, 3)) for name, member in estimator.members if name in counted]
    kind: Any = VotingRegressor(members)
    if classes:
        kind = VotingClassifier(members, voting="soft")
    by_hand = kind.set_params(weights=list(counted.values())).fit(matrix, targets)
    judged = matrix_of(rows(60, 9, classes), model.schema)
    assert np.array_equal(by_hand.predict(judged), model.estimator.predict(judged))
    if classes:
        assert np.array_equal(by_hand.predict_proba(judged), model.outputs(judged))


@pytest.mark.soak(only=True)  # `test_reproducible_bytes` trains one, too
def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    asked = recipe(QUICK, 3, calibrate=Calibrate(uses=CalibrationMethod.SIGMOID, folds=3))
    found = [
        {path.name: path.read_bytes() for path in trained(tmp_path / name, asked, count=120).iterdir()}
        for name in ("a", "b")
    ]
    assert found[0] == found[1]


def test_weights_are_the_best_of_all_of_that_width() -> None:
    chance = np.random.default_rng(5)
    actual = chance.normal(size=400)
    values = [actual * share + chance.normal(size=400) * noise for share, noise in ((0.9, 0.8), (0.6, 0.5), (1, 1.2))]
    grid = [each for each in product(range(PARTS + 1), repeat=3) if sum(each) == PARTS]

    def blended(parts: tuple[int, ...]) -> Any:
        return sum(value * part / PARTS for value, part in zip(values, parts, strict=True))

    losses: dict[str, Any] = {
        "squared": lambda value: float(np.mean((actual - value) ** 2)),
        "absolute": lambda value: float(np.mean(np.abs(actual - value))),
        "pinball": lambda value: float(np.mean(np.maximum(0.9 * (actual - value), -0.1 * (actual - value)))),
        "log loss": lambda value: float(np.mean(np.logaddexp(0, -np.sign(actual) * 3 * value))),
    }
    for name, loss in losses.items():
        best = min(loss(blended(parts)) for parts in grid)
        assert loss(blended(fit_parts(values, loss))) == pytest.approx(best, rel=1e-6), name


def test_what_a_blend_of_trees_says_of_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    members = (
        ("few", sklearn("HistGradientBoostingRegressor", max_iter=3)),
        ("forest", sklearn("ExtraTreesRegressor", n_estimators=5, min_samples_leaf=3)),
        ("tree", sklearn("DecisionTreeRegressor", max_depth=3)),
    )
    model, _, _ = fit_rows(built_recipe(recipe(blend_of(members, 2), 0)), rows(200, 0, 0), ())
    assert model.by_row
    matrix = matrix_of(rows(50, 8, 0), model.schema)
    together = model.outputs(matrix)
    alone = np.concatenate([model.outputs(matrix[place : place + 1]) for place in range(len(matrix))])
    assert np.array_equal(together, alone)


def test_of_members_that_say_the_same_the_first_is_taken() -> None:
    value = np.array([0.2, 0.5, 0.7])
    assert fit_parts([value, value, value + 1], lambda said: float(np.mean(said**2))) == (PARTS, 0, 0)


def test_a_member_that_learns_its_rows_by_heart_counts_little() -> None:
    """On rows that it was fitted on it is never wrong; on others it says of many that they cannot be."""
    members = (("heart", sklearn("DecisionTreeClassifier")), ("rule", sklearn("DecisionTreeClassifier", max_depth=2)))
    model, _, _ = fit_rows(built_recipe(recipe(blend_of(members, 3), 2)), rows(240, 0, 2), ())
    assert model.blend is not None
    assert dict(model.blend.losses)["heart"] > 3
    assert dict(model.blend.weights)["heart"] < 0.5


def test_a_member_without_weight_is_not_in_the_file(tmp_path: Path) -> None:
    guess = sklearn("DecisionTreeClassifier", max_depth=1, min_samples_leaf=100)
    linear = sklearn("LogisticRegression", C=1.0)
    wide = blend_of((("guess", guess), ("linear", linear), ("weak", sklearn("LogisticRegression", C=1e-6))), 3)
    artifact = trained(tmp_path / "a", recipe(wide, 2))
    told = evaluation_of(artifact).blend
    assert told is not None
    counted = [name for name, weight in told.weights if weight]
    assert 0 < len(counted) < 3
    assert [name for name, _ in load.load(artifact).estimator.estimators] == counted


@pytest.mark.parametrize(
    ("params", "metric"),
    [({}, "rmse"), ({"loss": "absolute_error"}, "mae"), ({"loss": "quantile", "quantile": 0.9}, "pinball")],
)
def test_numbers_are_blended_by_what_the_members_aim_at(params: dict[str, Param], metric: str) -> None:
    few = sklearn("HistGradientBoostingRegressor", max_iter=4, **params)
    more = sklearn("HistGradientBoostingRegressor", max_iter=12, max_leaf_nodes=4, **params)
    asked = recipe(blend_of((("few", few), ("more", more)), 2), 0)
    model, _, _ = fit_rows(built_recipe(asked), rows(200, 0, 0), ())
    assert model.blend is not None
    assert model.blend.metric == metric
    assert model.blend.loss <= min(loss for _, loss in model.blend.losses)


def test_the_weights_know_nothing_of_the_holdout(tmp_path: Path) -> None:
    asked = recipe(QUICK, 2)
    artifacts = [trained(tmp_path / name, asked, holdout=start) for name, start in (("a", 10**6), ("b", 10**7))]
    one, other = map(evaluation_of, artifacts)
    assert one.blend == other.blend
    assert one.metrics != other.metrics
    assert len({(artifact / "model.skops").read_bytes() for artifact in artifacts}) == 1


def test_rows_count_by_their_age_where_they_weigh_by_it() -> None:
    asked = recipe(QUICK, 2, weights=RowWeights(recency=Recency(half_life=60 * 86_400, by="day")), holdout=IN_TIME)
    table = rows(300, 0, 2)
    day = pa.array(range(300), pa.int32()).cast(pa.date32())
    days = pa.table({"day": day, "matured": day, "weighed_by": day})
    model, _, _ = fit_rows(built_recipe(asked), table, (), days=days)
    even, _, _ = fit_rows(built_recipe(replace(asked, weights=None)), table, (), days=days)
    assert model.blend is not None
    assert even.blend is not None
    assert (model.blend.rows, model.blend.folds) == (150, 3), "the later half, in time"
    assert model.blend.losses != even.blend.losses


def test_what_cannot_be_blended_is_told_with_what_to_do() -> None:
    table = rows(60, 0, 2)
    late = pa.array([0] * 59 + [1], pa.int32())
    days = pa.array(range(60), pa.int32()).cast(pa.date32())
    table = table.set_column(table.schema.get_field_index("outcome"), "outcome", late)
    with pytest.raises(TrainingError, match="blend: no fold has training rows of every class") as told:
        fit_rows(
            built_recipe(recipe(CLASSIFIERS, 2, holdout=IN_TIME)),
            table,
            (),
            days=pa.table({"day": days, "matured": days}),
        )
    assert "declare one estimator" in (told.value.hint or "")


def test_what_the_member_that_needs_most_takes_is_refused_before() -> None:
    asked = recipe(CLASSIFIERS, 2)
    schema = schema_of(built_recipe(asked), rows(240, 0, 2), ())
    needed = 100 * 1024**2 + 10**6 * len(schema.columns) * 16
    check_memory(asked, schema, 10**6, needed)
    with pytest.raises(TrainingError) as told:
        check_memory(asked, schema, 10**6, needed - 1)
    assert told.value.code == "E418"
    assert "ExtraTreesClassifier" in told.value.message


def test_members_share_the_categories_that_each_can_take() -> None:
    found = preprocessing_of(CLASSIFIERS)
    assert (found.rare, found.most) == (10, 50)
    alone = preprocessing_of(sklearn("LogisticRegression"))
    assert preprocessing_of(blend_of((("a", sklearn("LogisticRegression")), ("b", sklearn("GaussianNB"))), 2)) == alone


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("estimator", "classes"), [(QUICK, 2), (REGRESSORS, 0)])
def test_factors_add_up_to_what_the_blend_says(estimator: Estimator, classes: int, tmp_path: Path) -> None:
    model = load.load(trained(tmp_path / "a", recipe(estimator, classes)))
    judged = matrix_of(rows(3, 9, classes), model.schema)
    assert model.reference is not None
    background = background_of(model, model.reference)
    assert scale_of(model, background).kind is (ExplanationScale.PROBABILITY if classes else ExplanationScale.VALUE)
    outputs = model.outputs(judged)
    wanted = outputs.argmax(axis=1)
    effects, _ = effects_of(model, judged, wanted, top=4)
    away = outputs[np.arange(3), wanted] - model.outputs(background).mean(axis=0)[wanted]
    assert np.allclose(effects.sum(axis=1), away, atol=0.05)
