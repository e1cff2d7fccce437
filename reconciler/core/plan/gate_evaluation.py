"""Evaluate gates on an evaluation and comparisons: one result per gate. Pure; NaN and absent metrics never pass."""

from __future__ import annotations

import math
from collections.abc import Mapping

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.spec.gates import (
    BeatsNaiveGuess,
    Comparability,
    Comparison,
    Gate,
    GateResult,
    GateStatus,
    NoWorseThanIncumbent,
    PerformanceGrade,
    Rule,
    Threshold,
)


def evaluate_gates(
    gates: tuple[Gate, ...], evaluation: Evaluation, comparisons: Mapping[NoWorseThanIncumbent, Comparison]
) -> tuple[GateResult, ...]:
    """Return one result per gate, in order. A missing comparison counts as not comparable."""
    return tuple(_evaluate_gate(gate, evaluation, comparisons) for gate in gates)


def _evaluate_gate(
    gate: Gate, evaluation: Evaluation, comparisons: Mapping[NoWorseThanIncumbent, Comparison]
) -> GateResult:
    match gate:
        case Threshold():
            return _threshold(gate, evaluation)
        case PerformanceGrade():
            passed = evaluation.grade.rank >= gate.at_least.rank
            relation = "is at least" if passed else "is below"
            return _result(gate, passed, f"grade {evaluation.grade} {relation} {gate.at_least}")
        case BeatsNaiveGuess():
            removed = evaluation.errors_removed
            passed = math.isfinite(removed) and removed >= gate.by_share_of_errors
            relation = "at least" if passed else "less than"
            return _result(
                gate,
                passed,
                f"removes {removed:.1%} of the naive guess's errors, {relation} {gate.by_share_of_errors:.1%}",
            )
        case NoWorseThanIncumbent():
            missing = Comparison(state=Comparability.NOT_COMPARABLE, metric=gate.metric, reason="nothing was compared")
            return _comparison(gate, comparisons.get(gate, missing))


def _result(gate: Gate, passed: bool, reason: str, comparison: Comparison | None = None) -> GateResult:
    verdict = GateStatus.PASSED if passed else GateStatus.REFUSED
    return GateResult(gate=gate, verdict=verdict, reason=reason, comparison=comparison)


def _threshold(gate: Threshold, evaluation: Evaluation) -> GateResult:
    value = evaluation.metric(gate.metric)
    if value is None or not math.isfinite(value):
        return _result(gate, False, f"{gate.metric} is not known for this model")
    if gate.at_least is not None and value < gate.at_least:
        return _result(gate, False, f"{gate.metric} {value:.4g} is below {gate.at_least:g}")
    if gate.at_most is not None and value > gate.at_most:
        return _result(gate, False, f"{gate.metric} {value:.4g} is above {gate.at_most:g}")
    bounds = [f"at least {gate.at_least:g}"] if gate.at_least is not None else []
    bounds += [f"at most {gate.at_most:g}"] if gate.at_most is not None else []
    return _result(gate, True, f"{gate.metric} {value:.4g} is {' and '.join(bounds)}")


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
    numbers = (
        f"{gate.metric} {difference:+.4f} against the incumbent (95% interval {lower:+.4f} to {upper:+.4f}) "
        f"on {comparison.rows:,} rows, {gate.rule} rule, tolerance {gate.tolerance:g}"
    )
    if comparison.detectable is not None:
        numbers += f"; smallest detectable loss {comparison.detectable:.4f}"
    return _result(gate, passed, numbers if passed else f"worse than the incumbent: {numbers}", comparison)
