"""Two models are compared by any figure of the list: the right number, the right direction, an interval that covers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.spec.comparison import Comparability, ComparedPart, ComparedParts, Comparison
from reconciler.core.spec.gates import GateStatus, NoWorseThanIncumbent, Rule
from reconciler.core.spec.gates.known_figures import KNOWN_FIGURES, OF_ONE_CLASS
from reconciler.core.spec.recipe import Task
from reconciler.evaluation.detailed import class_figures, number_figures
from reconciler.evaluation.metrics import confusion_of
from reconciler.evaluation.paired_figures import paired_classes, paired_numbers
from tests.support.effort import count
from tests.unit.evaluation.test_known_answers import evaluation

CLASSES = ("early", "late", "never")
ROWS = 1_500
OF_CLASSES = [name for name, known in KNOWN_FIGURES.items() if known.task is Task.CLASSIFICATION]
OF_NUMBERS = [name for name, known in KNOWN_FIGURES.items() if known.task is Task.REGRESSION]


def scores(random: np.random.Generator, actual: Any, signal: float) -> Any:
    """Return probabilities that follow the classes: the more signal, the better the model by every figure."""
    logits = signal * np.eye(3)[actual] + random.normal(size=(len(actual), 3))
    shares = np.exp(signal * logits)  # near to what Bayes says of these logits
    return shares / shares.sum(axis=1, keepdims=True)


def classified(seed: int) -> tuple[Any, Any, Any]:
    """Return probabilities of a good and of a bad model, and the true classes."""
    random = np.random.default_rng(seed)
    actual = random.integers(0, 3, ROWS)
    good, bad = scores(random, actual, 1.6), scores(random, actual, 0.6) ** 6
    return good, bad / bad.sum(axis=1, keepdims=True), actual  # too sure of itself


def gate(metric: str, **changes: Any) -> NoWorseThanIncumbent:
    return replace(NoWorseThanIncumbent(metric=metric), **changes)


@pytest.mark.parametrize("metric", [*OF_CLASSES, *(f"{kind}:late" for kind in OF_ONE_CLASS)])
def test_of_classes_every_figure_prefers_the_better_model_and_says_what_scikit_learn_says(metric: str) -> None:
    good, bad, actual = classified(7)
    better = paired_classes(gate(metric), good, bad, actual, CLASSES)
    worse = paired_classes(gate(metric), bad, good, actual, CLASSES)
    assert better.state is Comparability.COMPARED
    assert better.lower is not None
    assert better.difference is not None
    assert worse.upper is not None
    assert 0 < better.lower <= better.difference
    assert worse.upper < 0
    assert worse.difference == pytest.approx(-better.difference)
    kind, _, label = metric.partition(":")
    figures, details = class_figures.figures_of(good, actual, confusion_of(actual, good.argmax(axis=1), 3), CLASSES)
    among = next(each.figures for each in details if each.name == label) if label else figures
    value = next(each.value for each in among if each.name == kind)
    assert better.candidate == pytest.approx(value)
    if metric == "matthews":
        assert better.candidate == pytest.approx(sklearn.matthews_corrcoef(actual, good.argmax(axis=1)))
    if metric == "roc_auc":
        own = sklearn.roc_auc_score(actual, good, multi_class="ovr")
        assert better.candidate == pytest.approx(own)


@pytest.mark.parametrize("metric", OF_NUMBERS)
def test_of_numbers_every_figure_prefers_the_better_model(metric: str) -> None:
    random = np.random.default_rng(3)
    actual = random.normal(size=ROWS)
    good, bad = (actual + by * random.normal(size=ROWS) + by * 1.2816 for by in (0.3, 0.9))
    bad = bad + 1.5  # covers nearly all
    better = paired_numbers(gate(metric), good, bad, actual, quantile=0.9)
    worse = paired_numbers(gate(metric), bad, good, actual, quantile=0.9)
    assert better.lower is not None
    assert worse.upper is not None
    assert better.difference is not None
    assert 0 < better.lower <= better.difference
    assert worse.upper < 0
    assert worse.difference == pytest.approx(-better.difference)
    values = {each.name: each.value for each in number_figures.figures_of(good, actual, 0.9)}
    assert better.candidate == pytest.approx(values[metric])


def test_coverage_is_better_where_it_is_nearer_from_either_side() -> None:
    actual = np.arange(1_000.0)
    too_low, too_high, right = np.full(1_000, 699.0), np.full(1_000, 979.0), np.full(1_000, 899.0)
    for far in (too_low, too_high):
        found = paired_numbers(gate("coverage"), right, far, actual, quantile=0.9)
        assert found.lower is not None
        assert found.lower > 0
    found = paired_numbers(gate("coverage"), too_low, too_high, actual, quantile=0.9)
    assert found.difference == pytest.approx(0.08 - 0.2)


def test_without_rows_of_a_class_a_ranking_is_not_defined_and_refuses() -> None:
    good, bad, actual = classified(1)
    few = actual != 2
    found = paired_classes(gate("roc_auc"), good[few], bad[few], actual[few], CLASSES)
    assert found.state is Comparability.NOT_COMPARABLE
    assert "roc_auc is not defined on these rows" in str(found.reason)


def test_forty_classes_are_compared_in_bounded_memory() -> None:
    """All resamples of 64,000 cells at once would take a gigabyte."""
    import tracemalloc

    random = np.random.default_rng(4)
    actual = random.integers(0, 25, 500)
    probabilities = random.dirichlet(np.ones(25), 500)
    tracemalloc.start()
    paired_classes(gate("f1_macro"), probabilities, probabilities[::-1], actual, tuple(map(str, range(25))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150_000_000


@pytest.mark.soak
@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "brier", "matthews", "expected_calibration_error"])
def test_of_equals_no_more_are_refused_than_is_stated(metric: str) -> None:
    """The evidence rule at tolerance 0 refuses an equal candidate in 2.5 % of cases."""
    seeds, refused = count("EQUAL_FIGURES"), 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        actual = random.integers(0, 3, 400)
        ours, theirs = (scores(random, actual, 1.0) for _ in range(2))
        found = paired_classes(gate(metric), ours, theirs, actual, CLASSES)
        assert found.upper is not None
        refused += found.upper < 0
    rate = 0.035  # of 400 rows
    assert refused / seeds <= rate + 2.6 * (rate * (1 - rate) / seeds) ** 0.5


# --- per slice ------------------------------------------------------------------------------------------------------

REGION = gate("f1_macro", per="region", sliced_by='"region"', min_support=50, tolerance=0.01)
WHOLE = Comparison(
    state=Comparability.COMPARED,
    metric="f1_macro",
    rows=900,
    candidate=0.8,
    incumbent=0.7,
    difference=0.1,
    lower=0.08,
    upper=0.12,
)


def part(name: str, difference: float | None, half: float = 0.02) -> ComparedPart:
    if difference is None:
        return ComparedPart(name=name, rows=60, why="f1_macro is not defined on these rows")
    low, high = difference - half, difference + half
    return ComparedPart(name=name, rows=300, difference=difference, lower=low, upper=high, confidence=0.975)


def judged(rule: Rule, *parts: ComparedPart, small: int = 0, problem: str | None = None) -> Any:
    of_rule = replace(REGION, rule=rule)
    per = ComparedParts(parts=parts, small=small, small_rows=10 * small, problem=problem)
    (found,) = evaluate_gates((of_rule,), evaluation(), {of_rule: replace(WHOLE, per=per)})
    return found


def test_a_part_that_is_worse_refuses_although_all_rows_together_are_better() -> None:
    found = judged(Rule.EVIDENCE, part("region = north", 0.2), part("region = south", -0.1), small=2)
    assert found.verdict is GateStatus.REFUSED
    assert found.reason.startswith(
        "worse than the incumbent: f1_macro -0.1000 against the incumbent (97.5% interval -0.1200 to -0.0800) in "
        "region = south (300 rows)"
    )
    assert "2 of 4 slices compared; 2 with fewer than 50 shared rows (20 in all) not compared" in found.reason
    assert (found.slices.judged, found.slices.small) == (2, 2)


@pytest.mark.parametrize(("rule", "passes"), [(Rule.EVIDENCE, True), (Rule.POINT, False), (Rule.STRICT, False)])
def test_rules_read_each_part_as_they_read_all_rows(rule: Rule, *, passes: bool) -> None:
    found = judged(rule, part("region = north", 0.2), part("region = south", -0.015))
    assert (found.verdict is GateStatus.PASSED) is passes


def test_what_no_part_can_tell_refuses_and_one_that_cannot_is_told() -> None:
    assert judged(Rule.EVIDENCE, part("a", None)).verdict is GateStatus.REFUSED
    assert judged(Rule.EVIDENCE, small=3).verdict is GateStatus.REFUSED
    assert judged(Rule.EVIDENCE, problem="the slice cannot be cut").verdict is GateStatus.REFUSED
    both = judged(Rule.EVIDENCE, part("a", None), part("b", 0.0))
    assert both.verdict is GateStatus.PASSED
    assert "1 cannot be told (a: f1_macro is not defined on these rows)" in both.reason
    assert judged(Rule.STRICT, part("a", None), part("b", 0.1)).verdict is GateStatus.REFUSED


def test_of_many_parts_the_worst_are_recorded_and_all_are_judged() -> None:
    parts = [part(f"region = {n}", 0.1 - 0.001 * n) for n in range(100)]
    found = judged(Rule.EVIDENCE, *parts, part("region = bad", -0.5))
    assert found.slices.judged == 101
    assert found.comparison.per.parts[0].name == "region = bad"
    assert len(found.comparison.per.parts) == 20
