"""Numbers that can be checked by hand, or against a published table."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reconciler.core.artifact.evaluation import Evaluation, grade_classification, grade_regression
from reconciler.core.digest import digest_of_bytes
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    GateStatus,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Rule,
    Threshold,
)
from reconciler.core.spec.grade import Grade
from reconciler.evaluation.metrics import evaluate_classes, evaluate_numbers, removed
from reconciler.evaluation.paired_figures import paired_classes
from reconciler.scoring.predict import expected_amounts, possible

ROWS = digest_of_bytes(b"rows")
CONFUSION = [[71, 0, 21], [5, 0, 27], [2, 0, 45]]


def evaluation(confusion: list[list[int]] = CONFUSION) -> Evaluation:
    """The evaluation whose confusion matrix this is; the training rows' most frequent class is class 0."""
    actual = np.array([i for i, row in enumerate(confusion) for j, n in enumerate(row) for _ in range(n)])
    predicted = np.array([j for row in confusion for j, n in enumerate(row) for _ in range(n)])
    probabilities = np.full((len(actual), len(confusion)), 0.1)
    probabilities[np.arange(len(actual)), predicted] = 0.8
    return evaluate_classes(
        probabilities=probabilities,
        actual=actual,
        training_labels=np.array([0, 0, 1, 2]),
        classes=tuple("abcdef"[: len(confusion)]),
        influences=(),
        evaluation_rows=ROWS,
        holdout_from=None,
    )


def test_the_published_confusion_matrix_gives_the_published_numbers() -> None:
    found = evaluation()
    assert found.confusion == tuple(map(tuple, CONFUSION))
    assert round(found.metric("accuracy") or 0, 3) == 0.678
    assert round(found.naive, 3) == 0.538
    assert round(found.metric("f1_macro") or 0, 4) == 0.4927


def test_a_perfect_score_on_few_rows_says_how_far_off_it_may_be() -> None:
    assert evaluation().doubt == ""
    assert evaluation([[3, 0], [0, 3]]).doubt == ", too few to judge by: it may be 41 points off"
    assert evaluation([[25, 0], [0, 25]]).doubt == ""


def test_metrics_are_scikit_learns() -> None:
    from sklearn import metrics

    chance = np.random.default_rng(3)
    probabilities = chance.dirichlet([1, 1, 1], 300)
    actual = chance.integers(0, 3, 300)
    found = evaluate_classes(
        probabilities=probabilities,
        actual=actual,
        training_labels=actual,
        classes=("a", "b", "c"),
        influences=(),
        evaluation_rows=ROWS,
        holdout_from=None,
    )
    guess = probabilities.argmax(axis=1)
    wanted = {
        "accuracy": metrics.accuracy_score(actual, guess),
        "balanced_accuracy": metrics.balanced_accuracy_score(actual, guess),
        "f1_macro": metrics.f1_score(actual, guess, average="macro"),
        "precision_macro": metrics.precision_score(actual, guess, average="macro"),
        "recall_macro": metrics.recall_score(actual, guess, average="macro"),
        "log_loss": metrics.log_loss(actual, probabilities),
        "recall:b": metrics.recall_score(actual, guess, average=None)[1],
    }
    for name, value in wanted.items():
        assert found.metric(name) == pytest.approx(value), name


def test_regression_metrics_are_scikit_learns() -> None:
    from sklearn import metrics

    chance = np.random.default_rng(4)
    actual = chance.normal(size=200)
    predicted = actual + chance.normal(size=200)
    found = evaluate_numbers(
        predicted=predicted,
        actual=actual,
        training_values=actual,
        influences=(),
        evaluation_rows=ROWS,
        holdout_from=None,
    )
    assert found.metric("r2") == pytest.approx(metrics.r2_score(actual, predicted))
    assert found.metric("mae") == pytest.approx(metrics.mean_absolute_error(actual, predicted))
    assert found.metric("rmse") == pytest.approx(metrics.root_mean_squared_error(actual, predicted))


