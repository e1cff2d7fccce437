"""Top factors: exact where a model is linear, a sum of trees, or additive; the same bytes for the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import factorial
from typing import Any

import numpy as np
import pytest

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.prediction.prediction_explanation import ExplanationMethod, ExplanationScale
from reconciler.core.spec.recipe import Estimator
from reconciler.errors import ScoringError
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.quality.record_reference import record_features, record_reference
from reconciler.scoring.explanation import sampled
from reconciler.scoring.explanation.background import ROWS, background_of
from reconciler.scoring.explanation.explain import effects_of, top_factors
from reconciler.scoring.explanation.scale import scale_of
from reconciler.training.estimator_pipeline import make

NUMBERS, CATEGORIES = 4, 1
COLUMNS = NUMBERS + CATEGORIES
TWO, THREE = ("a", "b"), ("a", "b", "c")


def rows(count: int, seed: int, columns: int = COLUMNS) -> Any:
    """Numbers, then one category of six of which the last is rare; some values are missing."""
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(count, columns))
    matrix[:, -1] = chance.integers(0, 6, count)
    matrix[chance.random(matrix.shape) < 0.05] = np.nan
    return matrix


def schema(classes: tuple[str, ...], columns: int = COLUMNS) -> Schema:
    numbers = (SchemaColumn(name=f"n{index}", type=ColumnType.NUMERIC) for index in range(columns - 1))
    category = SchemaColumn(name="c", type=ColumnType.CATEGORICAL, categories=tuple("abcde"))
    task = "classification" if classes else "regression"
    return Schema(task=task, columns=(*numbers, category), classes=classes, key="id", tables=())


def with_reference(estimator: Any, described: Schema, matrix: Any) -> LoadedModel:
    model = LoadedModel(estimator=estimator, schema=described)
    reference = record_reference(record_features(matrix, described), len(matrix), model.outputs(matrix), described)
    return replace(model, reference=reference)


def fitted(name: str, classes: tuple[str, ...] = TWO, columns: int = COLUMNS, **params: Any) -> LoadedModel:
    matrix, described = rows(600, 1, columns), schema(classes, columns)
    filled = np.nan_to_num(matrix)
    score = filled[:, 0] - filled[:, 1] * (1 + filled[:, 2]) + (filled[:, -1] == 2)
    target = np.digitize(score, np.quantile(score, [0.4, 0.7][: len(classes) - 1])) if classes else np.exp(score / 4)
    estimator = make(Estimator(uses="sklearn", class_name=name, params=tuple(params.items())), described, 1)
    return with_reference(estimator.fit(matrix, target), described, matrix)


def wanted(model: LoadedModel, matrix: Any) -> Any:
    return model.outputs(matrix).argmax(axis=1) if model.schema.classes else np.zeros(len(matrix), dtype=int)


LINEAR = {
    "two classes": ("LogisticRegression", TWO, ExplanationScale.LOG_ODDS),
    "three classes": ("LogisticRegression", THREE, ExplanationScale.LOG_ODDS),
    "discriminant": ("LinearDiscriminantAnalysis", THREE, ExplanationScale.LOG_ODDS),
    "number": ("Ridge", (), ExplanationScale.VALUE),
    "logarithm": ("GammaRegressor", (), ExplanationScale.LOGARITHM),
}


@pytest.mark.parametrize(("name", "classes", "scale"), LINEAR.values(), ids=LINEAR)
def test_effects_of_a_linear_model_are_its_coefficients_times_the_distance_from_the_mean(
    name: str, classes: tuple[str, ...], scale: ExplanationScale
) -> None:
    model, matrix = fitted(name, classes), rows(60, 2)
    effects, explained = effects_of(model, matrix, wanted(model, matrix), top=3)
    assert (explained.method, explained.scale) == (ExplanationMethod.LINEAR, scale)
    prepare, last = (step for _, step in model.estimator.steps)
    assert model.reference is not None
    far = prepare.transform(matrix) - prepare.transform(background_of(model, model.reference)).mean(axis=0)
    weights = np.atleast_2d(last.coef_)
    if len(classes) == 2:
        weights = np.vstack([-weights, weights])
    elif classes:
        weights = weights - (weights.sum(axis=0) - weights) / (len(classes) - 1)
    products = far * weights[wanted(model, matrix)]
    missing = prepare.transformers_[0][1].steps[0][1].indicator_.features_
    columns = [*range(NUMBERS), *missing]
    columns += [NUMBERS] * (products.shape[1] - len(columns))
    exact = np.zeros_like(effects)
    for place, column in enumerate(columns):
        exact[:, column] += products[:, place]
    np.testing.assert_allclose(effects, exact, rtol=1e-9, atol=1e-12)
    if len(classes) == 2:
        shares = model.outputs(matrix)
        odds = np.log(shares.max(axis=1) / shares.min(axis=1))
        middle = (odds - effects.sum(axis=1))[wanted(model, matrix) == 0]
        np.testing.assert_allclose(middle, middle[0], rtol=1e-6)


def shapley(model: LoadedModel, matrix: Any) -> Any:
    """The Shapley values by their definition: over all subsets, and all combinations of the background's values."""
    assert model.reference is not None
    background = background_of(model, model.reference)
    scale, labels, columns = scale_of(model, background), wanted(model, matrix), matrix.shape[1]
    chance = np.random.default_rng(0)
    mixed = np.column_stack([chance.permutation(np.repeat(background[:, place], 60)) for place in range(columns)])
    values = {}
    for subset in product((False, True), repeat=columns):
        states = np.repeat(mixed[None], len(matrix), axis=0)
        states[:, :, list(subset)] = matrix[:, None, list(subset)]
        seen = scale.scores(states.reshape(-1, columns)).reshape(len(matrix), len(mixed), -1).mean(axis=1)
        values[subset] = seen[np.arange(len(matrix)), labels]
    exact = np.zeros(matrix.shape)
    for subset, place in product(values, range(columns)):
        if not subset[place]:
            size = sum(subset)
            weight = factorial(size) * factorial(columns - size - 1) / factorial(columns)
            joined = (*subset[:place], True, *subset[place + 1 :])
            exact[:, place] += weight * (values[joined] - values[subset])
    return exact


