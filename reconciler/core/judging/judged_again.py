"""Judge again what is recorded of a gate, so that a record that says otherwise than the artifact is found. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.judging.compare_models import gate_result
from reconciler.core.judging.evaluate_gates import NOT_MEASURED, evaluate_gates, impossible, own_grade
from reconciler.core.judging.judge_figures import verdict_again
from reconciler.core.number_text import rounded
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    BoundedFigure,
    DataDrift,
    GateResult,
    PerformanceGrade,
    needs_rows,
)


def judged_again(result: GateResult, evaluation: Evaluation) -> GateResult | None:
    """Judge again what a recorded result says, from the artifact's own evaluation and from what the result records.

    None where neither can tell: a comparison, and the answer of a plug-in.
    """
    gate = result.gate
    classes = tuple(score.name for score in evaluation.classes)
    if impossible(gate, evaluation.kind, classes) is not None or isinstance(gate, (BeatsNaiveGuess, DataDrift)):
        (again,) = evaluate_gates((gate,), evaluation, {}, drift=result.drift or NOT_MEASURED)
        return again
    if isinstance(gate, PerformanceGrade):
        return _grade_again(gate, result, evaluation)
    if not isinstance(gate, BoundedFigure):
        return None
    if not result.figures and not needs_rows(gate, transformed=False):
        (again,) = evaluate_gates((gate,), evaluation, {})
        return again
    if (problem := _contradiction(result, evaluation)) is not None:
        return gate_result(gate, False, problem)
    return replace(result, verdict=verdict_again(result))


def _grade_again(gate: PerformanceGrade, result: GateResult, evaluation: Evaluation) -> GateResult:
    """Judge by the grade that was recorded; where there is none, by the bands, as it was then."""
    if result.grade is None:
        passed = evaluation.grade.rank >= gate.at_least.rank or bool(gate.too_good and evaluation.too_good)
        return gate_result(gate, passed, f"grade {evaluation.grade} by the bands alone")
    own = own_grade(evaluation)
    if evaluation.classes and (own.grade, own.too_good) != (result.grade, bool(result.too_good)):
        return gate_result(gate, False, f"grade {own.grade}, and not {result.grade}: {own.reason}")
    passed = result.grade.rank >= gate.at_least.rank or bool(gate.too_good and result.too_good)
    return gate_result(gate, passed, f"grade {result.grade}")


_NEAR = 1e-6


def _contradiction(result: GateResult, evaluation: Evaluation) -> str | None:
    """Say which figure of all rows the artifact's own evaluation knows otherwise; numbers may be in another unit."""
    for figure in result.figures or ():
        own = evaluation.metric(figure.figure) if figure.slice is None and evaluation.classes else None
        if own is None or (figure.value is not None and math.isclose(own, figure.value, rel_tol=_NEAR, abs_tol=_NEAR)):
            continue
        return f"{figure.figure} is {rounded(own)} by the artifact's own evaluation"
    return None
