"""`against: best` on rows: what it refuses of equals, what it finds, and what an honest reading of it says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reconciler.core.digest import Digest
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import Against, GateResult, GateStatus, NoWorseThanIncumbent, Rule
from reconciler.evaluation.paired_figures import paired_classes
from tests.support.effort import count
from tests.unit.evaluation.test_known_answers import evaluation

GATE = NoWorseThanIncumbent(metric="accuracy", against=Against.BEST, within=1)
EVALUATION = evaluation()
RATE = 0.05
"""The stated share of equal candidates that the evidence rule refuses at most, at tolerance 0: 2.5 % by the incumbent,
and 2.5 % by all that was deployed before it, together."""


def right(chance: np.random.Generator, rows: int, accuracy: float) -> NDArray[np.bool_]:
    """Return which rows a model gets right."""
    return chance.random(rows) < accuracy


def judged(
    gate: NoWorseThanIncumbent,
    candidate: NDArray[np.bool_],
    incumbent: NDArray[np.bool_],
    earlier: list[NDArray[np.bool_]],
) -> GateResult:
    """Judge a candidate as the engine does: each earlier interval is wider, the more of them there are."""
    actual = np.zeros(len(candidate), dtype=np.int64)

    def against(other: np.ndarray, confidence: float = 0.95) -> Comparison:
        ours, theirs = (np.eye(2)[np.where(hits, 0, 1)] for hits in (candidate, other))
        return paired_classes(gate, ours, theirs, actual, ("a", "b"), confidence)

    confidence = 1 - 0.05 / max(len(earlier), 1)
    others = tuple(
        replace(against(other, confidence), artifact=Digest(f"sha256:{number:064x}"), confidence=confidence)
        for number, other in enumerate(earlier)
    )
    return evaluate_gates((gate,), EVALUATION, {gate: against(incumbent)}, {gate: others})[0]


def refused(gate: NoWorseThanIncumbent, seeds: int, *, earlier: int, rows: int = 1000) -> float:
    """Return the share of candidates that are refused although all models are equally good."""
    found = 0
    for seed in range(seeds):
        chance = np.random.default_rng(seed)
        models = [right(chance, rows, 0.8) for _ in range(earlier + 2)]
        found += judged(gate, models[0], models[1], models[2:]).verdict is GateStatus.REFUSED
    return found / seeds


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("earlier", [0, 5])
def test_of_equals_no_more_are_refused_than_is_stated(earlier: int) -> None:
    seeds = count("EQUALS")
    rate = RATE if earlier else RATE / 2
    allowed = rate + 2.6 * math.sqrt(rate * (1 - rate) / seeds)  # 99.5 % of all samples of that rate
    assert refused(GATE, seeds, earlier=earlier) <= allowed


def test_with_a_tolerance_hardly_any_equal_is_refused() -> None:
    assert refused(replace(GATE, tolerance=0.01), count("EQUALS") // 3, earlier=5) <= 0.03


def test_twenty_promotions_that_each_lose_nine_tenths_of_the_tolerance_are_stopped_by_the_third() -> None:
    """On 5,000 rows; against the incumbent alone, none of them is stopped in most chains."""
    gate = replace(GATE, tolerance=0.02)
    stops, alone = [], 0
    for seed in range(30):
        chance = np.random.default_rng(seed)
        deployed = [right(chance, 5000, 0.9)]
        for promotion in range(1, 21):
            candidate = right(chance, 5000, 0.9 - 0.018 * promotion)
            if judged(gate, candidate, deployed[-1], deployed[:-1]).verdict is GateStatus.REFUSED:
                break
            deployed.append(candidate)
        stops.append(promotion)
        second, third = (right(chance, 5000, 0.9 - 0.018 * promotion) for promotion in (2, 3))
        alone += judged(replace(gate, against=None, within=None), third, second, []).verdict is GateStatus.REFUSED
    assert max(stops) <= 3
    assert alone <= 3


COMPARED = Comparison(
    state=Comparability.COMPARED,
    metric="accuracy",
    rows=1000,
    candidate=0.8,
    incumbent=0.8,
    difference=0.0,
    lower=-0.01,
    upper=0.01,
)


def earlier(number: int, **changes: object) -> Comparison:
    return replace(COMPARED, artifact=Digest(f"sha256:{number:064x}"), **changes)  # type: ignore[arg-type]


def test_an_earlier_one_that_cannot_be_compared_is_told_and_one_that_is_better_refuses() -> None:
    lost = earlier(1, state=Comparability.UNSCORABLE, reason="its features cannot be made", difference=None)
    better = earlier(2, difference=-0.05, lower=-0.07, upper=-0.03)
    (told,) = evaluate_gates((GATE,), EVALUATION, {GATE: COMPARED}, {GATE: (lost, earlier(3))})
    assert told.verdict is GateStatus.PASSED
    assert (
        "the best of 1 deployed before; 1 could not be compared: 000000000000 its features cannot be made"
        in told.reason
    )
    assert told.earlier == (lost, earlier(3))
    (found,) = evaluate_gates((GATE,), EVALUATION, {GATE: COMPARED}, {GATE: (lost, better)})
    assert found.verdict is GateStatus.REFUSED
    assert found.reason.startswith("worse than what was deployed before the incumbent: accuracy -0.0500 against 00000")


def test_an_incumbent_that_cannot_be_compared_refuses_whatever_was_before() -> None:
    nobody = replace(COMPARED, state=Comparability.UNSCORABLE, reason="it does not load")
    (found,) = evaluate_gates((GATE,), EVALUATION, {GATE: nobody}, {GATE: (earlier(1),)})
    assert found.verdict is GateStatus.REFUSED


def test_by_points_and_strictly_the_same_others_count() -> None:
    slightly = earlier(1, difference=-0.001, lower=-0.004, upper=0.002)
    verdicts = []
    for rule in Rule:
        gate = replace(GATE, rule=rule, tolerance=0.002)
        close = replace(COMPARED, lower=-0.001)
        (found,) = evaluate_gates((gate,), EVALUATION, {gate: close}, {gate: (slightly,)})
        verdicts.append(found.verdict is GateStatus.PASSED)
    assert verdicts == [True, True, False]
