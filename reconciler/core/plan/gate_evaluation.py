"""Evaluate gates on an evaluation and comparisons: one result per gate. Pure.

NaN, absent metrics and those that the task does not have never pass. Gates that do not apply to the model
(`core.spec.applicable_gates`) are listed with why not, and decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from reconciler.core.artifact.evaluation import Evaluation, metric_problem
from reconciler.core.digest import short
from reconciler.core.evaluation.grading import reason_of
from reconciler.core.evaluation.quantiles import kind_of
from reconciler.core.number_text import beside, declared, rounded
from reconciler.core.plan.facts import VerificationFacts
from reconciler.core.quality.drift import DriftSummary
from reconciler.core.spec.applicable_gates import ApplicableGates, exemption
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
from reconciler.core.spec.model import Model

NOT_MEASURED = "it was not measured"
JUDGED_AGAIN = "an artifact is judged again only when a gate, or what it is compared with, has changed"


def evaluate_gates(
    gates: tuple[Gate, ...],
    evaluation: Evaluation,
    comparisons: Mapping[NoWorseThanIncumbent, Comparison],
    earlier: Mapping[NoWorseThanIncumbent, tuple[Comparison, ...]] = MappingProxyType({}),
    drift: DriftSummary | str = NOT_MEASURED,
) -> tuple[GateResult, ...]:
    """Return one result per gate, in order. A missing comparison counts as not comparable. `earlier`: comparisons with
    what was deployed before the incumbent, of the gates against the best. `drift`: of the records to predict, or why it
    is not known."""
    return tuple(
        _drift(gate, drift) if isinstance(gate, DataDrift) else _evaluate_gate(gate, evaluation, comparisons, earlier)
        for gate in gates
    )


def not_applying(gates: tuple[Gate, ...]) -> tuple[GateResult, ...]:
    """Return one result for each gate that does not apply to the model, in order."""
    return tuple(GateResult(gate=gate, verdict=GateStatus.NOT_APPLICABLE, reason=exemption(gate)) for gate in gates)


def impossible(gate: Gate, task: str, classes: Collection[str]) -> tuple[str, str | None] | None:
    """Return why no model of this task and these classes can pass the gate, with a hint: they lack its metric."""
    return metric_problem(gate.metric, task, classes) if isinstance(gate, (Threshold, NoWorseThanIncumbent)) else None


def remedy(gates: ApplicableGates, model: Model, source: str) -> str:
    """Say what to do about a model that was refused by an environment's gates. `source`: where it is trained."""
    task, classes = kind_of(model.recipe), model.recipe.class_names
    again = f"apply {source} again"
    if not gates.applying:
        return f"add a gate that applies to it, or widen the `for:` of one, and {again}"
    if any(impossible(gate, task, classes) for gate in gates.applying):
        return f"narrow the gate by `for:` where it is not meant for such a model, and {again}"
    return f"change the recipe, or the gate by a pull request, and {again}: {JUDGED_AGAIN}"


def gate_notes(facts: VerificationFacts, model: Model) -> Iterator[str]:
    """Say which gates do not apply or can never be passed, as far as no verification says so."""
    known, task, classes = facts.verification, kind_of(model.recipe), model.recipe.class_names
    told = {result.gate for result in known.results} if known is not None else set()
    for gate in facts.gates.others:
        if gate not in told:
            yield f"{facts.environment}: {exemption(gate)}"
    for gate in facts.gates.applying:
        problem = impossible(gate, task, classes)
        if problem is not None and known is None:
            yield f"{facts.environment} will refuse every candidate: {problem[0]}"


