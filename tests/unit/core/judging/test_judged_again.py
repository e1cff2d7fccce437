"""What was recorded is judged again as it was judged then, and what says otherwise than the artifact is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.artifact.evaluation import ClassScore
from reconciler.core.judging.evaluate_gates import evaluate_gates
from reconciler.core.judging.judged_again import judged_again
from reconciler.core.spec.gates import GateResult, GateStatus, PerformanceGrade, Threshold
from reconciler.core.spec.grade import Grade
from tests.unit.core.plan.test_gate_evaluation import EVALUATION

RARE = replace(
    EVALUATION,
    rows=1_000,
    classes=tuple(
        ClassScore(name=name, rows=rows, precision=0, recall=0, f1=0) for name, rows in (("fine", 980), ("fraud", 20))
    ),
    confusion=((980, 0), (20, 0)),
    metrics=(("accuracy", 0.98),),
    grade=Grade.C,
)
GATE = PerformanceGrade(at_least=Grade.C)


def test_what_was_judged_by_the_bands_stays_passed_though_it_would_be_refused_today() -> None:
    old = GateResult(gate=GATE, verdict=GateStatus.PASSED, reason="grade C is at least C")
    again = judged_again(old, RARE)
    assert again is not None
    assert again.verdict is GateStatus.PASSED
    (today,) = evaluate_gates((GATE,), RARE, {})
    assert (today.verdict, today.grade) == (GateStatus.REFUSED, Grade.D)


def test_a_result_of_before_reads_as_it_was_written_and_is_written_as_it_was() -> None:
    body = b'{"gate":{"atLeast":"C","uses":"performance-grade"},"reason":"grade C is at least C","verdict":"passed"}'
    old = codec.decode(GateResult, body, what="a result")
    assert codec.encode(old) == body


@pytest.mark.parametrize(
    "forged",
    [
        GateResult(gate=GATE, verdict=GateStatus.PASSED, reason="", grade=Grade.C),
        GateResult(gate=GATE, verdict=GateStatus.PASSED, reason="", grade=Grade.A),
        GateResult(gate=Threshold(metric="roc_auc", at_least=0.9), verdict=GateStatus.PASSED, reason="good"),
        replace(
            evaluate_gates((Threshold(metric="accuracy", at_least=0.5),), RARE, {})[0],
            gate=Threshold(metric="accuracy", at_least=0.99),
        ),
    ],
)
def test_a_passed_result_that_the_artifact_or_its_own_figures_do_not_give_is_found(forged: GateResult) -> None:
    again = judged_again(forged, RARE)
    assert again is not None
    assert again.verdict is GateStatus.REFUSED


def test_a_figure_that_the_artifact_knows_otherwise_is_found() -> None:
    gate = Threshold(metric="accuracy", at_least=0.985)
    (honest,) = evaluate_gates((gate,), RARE, {})
    assert honest.figures is not None
    forged = replace(
        honest, verdict=GateStatus.PASSED, figures=tuple(replace(each, value=0.99) for each in honest.figures)
    )
    again = judged_again(forged, RARE)
    assert again is not None
    assert again.verdict is GateStatus.REFUSED
    assert again.reason == "accuracy is 0.98 by the artifact's own evaluation"
