"""The judge at its edges: what is not a number never passes, what touches the bound does, and reasons have numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import digest_of_bytes
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.quality.drift import DriftSummary, DriftVerdict, FeatureDrift, Measure
from reconciler.core.spec.comparison import Comparability, Comparison, Seen
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    DataDrift,
    Gate,
    GateResult,
    GateStatus,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Rule,
    Threshold,
)
from reconciler.core.spec.grade import Grade

EVALUATION = Evaluation(
    task="classification",
    rows=100,
    training_rows=400,
    classes=(),
    confusion=(),
    metrics=(("accuracy", 0.75), ("broken", math.nan), ("endless", math.inf)),
    naive=0.5,
    errors_removed=0.5,
    grade=Grade.B,
    influences=(),
    evaluation_rows=digest_of_bytes(b"rows"),
)
COMPARED = Comparison(
    state=Comparability.COMPARED,
    metric="accuracy",
    rows=100,
    candidate=0.75,
    incumbent=0.75,
    difference=0.0,
    lower=0.0,
    upper=0.0,
    detectable=0.02,
)


def result(gate: Gate, comparison: Comparison | None = None, **changes: object) -> GateResult:
    comparisons = {gate: comparison} if isinstance(gate, NoWorseThanIncumbent) and comparison else {}
    return evaluate_gates((gate,), replace(EVALUATION, **changes), comparisons)[0]  # type: ignore[arg-type]


def passes(gate: Gate, comparison: Comparison | None = None, **changes: object) -> bool:
    return result(gate, comparison, **changes).verdict is GateStatus.PASSED


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        (Threshold(metric="accuracy", at_least=0.75), True),
        (Threshold(metric="accuracy", at_least=0.7501), False),
        (Threshold(metric="accuracy", at_most=0.75), True),
        (Threshold(metric="accuracy", at_most=0.7499), False),
        (Threshold(metric="accuracy", at_least=0.7, at_most=0.8), True),
        (Threshold(metric="accuracy", at_least=0.7, at_most=0.74), False),
        (Threshold(metric="broken", at_least=-1e300), False),
        (Threshold(metric="broken", at_most=1e300), False),
        (Threshold(metric="endless", at_least=0.0), False),
        (Threshold(metric="absent", at_most=1e300), False),
        (PerformanceGrade(at_least=Grade.A), False),
        (PerformanceGrade(at_least=Grade.B), True),
        (PerformanceGrade(at_least=Grade.C), True),
        (BeatsNaiveGuess(by_share_of_errors=0.5), True),
        (BeatsNaiveGuess(by_share_of_errors=0.51), False),
    ],
)
def test_a_bound_that_is_met_exactly_is_met_and_what_is_no_number_meets_none(gate: Gate, passed: bool) -> None:
    assert passes(gate) is passed


@pytest.mark.parametrize("removed", [math.nan, math.inf, -math.inf, 0.0, -0.5])
def test_no_odd_share_of_errors_passes(removed: float) -> None:
    assert not passes(BeatsNaiveGuess(by_share_of_errors=0.01), errors_removed=removed)


def gate(rule: Rule, tolerance: float = 0.25, min_rows: int = 100) -> NoWorseThanIncumbent:
    return NoWorseThanIncumbent(metric="accuracy", tolerance=tolerance, rule=rule, min_rows=min_rows)


@pytest.mark.parametrize(
    ("rule", "numbers", "passed"),
    [
        # Each rule reads its own number and no other.
        (Rule.EVIDENCE, {"difference": -0.9, "lower": -0.9, "upper": -0.25}, True),
        (Rule.EVIDENCE, {"difference": 0.9, "lower": 0.9, "upper": -0.2501}, False),
        (Rule.POINT, {"difference": -0.25, "lower": -0.9, "upper": -0.9}, True),
        (Rule.POINT, {"difference": -0.2501, "lower": 0.9, "upper": 0.9}, False),
        (Rule.STRICT, {"difference": -0.9, "lower": -0.2499, "upper": -0.9}, True),
        (Rule.STRICT, {"difference": 0.9, "lower": -0.25, "upper": 0.9}, False),
    ],
)
def test_each_rule_reads_its_own_number(rule: Rule, numbers: dict[str, float], passed: bool) -> None:
    assert passes(gate(rule), replace(COMPARED, **numbers)) is passed


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("number", ["difference", "lower", "upper"])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_comparison_with_a_number_missing_passes_under_no_rule(rule: Rule, number: str, value: float | None) -> None:
    assert not passes(gate(rule), replace(COMPARED, **{number: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", Rule)
def test_too_few_rows_pass_under_no_rule_and_exactly_enough_do(rule: Rule) -> None:
    assert passes(gate(rule), COMPARED)
    assert not passes(gate(rule), replace(COMPARED, rows=99))


@pytest.mark.parametrize("state", [Comparability.NOT_COMPARABLE, Comparability.UNSCORABLE])
def test_what_cannot_be_compared_is_refused_with_its_reason(state: Comparability) -> None:
    found = result(gate(Rule.EVIDENCE), Comparison(state=state, metric="accuracy", reason="other classes"))
    assert (found.verdict, found.reason) == (GateStatus.REFUSED, f"{state}: other classes")
    bare = result(gate(Rule.EVIDENCE), Comparison(state=state, metric="accuracy"))
    assert bare.reason == f"{state}: no reason recorded"


def test_without_an_incumbent_there_is_nothing_to_be_worse_than() -> None:
    assert passes(gate(Rule.STRICT), Comparison(state=Comparability.NO_INCUMBENT, metric="accuracy"))


def test_a_comparison_that_was_not_made_is_refused() -> None:
    assert not passes(gate(Rule.EVIDENCE))


def test_a_comparison_of_another_gate_does_not_count() -> None:
    wanted = gate(Rule.EVIDENCE)
    assert evaluate_gates((wanted,), EVALUATION, {gate(Rule.POINT): COMPARED})[0].verdict is GateStatus.REFUSED


@pytest.mark.parametrize("metric", ["r2", "mae", "recall:never", "nothing"])
def test_a_metric_that_the_task_cannot_have_is_refused_also_where_there_is_no_incumbent(metric: str) -> None:
    nobody = Comparison(state=Comparability.NO_INCUMBENT, metric=metric)
    for wanted in (Threshold(metric=metric, at_most=9.0), NoWorseThanIncumbent(metric=metric)):
        assert not passes(wanted, nobody, metrics=((metric, 0.5),))


def test_results_come_in_the_gates_order_and_say_the_numbers() -> None:
    gates = (
        Threshold(metric="accuracy", at_least=0.5, at_most=0.9),
        Threshold(metric="accuracy", at_most=0.9),
        Threshold(metric="accuracy", at_least=0.8),
        Threshold(metric="accuracy", at_most=0.7),
        Threshold(metric="f1_macro", at_most=0.7),
        Threshold(metric="r2", at_most=0.7),
        PerformanceGrade(at_least=Grade.A),
        PerformanceGrade(at_least=Grade.C),
        BeatsNaiveGuess(by_share_of_errors=0.2),
        BeatsNaiveGuess(by_share_of_errors=0.9),
        gate(Rule.EVIDENCE),
        gate(Rule.POINT, min_rows=1000),
    )
    found = evaluate_gates(gates, EVALUATION, dict.fromkeys(gates[-2:], COMPARED))  # type: ignore[arg-type]
    assert tuple(one.gate for one in found) == gates
    assert [one.reason for one in found] == [
        "accuracy 0.75 is at least 0.5 and at most 0.9",
        "accuracy 0.75 is at most 0.9",
        "accuracy 0.75 is below 0.8",
        "accuracy 0.75 is above 0.7",
        "f1_macro is not known for this model",
        "r2 is not a metric of a classification",
        "grade B is below A",
        "grade B is at least C",
        "removes 50% of the naive guess's errors, at least 20%",
        "removes 50% of the naive guess's errors, less than 90%",
        "accuracy +0.0000 against the incumbent (95% interval +0.0000 to +0.0000) on 100 rows, evidence rule, "
        "tolerance 0.25; smallest detectable loss 0.0200",
        "not comparable: 100 shared rows, at least 1,000 needed",
    ]


# --- data drift ---


def measured(verdict: DriftVerdict, effect: float = 0.3, feature: str = "amount") -> FeatureDrift:
    return FeatureDrift(
        feature=feature, measure=Measure.PSI, effect=effect, lower=effect, upper=effect, verdict=verdict
    )


def drift(*, some: int = 0, strong: int = 0, too_few: int = 0, outcome: str = "none") -> DriftSummary:
    found = [measured(DriftVerdict.STRONG, 0.7, f"strong {n}") for n in range(strong)]
    found += [measured(DriftVerdict.SOME, 0.2, f"some {n}") for n in range(some)]
    return DriftSummary(
        rows=400,
        features=8,
        some=some,
        strong=strong,
        too_few=too_few,
        outcome=measured(DriftVerdict(outcome)),
        worst=tuple(found[:5]),
    )


@pytest.mark.parametrize(
    ("found", "at_most_some", "at_most_none"),
    [
        (drift(), True, True),
        (drift(some=2), True, False),
        (drift(strong=1, some=7), False, False),
        (drift(outcome="some"), True, False),
        (drift(outcome="strong"), False, False),
        (drift(too_few=7), True, True),
        (drift(too_few=8), False, False),
        ("this artifact has no reference", False, False),
    ],
)
def test_data_drift_passes_up_to_its_bound_and_nothing_that_is_not_known(
    found: DriftSummary | str, at_most_some: bool, at_most_none: bool
) -> None:
    for bound, passed in ((DriftVerdict.SOME, at_most_some), (DriftVerdict.NONE, at_most_none)):
        (judged,) = evaluate_gates((DataDrift(at_most=bound),), EVALUATION, {}, drift=found)
        assert (judged.verdict is GateStatus.PASSED) is passed, judged.reason
        assert judged.drift == (found if isinstance(found, DriftSummary) else None)


def test_the_reason_of_data_drift_has_its_numbers_and_the_gravest_features() -> None:
    (judged,) = evaluate_gates((DataDrift(),), EVALUATION, {}, drift=drift(strong=2, some=1))
    assert judged.reason == (
        "the 400 records to predict drifted from the training rows, more than some: 2 of 8 features; "
        "most: strong 0 (strong, psi 0.700), strong 1 (strong, psi 0.700)"
    )
    (judged,) = evaluate_gates((DataDrift(),), EVALUATION, {})
    assert judged.reason == "data drift is not known: it was not measured"
    (judged,) = evaluate_gates((DataDrift(),), EVALUATION, {}, drift=replace(drift(too_few=8), needed=1_300))
    assert judged.reason == (
        "400 records to predict are too few to tell data drift of 8 features; about 1,300 are needed to tell it of all"
    )


def test_less_drift_is_stricter() -> None:
    strict, loose = DataDrift(at_most=DriftVerdict.NONE), DataDrift()
    assert strict.as_strict_as(loose)
    assert not loose.as_strict_as(strict)
    assert not strict.as_strict_as(PerformanceGrade(at_least=Grade.C))
    assert (strict.subject, strict.amount) == ("data-drift", "at most none")


# --- no difference seen ---


@pytest.mark.parametrize(
    ("rule", "lower", "upper", "words"),
    [
        (Rule.POINT, -0.009, 0.007, "not shown to be as good as the incumbent, no difference seen: "),
        (Rule.STRICT, -0.009, 0.007, "not shown to be as good as the incumbent, no difference seen: "),
        (Rule.EVIDENCE, -0.009, -0.001, "worse than the incumbent: "),
        (Rule.POINT, -0.009, -0.001, "worse than the incumbent: "),
    ],
)
def test_worse_is_said_only_where_the_interval_shows_it(rule: Rule, lower: float, upper: float, words: str) -> None:
    gate = NoWorseThanIncumbent(metric="f1_macro", rule=rule)
    comparison = Comparison(
        state=Comparability.COMPARED,
        metric="f1_macro",
        rows=1_000,
        difference=(lower + upper) / 2,
        lower=lower,
        upper=upper,
    )
    (judged,) = evaluate_gates((gate,), EVALUATION, {gate: comparison})
    assert judged.verdict is GateStatus.REFUSED
    assert judged.reason.startswith(words)
    assert comparison.seen is (Seen.WORSE if upper < 0 else Seen.NOTHING)