@pytest.mark.parametrize(
    ("skill", "grade"),
    [
        (-0.5, "D"),
        (0.099, "D"),
        (0.1, "C"),
        (0.499, "C"),
        (0.5, "B"),
        (0.799, "B"),
        (0.8, "A"),
        (0.979, "A"),
        (0.985, "D"),
    ],
)
def test_the_grade_follows_skill_over_chance(skill: float, grade: str) -> None:
    shares = (0.5, 0.5)
    assert grade_classification(0.5 + skill * 0.5 + 1e-12, shares) == grade


@pytest.mark.parametrize(
    ("r2", "grade"),
    [
        (-1, "D"),
        (0.0999, "D"),
        (0.1, "C"),
        (0.5999, "C"),
        (0.6, "B"),
        (0.8499, "B"),
        (0.85, "A"),
        (0.9899, "A"),
        (0.99, "D"),
        (math.nan, "D"),
    ],
)
def test_the_grade_of_a_number_follows_r2(r2: float, grade: str) -> None:
    assert grade_regression(r2) == grade


def test_a_single_class_is_never_graded_well() -> None:
    assert grade_classification(1.0, (1.0,)) is Grade.D
    assert grade_classification(math.nan, (0.5, 0.5)) is Grade.D


def test_errors_removed_are_a_share_of_the_naive_guess() -> None:
    assert removed(naive_error=0.5, error=0.25) == 0.5
    assert removed(naive_error=0.5, error=0.75) == -0.5
    assert removed(naive_error=0.0, error=0.1) == 0.0


def test_expected_amounts_are_weighted_by_probability() -> None:
    probabilities = np.array([[0.10, 0.50, 0.40], [0.50, 0.30, 0.20], [0.01, 0.04, 0.95]])
    found = expected_amounts(probabilities, np.array([100.0, 1000.0, 10000.0]), ["x", "x", "x"])
    assert [round(one) for one in found[0][1]] == [610, 750, 9740]


def test_what_is_impossible_gets_nothing_and_the_rest_is_renormalised() -> None:
    rows = pa.table(
        {"possible_0": [False, True, False], "possible_1": [True, True, False], "possible_2": [True, True, False]}
    )
    given = np.array([[0.5, 0.25, 0.25]] * 3)
    shares, left = possible(given, rows, 3)
    assert shares[0].tolist() == [0.0, 0.5, 0.5]
    assert shares[1].tolist() == given[1].tolist()
    assert shares[2].tolist() == given[2].tolist()
    assert left.tolist() == [True, True, False]


def verdict(gate: object, **given: object) -> GateStatus:
    found = given.get("evaluation", evaluation())
    comparisons = given.get("comparisons", {})
    return evaluate_gates((gate,), found, comparisons)[0].verdict  # type: ignore[arg-type]


def test_thresholds_hold_at_their_edge_and_absent_metrics_never_pass() -> None:
    accuracy = evaluation().metric("accuracy")
    assert verdict(Threshold(metric="accuracy", at_least=accuracy)) is GateStatus.PASSED
    assert verdict(Threshold(metric="accuracy", at_least=(accuracy or 0) + 1e-9)) is GateStatus.REFUSED
    assert verdict(Threshold(metric="log_loss", at_most=0.001)) is GateStatus.REFUSED
    assert verdict(Threshold(metric="r2", at_least=-1e9)) is GateStatus.REFUSED


def test_grade_and_naive_guess_gates_compare_with_what_was_reached() -> None:
    assert verdict(PerformanceGrade(at_least=Grade.C)) is GateStatus.PASSED
    assert verdict(PerformanceGrade(at_least=Grade.B)) is GateStatus.REFUSED
    reached = evaluation().errors_removed
    assert verdict(BeatsNaiveGuess(by_share_of_errors=reached)) is GateStatus.PASSED
    assert verdict(BeatsNaiveGuess(by_share_of_errors=reached + 1e-9)) is GateStatus.REFUSED


