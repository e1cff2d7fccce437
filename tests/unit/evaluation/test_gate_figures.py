"""What gates judge: figures in the outcome's own unit, of a quantile, of a rare class, of twelve classes in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import digest_of_bytes
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.judging.judged_again import judged_again
from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.spec.gates import (
    BoundedGate,
    Coverage,
    Gate,
    GateResult,
    GateStatus,
    PerformanceGrade,
    Rule,
    Threshold,
    needs_rows,
)
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import Estimator, NamedExpression, Outcome, Recipe, Task
from reconciler.evaluation.judging.gate_figures import figures_to_judge
from tests.simulation.sample_project import desired

RECIPE = desired(None, seed=1).models[0].recipe
RANDOM = np.random.default_rng(52)


def own(**changes: Any) -> Evaluation:
    made = Evaluation(
        task="regression",
        rows=2_000,
        training_rows=4_000,
        classes=(),
        confusion=(),
        metrics=(("mae", 0.2), ("r2", 0.9), ("rmse", 0.3)),
        naive=0.8,
        errors_removed=0.7,
        grade=Grade.A,
        influences=(),
        evaluation_rows=digest_of_bytes(b"rows"),
    )
    return replace(made, **changes)


def regression(expression: str, estimator: Estimator | None = None) -> Recipe:
    derive = (NamedExpression(name="predicted", expression=expression),)
    return replace(
        RECIPE,
        task=Task.REGRESSION,
        data=replace(RECIPE.data, derive=derive),
        outcome=Outcome(column="predicted"),
        estimator=estimator or RECIPE.estimator,
    )


def judged(
    recipe: Recipe, evaluation: Evaluation, predicted: Any, actual: Any, names: tuple[str, ...] = ()
) -> JudgedFigures:
    figures = figures_to_judge(recipe, evaluation, names, predicted, actual)
    return JudgedFigures(all_rows=figures.of(None), grade=figures.grade(), unit=figures.unit, quantile=figures.quantile)


def result(gate: Gate, evaluation: Evaluation, figures: JudgedFigures, *, transformed: bool = False) -> GateResult:
    (found,) = evaluate_gates((gate,), evaluation, {}, figures=figures, transformed=transformed)
    again = judged_again(found, evaluation)
    assert again is None or again.verdict is found.verdict, "what is recorded says the same"
    return found


def test_a_transformed_outcome_is_judged_in_its_own_unit() -> None:
    """In ln(1 + days) it is nearly perfect; in days a few long delays are far off."""
    days = np.exp(RANDOM.normal(2.0, 1.5, 2_000)) - 1
    actual = np.log(1 + days)
    predicted = np.where(days > np.quantile(days, 0.97), actual * 0.75, actual + RANDOM.normal(0, 0.05, 2_000))
    recipe = regression("ln(1 + days)")
    figures = judged(recipe, own(), predicted[:, None], actual)
    grade = PerformanceGrade(at_least=Grade.B)
    assert needs_rows(grade, transformed=True)
    found = result(grade, own(), figures, transformed=True)
    assert (found.verdict, found.grade) == (GateStatus.REFUSED, figures.grade.grade)
    assert " in days" in found.reason
    assert result(grade, own(), figures).verdict is GateStatus.PASSED, "by what the artifact knows alone"
    error = result(Threshold(metric="mae", at_most=1.0), own(), figures, transformed=True)
    assert " in days" in error.reason
    assert error.verdict is GateStatus.REFUSED
    (unknown,) = evaluate_gates((grade,), own(), {}, transformed=True)
    assert unknown.verdict is GateStatus.REFUSED, "in days nothing is known without the rows"


QUANTILE = Estimator(uses="sklearn", class_name="QuantileRegressor", params=(("quantile", 0.9),))


@pytest.mark.parametrize(("shift", "passed"), [(1.2816, True), (0.9, False), (1.7, False)])
def test_a_quantile_is_held_to_its_coverage_and_graded_by_pinball(shift: float, passed: bool) -> None:
    """A perfect model of the 90 % quantile passes, whatever its R2; one that covers 82 or 96 % does not."""
    mean = RANDOM.normal(0, 4, 4_000)
    actual = mean + RANDOM.normal(0, 1, 4_000)
    naive = np.quantile(actual, 0.9)
    loss = lambda guess: float(np.mean(np.maximum(0.9 * (actual - guess), -0.1 * (actual - guess))))  # noqa: E731
    evaluation = own(quantile=0.9, naive=loss(naive), rows=4_000)
    figures = judged(regression("days", QUANTILE), evaluation, (mean + shift)[:, None], actual)
    for gate in (Coverage(tolerance=0.02), Coverage(tolerance=0.0, rule=Rule.EVIDENCE)):
        found = result(gate, evaluation, figures)
        assert (found.verdict is GateStatus.PASSED) is passed, found.reason
        assert "the quantile 0.9" in found.reason
    if passed:
        assert figures.grade.grade.rank >= Grade.B.rank


def test_a_quantile_of_a_falling_transform_is_that_of_the_other_tail() -> None:
    actual = -RANDOM.normal(10, 2, 2_000)
    figures = judged(regression("-ln(days)", QUANTILE), own(quantile=0.9), np.full((2_000, 1), -1.0), actual)
    assert figures.quantile == pytest.approx(0.1)


def classes(probabilities: Any, actual: Any, names: tuple[str, ...]) -> JudgedFigures:
    return judged(RECIPE, own(task="classification", metrics=()), probabilities, actual, names)


def test_a_model_that_never_finds_a_class_of_2_percent_is_refused_though_it_is_right_in_98() -> None:
    actual = (np.arange(2_000) < 40).astype(np.int64)
    blind = np.tile([0.98, 0.02], (2_000, 1))
    figures = classes(blind, actual, ("fine", "fraud"))
    assert figures.grade.grade is Grade.D
    assert "as a blind guess would" in figures.grade.reason
    # Ranked well, as by average precision, with the decision left as it is: each figure says its own.
    ranked = np.stack([1 - (0.02 + 0.3 * actual), 0.02 + 0.3 * actual], axis=1)
    good = classes(ranked, actual, ("fine", "fraud"))
    evaluation = own(task="classification", metrics=())
    passed: list[BoundedGate] = [
        Threshold(metric="average_precision", at_least=0.9),
        Threshold(metric="roc_auc", at_least=0.9),
    ]
    for gate in passed:
        (found,) = evaluate_gates((gate,), evaluation, {}, figures=good)
        assert found.verdict is GateStatus.PASSED, found.reason
    (found,) = evaluate_gates((Threshold(metric="matthews", at_least=0.1),), evaluation, {}, figures=good)
    assert found.verdict is GateStatus.REFUSED


def test_twelve_ordered_classes_say_how_far_off_mistakes_are() -> None:
    names = tuple(f"month {n}" for n in range(1, 13))
    actual = RANDOM.integers(0, 12, 3_000)
    shown = np.clip(actual + RANDOM.integers(-1, 2, 3_000), 0, 11)
    probabilities = np.full((3_000, 12), 0.01)
    probabilities[np.arange(3_000), shown] = 0.89
    figures = classes(probabilities, actual, names)
    assert "at most one class off" in figures.grade.reason
    assert "grade A by that" in figures.grade.reason


def test_gates_judge_the_class_that_is_decided_on_and_not_the_most_likely_one() -> None:
    """A rule that decides for the rare class from 0.3 up finds all of it, as the artifact's own evaluation says."""
    actual = np.repeat([0, 1], [300, 100])
    likely = np.where(actual == 1, 0.4, 0.2)
    outputs = np.stack([1 - likely, likely], axis=1)
    names = ("common", "rare")
    plain = figures_to_judge(RECIPE, own(), names, outputs, actual).of(None)
    decided = figures_to_judge(RECIPE, own(), names, outputs, actual, (likely >= 0.3).astype(np.intp))
    found = [each.figure("recall:rare") for each in (plain, decided.of(None), decided.of(actual == 1))]
    assert [each.value for each in found if each is not None] == [0.0, 1.0, 1.0]
    assert (decided.grade().grade, decided.grade().too_good) == (Grade.D, True), "of the same classes"