def _drift(gate: DataDrift, drift: DriftSummary | str) -> GateResult:
    """Judge by the gravest verdict; drift that is not known, or cannot be told of any feature, refuses."""
    if isinstance(drift, str):
        return _result(gate, False, f"data drift is not known: {drift}")
    rows, of = f"{drift.rows:,} records to predict", f"of {drift.features:,} features"
    told = [each for each in (*drift.worst, drift.outcome) if each.verdict.rank > gate.at_most.rank]
    number = drift.strong if gate.at_most.rank else drift.strong + drift.some
    if number or told:
        gravest = [f"{each.feature} ({each.verdict}, {each.measure} {each.effect:.3f})" for each in told[:3]]
        reason = f"the {rows} drifted from the training rows, more than {gate.at_most}: {number:,} {of}"
        return replace(_result(gate, False, f"{reason}; most: {', '.join(gravest)}"), drift=drift)
    if drift.too_few == drift.features:
        needed = f"; about {drift.needed:,} are needed to tell it of all" if drift.needed else ""
        return replace(_result(gate, False, f"{rows} are too few to tell data drift {of}{needed}"), drift=drift)
    few = f"; {drift.too_few:,} have too few rows to tell" if drift.too_few else ""
    reason = f"{rows} drifted no more than {gate.at_most}: {drift.some:,} some, {drift.strong:,} strong {of}{few}"
    return replace(_result(gate, True, reason), drift=drift)


def _evaluate_gate(
    gate: Threshold | PerformanceGrade | BeatsNaiveGuess | NoWorseThanIncumbent,
    evaluation: Evaluation,
    comparisons: Mapping[NoWorseThanIncumbent, Comparison],
    earlier: Mapping[NoWorseThanIncumbent, tuple[Comparison, ...]],
) -> GateResult:
    classes = tuple(score.name for score in evaluation.classes)
    if (problem := impossible(gate, evaluation.kind, classes)) is not None:
        return _result(gate, False, problem[0])
    match gate:
        case Threshold():
            return _threshold(gate, evaluation)
        case PerformanceGrade():
            passed = evaluation.grade.rank >= gate.at_least.rank
            if not passed and gate.too_good and evaluation.too_good:
                return _result(gate, True, f"grade {evaluation.grade}: too good to be true, which the gate lets pass")
            relation = "is at least" if passed else "is below"
            more = ""
            # The bands by which gates judge know nothing of rare classes: who reads it is told.
            if evaluation.confusion and (reason := reason_of(evaluation)).grade is not evaluation.grade:
                more = f"; in full it is {reason.grade}: {reason.reason}"
            return _result(gate, passed, f"grade {evaluation.grade} {relation} {gate.at_least}{more}")
        case BeatsNaiveGuess():
            removed = evaluation.errors_removed
            passed = math.isfinite(removed) and removed >= gate.by_share_of_errors
            relation, wanted = "at least" if passed else "less than", round(100 * gate.by_share_of_errors, 9)
            return _result(
                gate,
                passed,
                f"removes {beside(100 * removed, wanted, 3)}% of the naive guess's errors, "
                f"{relation} {declared(wanted)}%",
            )
        case NoWorseThanIncumbent():
            missing = Comparison(state=Comparability.NOT_COMPARABLE, metric=gate.metric, reason="nothing was compared")
            return _compared_with_all(gate, comparisons.get(gate, missing), earlier.get(gate, ()))


def _result(gate: Gate, passed: bool, reason: str, comparison: Comparison | None = None) -> GateResult:
    verdict = GateStatus.PASSED if passed else GateStatus.REFUSED
    return GateResult(gate=gate, verdict=verdict, reason=reason, comparison=comparison)


def _threshold(gate: Threshold, evaluation: Evaluation) -> GateResult:
    value = evaluation.metric(gate.metric)
    if value is None or not math.isfinite(value):
        return _result(gate, False, f"{gate.metric} is not known for this model")
    if gate.at_least is not None and value < gate.at_least:
        return _result(gate, False, f"{gate.metric} {beside(value, gate.at_least)} is below {declared(gate.at_least)}")
    if gate.at_most is not None and value > gate.at_most:
        return _result(gate, False, f"{gate.metric} {beside(value, gate.at_most)} is above {declared(gate.at_most)}")
    bounds = [f"at least {declared(gate.at_least)}"] if gate.at_least is not None else []
    bounds += [f"at most {declared(gate.at_most)}"] if gate.at_most is not None else []
    return _result(gate, True, f"{gate.metric} {rounded(value)} is {' and '.join(bounds)}")