def compared(**numbers: float) -> Comparison:
    given = {"rows": 500, "candidate": 0.5, "incumbent": 0.5, "difference": 0.0, "lower": -0.02, "upper": 0.02}
    return Comparison(state=Comparability.COMPARED, metric="f1_macro", **{**given, **numbers})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "comparison", "passed"),
    [
        (Rule.EVIDENCE, compared(), True),
        (Rule.EVIDENCE, compared(difference=-0.05, lower=-0.09, upper=-0.02), False),
        (Rule.POINT, compared(difference=-0.009), True),
        (Rule.POINT, compared(difference=-0.011), False),
        (Rule.STRICT, compared(), False),
        (Rule.STRICT, compared(lower=-0.009), True),
        (Rule.EVIDENCE, compared(rows=99), False),
        (Rule.POINT, compared(difference=math.nan), False),
        (Rule.POINT, Comparison(state=Comparability.NO_INCUMBENT, metric="f1_macro"), True),
        (Rule.POINT, Comparison(state=Comparability.NOT_COMPARABLE, metric="f1_macro", reason="r"), False),
        (Rule.POINT, Comparison(state=Comparability.UNSCORABLE, metric="f1_macro", reason="r"), False),
    ],
)
def test_the_three_rules_read_the_paired_difference(rule: Rule, comparison: Comparison, passed: bool) -> None:
    gate = NoWorseThanIncumbent(metric="f1_macro", tolerance=0.01, rule=rule, min_rows=100)
    assert (verdict(gate, comparisons={gate: comparison}) is GateStatus.PASSED) is passed


def test_a_comparison_that_nobody_made_is_refused() -> None:
    assert verdict(NoWorseThanIncumbent(metric="f1_macro")) is GateStatus.REFUSED


def refusals(rule: Rule, worse: float, rounds: int = 120) -> float:
    """Share of refusals at 5,000 rows when two models disagree on a tenth of them and one is worse by `worse`."""
    chance = np.random.default_rng(5)
    gate = NoWorseThanIncumbent(metric="accuracy", tolerance=0.01, rule=rule)
    refused = 0
    for _ in range(rounds):
        actual = chance.integers(0, 2, 5000)
        kinds = chance.choice(4, 5000, p=[0.75, 0.15, 0.05 - worse / 2, 0.05 + worse / 2])
        ours = np.where((kinds == 0) | (kinds == 2), actual, 1 - actual)
        theirs = np.where((kinds == 0) | (kinds == 3), actual, 1 - actual)
        found = paired_classes(gate, np.eye(2)[ours], np.eye(2)[theirs], actual, ("a", "b"))
        refused += verdict(gate, comparisons={gate: found}) is GateStatus.REFUSED
    return refused / rounds


def test_the_evidence_rule_lets_equals_pass_and_stops_what_is_three_points_worse() -> None:
    assert refusals(Rule.EVIDENCE, worse=0.0) <= 0.01
    assert refusals(Rule.EVIDENCE, worse=0.03) >= 0.95


@pytest.mark.soak(only=True)  # the evidence rule by the same intervals
def test_the_strict_rule_hardly_ever_lets_a_worse_model_pass() -> None:
    assert 1 - refusals(Rule.STRICT, worse=0.0125, rounds=400) <= 0.025


def test_texts_that_a_spreadsheet_would_run_are_quoted(tmp_path: Path) -> None:
    from reconciler.scoring.output.files import safe, write_rows

    write_rows(tmp_path / "x.csv", ["key"], ([safe(key)] for key in ("=1+1", "@x", "-1", "ok")))
    with (tmp_path / "x.csv").open(newline="") as stream:
        assert [row["key"] for row in csv.DictReader(stream)] == ["'=1+1", "'@x", "'-1", "ok"]