TREES = {
    "boosting": ("HistGradientBoostingClassifier", TWO, {"max_iter": 12, "min_samples_leaf": 30}),
    "three classes": ("HistGradientBoostingClassifier", THREE, {"max_iter": 8, "min_samples_leaf": 40}),
    "number": ("HistGradientBoostingRegressor", (), {"max_iter": 12, "min_samples_leaf": 30}),
    "older boosting": ("GradientBoostingClassifier", THREE, {"n_estimators": 8}),
    "tree": ("DecisionTreeClassifier", THREE, {"max_depth": 4}),
    "forest": ("RandomForestRegressor", (), {"n_estimators": 5, "min_samples_leaf": 40}),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("name", "classes", "params"), TREES.values(), ids=TREES)
def test_effects_of_small_trees_are_the_shapley_values_of_the_definition(
    name: str, classes: tuple[str, ...], params: dict[str, Any]
) -> None:
    model, matrix = fitted(name, classes, columns=4, **params), rows(8, 3, 4)
    effects, explained = effects_of(model, matrix, wanted(model, matrix), top=3)
    assert explained.method is ExplanationMethod.TREES
    exact = shapley(model, matrix)
    assert np.abs(effects - exact).max() < 0.03 * np.abs(exact).max(), "the definition is summed over a sample"


class Formula:
    """An estimator that computes a formula."""

    def __init__(self, formula: Callable[[Any], Any]) -> None:
        self._formula = formula

    def predict(self, matrix: Any) -> Any:
        return self._formula(np.nan_to_num(matrix))


PARTS: tuple[Callable[[Any], Any], ...] = (
    lambda x: 3 * np.sin(2 * x),
    lambda x: np.exp(x / 2),
    lambda x: np.where(x > 0.3, 2.0, -1.0),
    lambda x: np.abs(x) ** 3 / 5,
    lambda x: np.where(x == 2, 4.0, x / 10),
)


def formula_model(formula: Callable[[Any], Any], columns: int = COLUMNS) -> LoadedModel:
    return with_reference(Formula(formula), schema((), columns), rows(2000, 5, columns))


