"""Evaluate gates on an evaluation, figures in full and comparisons: one result per gate. Pure.

NaN and figures that are not known never pass. What does not apply to the model (`core.judging.applicable_gates`) is not
asked here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from reconciler.core.artifact.evaluation import QUANTILE, Evaluation
from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import GradedBy, GradeReason
from reconciler.core.evaluation.grading import reason_of
from reconciler.core.judging.compare_models import compared_with_all, gate_result
from reconciler.core.judging.judge_figures import judge_bounded
from reconciler.core.judging.judged_figures import FiguresOfClass, FiguresOfRows, JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer, result_of
from reconciler.core.number_text import beside, declared
from reconciler.core.quality.drift import DriftSummary
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    BoundedFigure,
    BoundedGate,
    DataDrift,
    Gate,
    GateResult,
    NoWorseThanIncumbent,
    PerformanceGrade,
    PluginGate,
    figure_of,
    needs_rows,
)
from reconciler.core.spec.gates.known_figures import KNOWN_FIGURES, OF_ONE_CLASS
from reconciler.core.spec.recipe import Task

NOT_MEASURED = "it was not measured"


def evaluate_gates(
    gates: tuple[Gate, ...],
    evaluation: Evaluation,
    comparisons: Mapping[NoWorseThanIncumbent, Comparison],
    earlier: Mapping[NoWorseThanIncumbent, tuple[Comparison, ...]] = MappingProxyType({}),
    drift: DriftSummary | str = NOT_MEASURED,
    figures: JudgedFigures | str = NOT_MEASURED,
    answers: Mapping[PluginGate, GateAnswer | str] = MappingProxyType({}),
    *,
    transformed: bool = False,
) -> tuple[GateResult, ...]:
    """Return one result per gate, in order. A missing comparison counts as not comparable. `earlier`: comparisons with
    what was deployed before the incumbent, of the gates against the best. `drift`: of the records to predict, or why it
    is not known. `figures`: of the candidate in full, or why they are not known. `answers`: of plug-ins. `transformed`:
    the outcome is a transform of what it is judged in."""

    def evaluated(gate: Gate) -> GateResult:
        if isinstance(gate, DataDrift):
            return _drift(gate, drift)
        if isinstance(gate, PluginGate):
            return result_of(gate, answers.get(gate, NOT_MEASURED))
        if isinstance(gate, BoundedFigure) and (problem := _no_class(gate, evaluation)) is not None:
            return gate_result(gate, False, problem)
        in_full = figures if needs_rows(gate, transformed=transformed) or not isinstance(figures, str) else None
        if isinstance(gate, BoundedFigure):
            return judge_bounded(gate, in_full if in_full is not None else _as_in_artifact(evaluation))
        if isinstance(gate, PerformanceGrade):
            return _grade(gate, own_grade(evaluation) if not transformed else in_full or NOT_MEASURED)
        return _evaluate_gate(gate, evaluation, comparisons, earlier)

    return tuple(evaluated(gate) for gate in gates)


def _as_in_artifact(evaluation: Evaluation) -> JudgedFigures:
    """Return the figures that an artifact has of itself, which have no intervals. Its grade is that of its bands: no
    gate on a figure reads it, and one in full is dear."""
    metrics = dict(evaluation.metrics)
    return JudgedFigures(
        all_rows=FiguresOfRows(
            rows=evaluation.rows,
            figures=tuple(Figure(name=name, value=value) for name, value in metrics.items() if ":" not in name),
            classes=tuple(
                FiguresOfClass(
                    name=score.name,
                    rows=score.rows,
                    figures=tuple(
                        Figure(name=kind, value=metrics.get(f"{kind}:{score.name}"))
                        for kind in ("precision", "recall", "f1")
                    ),
                )
                for score in evaluation.classes
            ),
        ),
        grade=_by_bands(evaluation),
        quantile=evaluation.quantile,
    )


def _no_class(gate: BoundedGate, evaluation: Evaluation) -> str | None:
    problem = impossible(gate, evaluation.kind, tuple(score.name for score in evaluation.classes))
    return problem[0] if problem is not None else None


def own_grade(evaluation: Evaluation) -> GradeReason:
    """Return the grade of an artifact by its own evaluation, in full as far as that has the counts that it takes."""
    if evaluation.confusion or evaluation.quantile is not None or evaluation.metric("r2") is not None:
        return reason_of(evaluation)
    return _by_bands(evaluation)


def _by_bands(evaluation: Evaluation) -> GradeReason:
    by_bands = GradeReason(grade=evaluation.grade, by=GradedBy.SKILL, value=None, reason="", advice="")
    return replace(by_bands, too_good=evaluation.too_good)


def _grade(gate: PerformanceGrade, found: GradeReason | JudgedFigures | str) -> GateResult:
    """Judge by the grade in full, with its reason."""
    if isinstance(found, str):
        return gate_result(gate, False, f"the grade is not known: {found}")
    given = found.grade if isinstance(found, JudgedFigures) else found
    passed = given.grade.rank >= gate.at_least.rank
    if not passed and gate.too_good and given.too_good:
        passed, relation = True, "is one that the gate lets pass"
    else:
        relation = f"{'is at least' if passed else 'is below'} {gate.at_least}"
    why = f": {given.reason}" if given.reason else ""
    result = gate_result(gate, passed, f"grade {given.grade} {relation}{why}")
    return replace(result, grade=given.grade, too_good=True if given.too_good else None)


def impossible(gate: Gate, task: str, classes: Collection[str]) -> tuple[str, str | None] | None:
    """Return why no model of this task and these classes can pass the gate, with a hint: they lack its figure."""
    figure = figure_of(gate)
    return _figure_problem(figure, task, classes) if figure is not None else None


def _figure_problem(figure: str, task: str, classes: Collection[str]) -> tuple[str, str | None] | None:
    """Return why a model of this task and these classes lacks a figure; `task`: QUANTILE where it predicts one."""
    kind, colon, label = figure.partition(":")
    classifies = task == "classification"
    if colon:
        if classifies and kind in OF_ONE_CLASS and label in classes:
            return None
        named = ", ".join(classes) or "none"
        return f"{figure} names a class that the model does not have; its classes: {named}", None
    of_task = Task.CLASSIFICATION if classifies else Task.REGRESSION
    of = [
        name for name, each in KNOWN_FIGURES.items() if each.task is of_task and (not each.quantile or task == QUANTILE)
    ]
    if figure in of:
        return None
    return f"{figure} is not a metric of a {task}", f"metrics: {', '.join(of)}"


def _drift(gate: DataDrift, drift: DriftSummary | str) -> GateResult:
    """Judge by the gravest verdict; drift that is not known, or cannot be told of any feature, refuses."""
    if isinstance(drift, str):
        return gate_result(gate, False, f"data drift is not known: {drift}")
    rows, of = f"{drift.rows:,} records to predict", f"of {drift.features:,} features"
    told = [each for each in (*drift.worst, drift.outcome) if each.verdict.rank > gate.at_most.rank]
    number = drift.strong if gate.at_most.rank else drift.strong + drift.some
    if number or told:
        gravest = [f"{each.feature} ({each.verdict}, {each.measure} {each.effect:.3f})" for each in told[:3]]
        reason = f"the {rows} drifted from the training rows, more than {gate.at_most}: {number:,} {of}"
        return replace(gate_result(gate, False, f"{reason}; most: {', '.join(gravest)}"), drift=drift)
    if drift.too_few == drift.features:
        needed = f"; about {drift.needed:,} are needed to tell it of all" if drift.needed else ""
        return replace(gate_result(gate, False, f"{rows} are too few to tell data drift {of}{needed}"), drift=drift)
    few = f"; {drift.too_few:,} have too few rows to tell" if drift.too_few else ""
    reason = f"{rows} drifted no more than {gate.at_most}: {drift.some:,} some, {drift.strong:,} strong {of}{few}"
    return replace(gate_result(gate, True, reason), drift=drift)


def _evaluate_gate(
    gate: BeatsNaiveGuess | NoWorseThanIncumbent,
    evaluation: Evaluation,
    comparisons: Mapping[NoWorseThanIncumbent, Comparison],
    earlier: Mapping[NoWorseThanIncumbent, tuple[Comparison, ...]],
) -> GateResult:
    classes = tuple(score.name for score in evaluation.classes)
    if (problem := impossible(gate, evaluation.kind, classes)) is not None:
        return gate_result(gate, False, problem[0])
    match gate:
        case BeatsNaiveGuess():
            removed = evaluation.errors_removed
            passed = math.isfinite(removed) and removed >= gate.by_share_of_errors
            relation, wanted = "at least" if passed else "less than", round(100 * gate.by_share_of_errors, 9)
            return gate_result(
                gate,
                passed,
                f"removes {beside(100 * removed, wanted, 3)}% of the naive guess's errors, "
                f"{relation} {declared(wanted)}%",
            )
        case NoWorseThanIncumbent():
            missing = Comparison(state=Comparability.NOT_COMPARABLE, metric=gate.metric, reason="nothing was compared")
            return compared_with_all(gate, comparisons.get(gate, missing), earlier.get(gate, ()))