def _compared_with_all(
    gate: NoWorseThanIncumbent, comparison: Comparison, earlier: tuple[Comparison, ...]
) -> GateResult:
    """Judge by the incumbent, and by each artifact that was deployed before it and can be compared.

    An earlier one that cannot be compared is told, and refuses nothing: the incumbent, which was no worse than it when
    it came in, still must be.
    """
    result = _comparison(gate, comparison)
    if gate.against is None:
        return result
    result = replace(result, earlier=earlier)
    if result.verdict is not GateStatus.PASSED or not earlier:
        return result
    judged = [(other, _comparison(gate, other)) for other in earlier]
    scored = [(other, verdict) for other, verdict in judged if other.state is Comparability.COMPARED]
    untold = [f"{_name(other)} {other.reason or other.state}" for other, _ in judged if other not in dict(scored)]
    left_out = f"; {len(untold)} could not be compared: {', '.join(untold)}" if untold else ""
    worse = [verdict.reason for _, verdict in scored if verdict.verdict is not GateStatus.PASSED]
    if worse:
        return replace(result, verdict=GateStatus.REFUSED, reason=f"{worse[0]}{left_out}")
    if not scored:
        return replace(result, reason=f"{result.reason}{left_out}")
    hardest, _ = min(scored, key=lambda pair: pair[0].difference or 0.0)
    words = f"{hardest.difference or 0.0:+.4f} against {_name(hardest)}, the best of {len(scored)} deployed before"
    return replace(result, reason=f"{result.reason}; {words}{left_out}")


def _name(comparison: Comparison) -> str:
    return short(comparison.artifact) if comparison.artifact is not None else "the incumbent"


def _comparison(gate: NoWorseThanIncumbent, comparison: Comparison) -> GateResult:
    match comparison.state:
        case Comparability.NO_INCUMBENT:
            return _result(gate, True, "no incumbent: there is nothing to compare with", comparison)
        case Comparability.NOT_COMPARABLE | Comparability.UNSCORABLE:
            return _result(gate, False, f"{comparison.state}: {comparison.reason or 'no reason recorded'}", comparison)
        case Comparability.COMPARED:
            return _compared(gate, comparison)


def _compared(gate: NoWorseThanIncumbent, comparison: Comparison) -> GateResult:
    difference, lower, upper = comparison.difference, comparison.lower, comparison.upper
    if difference is None or lower is None or upper is None or not all(map(math.isfinite, (difference, lower, upper))):
        return _result(gate, False, f"not comparable: {gate.metric} is not known on the shared rows", comparison)
    if comparison.rows < gate.min_rows:
        return _result(
            gate,
            False,
            f"not comparable: {comparison.rows:,} shared rows, at least {gate.min_rows:,} needed",
            comparison,
        )
    bound = {Rule.EVIDENCE: upper, Rule.POINT: difference, Rule.STRICT: lower}[gate.rule]
    passed = bound > -gate.tolerance if gate.rule is Rule.STRICT else bound >= -gate.tolerance
    confidence = 100 * (comparison.confidence or 0.95)
    numbers = (
        f"{gate.metric} {difference:+.4f} against {_name(comparison)} "
        f"({rounded(confidence)}% interval {lower:+.4f} to {upper:+.4f}) "
        f"on {comparison.rows:,} rows, {gate.rule} rule, tolerance {declared(gate.tolerance)}"
    )
    if comparison.detectable is not None:
        numbers += f"; smallest detectable loss {comparison.detectable:.4f}"
    if comparison.reason is not None:
        numbers += f"; {comparison.reason}"
    if passed:
        return _result(gate, True, numbers, comparison)
    # A point or strict rule refuses what is not told apart, too: that is no proof that it is worse.
    if comparison.seen is Seen.WORSE:
        return _result(gate, False, f"worse than {_place(comparison)}: {numbers}", comparison)
    relation = f"not shown to be as good as {_place(comparison)}, no difference seen"
    if comparison.seen is Seen.BETTER:
        relation = f"not better than {_place(comparison)} by as much as is asked for"
    return _result(gate, False, f"{relation}: {numbers}", comparison)


def _place(comparison: Comparison) -> str:
    return "the incumbent" if comparison.artifact is None else "what was deployed before the incumbent"