def test_effects_of_an_additive_function_are_its_terms_less_their_mean() -> None:
    """Within five percent is asked for; the sampled method is exact here, whatever the order of the features."""
    model = formula_model(lambda x: sum(part(x[:, place]) for place, part in enumerate(PARTS)))
    matrix = rows(200, 6) * 2
    effects, explained = effects_of(model, matrix, np.zeros(200, dtype=int), top=3)
    assert explained.method is ExplanationMethod.SAMPLED
    assert model.reference is not None
    background = np.nan_to_num(background_of(model, model.reference))
    for place, part in enumerate(PARTS):
        terms = part(np.nan_to_num(matrix[:, place])) - part(background[:, place]).mean()
        np.testing.assert_allclose(effects[:, place], terms, rtol=1e-6, atol=1e-9)


def test_what_two_features_do_together_is_shared_between_them() -> None:
    model = formula_model(lambda x: x[:, 0] + 2 * x[:, 1] + 3 * x[:, 2] * x[:, 3])
    matrix = np.array([[1.0, 1.0, 2.0, 2.0, 0.0], [0.0, 0.0, -2.0, 2.0, 1.0]])
    effects, _ = effects_of(model, matrix, np.zeros(2, dtype=int), top=3)
    np.testing.assert_allclose(effects[:, 2:4], [[6, 6], [-6, -6]], atol=1.2)
    np.testing.assert_allclose(effects[:, 4], 0)


def test_effects_are_the_same_whichever_other_records_are_told_and_in_any_order() -> None:
    model, matrix = formula_model(lambda x: np.sin(x[:, 0] * x[:, 1]) + x[:, 2] * x[:, 3] * x[:, 4]), rows(40, 7)
    labels = np.zeros(40, dtype=int)
    whole, _ = effects_of(model, matrix, labels, top=3)
    order = np.random.default_rng(1).permutation(40)
    np.testing.assert_array_equal(effects_of(model, matrix[order], labels, top=3)[0], whole[order])
    np.testing.assert_array_equal(effects_of(model, matrix[:1], labels[:1], top=3)[0], whole[:1])


@pytest.mark.soak(only=True)
def test_many_columns_are_explained_and_the_least_of_very_many_count_as_one() -> None:
    weights = np.zeros(700)
    weights[:120] = np.arange(120, 0, -1)
    model = formula_model(lambda x: x @ weights + x[:, 0] * x[:, 1], 700)
    matrix = rows(5, 8, 700)
    found = top_factors(model, matrix, np.zeros(5, dtype=int), top=4)
    assert found.explained.together == 120 - sampled.MOST_ALONE + 1
    assert found.features.shape == (5, 4)
    assert found.features.min() >= 0
    assert found.features.max() < sampled.MOST_ALONE


def test_a_record_without_any_value_and_a_model_that_uses_nothing_are_told_as_they_are() -> None:
    nothing = np.full((3, COLUMNS), np.nan)
    labels = np.zeros(3, dtype=int)
    assert np.isfinite(effects_of(fitted("RandomForestClassifier"), nothing, labels, top=2)[0]).all()
    assert np.isfinite(effects_of(fitted("LogisticRegression"), nothing, labels, top=2)[0]).all()
    unused = top_factors(formula_model(lambda x: 0 * x[:, 0] + 4), nothing, labels, top=2)
    assert (unused.features == -1).all()
    assert top_factors(fitted("GaussianNB"), nothing[:0], labels[:0], top=9).features.shape[0] == 0


def test_without_a_reference_nothing_is_told() -> None:
    with pytest.raises(ScoringError, match="train it again") as refused:
        top_factors(replace(fitted("Ridge", ()), reference=None), rows(1, 1), np.zeros(1, dtype=int), top=1)
    assert refused.value.code == "E516"


def test_the_background_has_the_values_of_the_reference_in_their_shares_and_mirrored_pairs() -> None:
    model = fitted("Ridge", ())
    assert model.reference is not None
    background = background_of(model, model.reference)
    np.testing.assert_array_equal(background, background_of(model, model.reference))
    assert background.shape == (ROWS, COLUMNS)
    for place, feature in enumerate(model.reference.features):
        missing = np.isnan(background[:, place]).mean()
        assert missing == pytest.approx(feature.missing / model.reference.rows, abs=0.011)
    first = background[:, 0]
    present = first[~np.isnan(first)]
    assert np.median(present) == pytest.approx(0, abs=0.15)
    both = np.column_stack([first, first[::-1]])
    both = both[~np.isnan(both).any(axis=1)]
    assert np.corrcoef(both.T)[0, 1] < -0.8
