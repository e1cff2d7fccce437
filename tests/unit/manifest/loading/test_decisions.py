"""What a recipe says of weights, calibration and decisions: each mistake is told at its place, and old digests stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.spec.decisions.declared import Calibrate, CalibrationMethod, Decide, DecisionMetric, Recency
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.manifest.loading.load import load
from reconciler.manifest.schema.decisions import declared as decisions
from reconciler.ports import TreeFile
from tests.unit.manifest.loading.test_cross_checks import EXPRESSIONS, FILES, MODEL, edited, problems

COSTS = "{on_time: {late: 1, very_late: 2}, late: {on_time: 5, very_late: 1}, very_late: {on_time: 20, late: 8}}"
SEED = "    seed: 7\n"


def with_line(*lines: str) -> dict[str, bytes]:
    """Return the files with further lines in the recipe."""
    return edited((SEED, "".join(f"    {line}\n" for line in lines) + SEED))


def model_of(files: dict[str, bytes]) -> Model:
    tree = tuple(TreeFile(path=path, mode="100644", id=path, size=len(body)) for path, body in sorted(files.items()))
    desired = load(files, tree, revision="c", expressions=EXPRESSIONS)
    return next(model for model in desired.models if model.file == MODEL)


def test_a_recipe_that_says_nothing_of_them_has_the_text_that_it_always_had() -> None:
    text = codec.encode(model_of(FILES).recipe).decode()
    for word in ("weights", "calibrate", "decide", "classWeights"):
        assert f'"{word}"' not in text


def test_what_is_declared_is_what_is_trained() -> None:
    recipe = model_of(
        with_line(
            "weights: {recency: {halfLife: 180d, by: invoice_date}}",
            "calibrate: {uses: isotonic}",
            "decide: {maximise: balanced_accuracy, folds: 3}",
        )
    ).recipe
    assert recipe.weights is not None
    assert recipe.weights.recency == Recency(half_life=180 * 86_400, by="invoice_date")
    assert recipe.calibrate == Calibrate(uses=CalibrationMethod.ISOTONIC, folds=5)
    assert recipe.decide == Decide(maximise=DecisionMetric.BALANCED_ACCURACY, folds=3)
    assert recipe.reads_moments
    assert codec.decode(Recipe, codec.encode(recipe), what="recipe") == recipe


def test_nothing_is_fitted_for_the_costs_of_calibrated_probabilities() -> None:
    plain = model_of(with_line(f"decide: {{costs: {COSTS}}}")).recipe
    calibrated = model_of(with_line(f"decide: {{costs: {COSTS}}}", "calibrate: {uses: sigmoid}")).recipe
    assert plain.decide is not None
    assert calibrated.decide is not None
    assert (plain.decide.folds, calibrated.decide.folds) == (5, None)
    assert calibrated.decide.cost_matrix(calibrated.class_names) == ((0, 1, 2), (5, 0, 1), (20, 8, 0))
    assert codec.decode(Recipe, codec.encode(plain), what="recipe") == plain


DECIDE = "spec.recipe.decide"


@pytest.mark.parametrize(
    ("lines", "code", "field", "said"),
    [
        (["decide: {folds: 3}"], "E204", DECIDE, "expected `maximise"),
        ([f"decide: {{maximise: f1_macro, costs: {COSTS}}}"], "E205", DECIDE, "one of them only"),
        (["decide: {maximise: accuracy}"], "E205", f"{DECIDE}.maximise", ""),
        (["decide: {maximise: f1_macro, folds: 1}"], "E205", f"{DECIDE}.folds", ""),
        (["calibrate: {uses: isotonic, folds: 21}"], "E205", "spec.recipe.calibrate.folds", ""),
        (["calibrate: {uses: platt}"], "E205", "spec.recipe.calibrate.uses", ""),
        (["calibrate: {}"], "E204", "spec.recipe.calibrate.uses", ""),
        (["decide: {costs: {on_time: {late: 1, very_late: 2}}}"], "E204", f"{DECIDE}.costs", "late or very_late"),
        ([f"decide: {{costs: {COSTS.replace('late: 8', 'lost: 8')}}}"], "E203", f"{DECIDE}.costs.very_late.lost", ""),
        ([f"decide: {{costs: {COSTS.replace(', late: 8', '')}}}"], "E204", f"{DECIDE}.costs.very_late", "predict late"),
        ([f"decide: {{costs: {COSTS.replace('20', '.inf')}}}"], "E202", f"{DECIDE}.costs.very_late.on_time", ""),
        (
            [f"decide: {{costs: {COSTS.translate(str.maketrans('12580', '00000'))}}}"],
            "E205",
            f"{DECIDE}.costs",
            "costs nothing",
        ),
        (
            [f"decide: {{costs: {COSTS}, folds: 5}}", "calibrate: {uses: sigmoid}"],
            "E205",
            f"{DECIDE}.folds",
            "nothing is fitted",
        ),
        (["weights: {recency: {halfLife: 0d, by: invoice_date}}"], "E205", "spec.recipe.weights.recency.halfLife", ""),
        (["weights: {recency: {halfLife: 180d}}"], "E204", "spec.recipe.weights.recency.by", ""),
        (["weights: {}"], "E204", "spec.recipe.weights.recency", ""),
    ],
)
def test_a_mistake_is_told_at_its_place(lines: list[str], code: str, field: str, said: str) -> None:
    found = problems(with_line(*lines))
    assert [(problem.code, problem.field) for problem in found] == [(code, field)], found
    assert said in found[0].message
    assert found[0].where.line is not None


@pytest.mark.parametrize(
    ("weights", "code", "name", "hint"),
    [
        ("{very_lat: 3}", "E203", "very_lat", "did you mean `very_late`?"),
        ("{late: 0}", "E205", "late", None),
        ("{late: .nan}", "E201", None, None),
        ("{late: heavy}", "E201", None, None),
        ("3", "E214", None, None),
    ],
)
def test_weights_of_classes_name_classes_and_are_numbers(
    weights: str, code: str, name: str | None, hint: str | None
) -> None:
    (problem,) = problems(edited(("params: {", f"params: {{class_weight: {weights}, ")))
    place = "spec.recipe.estimator.params.class_weight"
    assert (problem.code, problem.field) == (code, f"{place}.{name}" if name else place)
    assert hint is None or problem.hint == hint


def test_weights_of_classes_are_by_name() -> None:
    recipe = model_of(edited(("params: {", "params: {class_weight: {late: 2, very_late: 3.5}, "))).recipe
    assert recipe.estimator.class_weights == (("late", 2.0), ("very_late", 3.5))
    assert "class_weight" not in dict(recipe.estimator.params)
    assert codec.decode(Recipe, codec.encode(recipe), what="recipe") == recipe


def test_an_estimator_that_cannot_weigh_rows_or_classes_is_named() -> None:
    changes = (
        ("class: HistGradientBoostingClassifier", "class: LinearDiscriminantAnalysis"),
        (SEED, "    weights: {recency: {halfLife: 180d, by: invoice_date}}\n" + SEED),
    )
    found = {problem.field: problem for problem in problems(edited(*changes))}
    told = found["spec.recipe.weights.recency"]
    assert told.code == "E213"
    assert "LinearDiscriminantAnalysis cannot weigh rows" in told.message
    assert "LogisticRegression" in (told.hint or "")


def test_a_regression_has_nothing_to_calibrate_and_no_classes_to_decide_on() -> None:
    recipe = model_of(with_line("calibrate: {uses: sigmoid}", "decide: {maximise: f1_macro}")).recipe
    found = list(decisions.problems(replace(recipe, task=Task.REGRESSION)))
    assert {(code, *place) for place, code, _, _ in found} >= {("E205", "calibrate"), ("E205", "decide")}
    assert "no probabilities to calibrate" in str(found)
