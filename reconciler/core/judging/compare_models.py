"""Judge by comparisons: with the incumbent, and with what was deployed before it. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from reconciler.core.digest import short
from reconciler.core.judging.compare_parts import compare_parts, kept_parts, part_passes, passes
from reconciler.core.number_text import declared, rounded
from reconciler.core.spec.comparison import Comparability, Comparison, Seen
from reconciler.core.spec.gates import Gate, GateResult, GateStatus, NoWorseThanIncumbent
from reconciler.core.spec.gates.known_figures import as_it_moved


def gate_result(gate: Gate, passed: bool, reason: str, comparison: Comparison | None = None) -> GateResult:
    """Return the result of a gate in short."""
    verdict = GateStatus.PASSED if passed else GateStatus.REFUSED
    return GateResult(gate=gate, verdict=verdict, reason=reason, comparison=comparison)


def compared_with_all(
    gate: NoWorseThanIncumbent, comparison: Comparison, earlier: tuple[Comparison, ...]
) -> GateResult:
    """Judge by the incumbent, and by each artifact that was deployed before it and can be compared.

    An earlier one that cannot be compared is told, and refuses nothing: the incumbent, which was no worse than it when
    it came in, still must be.
    """
    result = _comparison(gate, comparison)
    if gate.against is None:
        return result
    judged = [(other, _comparison(gate, other)) for other in earlier]
    result = replace(result, earlier=tuple(verdict.comparison or other for other, verdict in judged))
    if result.verdict is not GateStatus.PASSED or not earlier:
        return result
    scored = [(other, verdict) for other, verdict in judged if _is_scored(gate, other)]
    untold = [f"{_name(other)} {_why_not(gate, other)}" for other, _ in judged if not _is_scored(gate, other)]
    left_out = f"; {len(untold)} could not be compared: {', '.join(untold)}" if untold else ""
    worse = [verdict.reason for _, verdict in scored if verdict.verdict is not GateStatus.PASSED]
    if worse:
        return replace(result, verdict=GateStatus.REFUSED, reason=f"{worse[0]}{left_out}")
    if not scored:
        return replace(result, reason=f"{result.reason}{left_out}")
    hardest, _ = min(scored, key=lambda pair: pair[0].difference or 0.0)
    words = f"{hardest.difference or 0.0:+.4f} against {_name(hardest)}, the best of {len(scored)} deployed before"
    return replace(result, reason=f"{result.reason}; {words}{left_out}")


def _is_scored(gate: NoWorseThanIncumbent, comparison: Comparison) -> bool:
    """Tell whether there is a difference to judge by: of all rows, or of some part of the slice."""
    if comparison.state is not Comparability.COMPARED or gate.per is None:
        return comparison.state is Comparability.COMPARED
    return comparison.per is not None and any(part_passes(gate, part) is not None for part in comparison.per.parts)


def _why_not(gate: NoWorseThanIncumbent, comparison: Comparison) -> str:
    if comparison.state is Comparability.COMPARED:
        return f"on no part of {gate.per}"
    return comparison.reason or comparison.state


def _name(comparison: Comparison) -> str:
    return short(comparison.artifact) if comparison.artifact is not None else "the incumbent"


def _comparison(gate: NoWorseThanIncumbent, comparison: Comparison) -> GateResult:
    match comparison.state:
        case Comparability.NO_INCUMBENT:
            return gate_result(gate, True, "no incumbent: there is nothing to compare with", comparison)
        case Comparability.NOT_COMPARABLE | Comparability.UNSCORABLE:
            return gate_result(
                gate, False, f"{comparison.state}: {comparison.reason or 'no reason recorded'}", comparison
            )
        case Comparability.COMPARED:
            return _compared(gate, comparison)


def _compared(gate: NoWorseThanIncumbent, comparison: Comparison) -> GateResult:
    if gate.per is not None:
        return _compared_per_part(gate, comparison)
    difference, lower, upper = comparison.difference, comparison.lower, comparison.upper
    if difference is None or lower is None or upper is None or not all(map(math.isfinite, (difference, lower, upper))):
        return gate_result(gate, False, f"not comparable: {gate.metric} is not known on the shared rows", comparison)
    if comparison.rows < gate.min_rows:
        return gate_result(
            gate,
            False,
            f"not comparable: {comparison.rows:,} shared rows, at least {gate.min_rows:,} needed",
            comparison,
        )
    passed = passes(gate, difference, lower, upper)
    confidence = 100 * (comparison.confidence or 0.95)
    name, moved, least, most = as_it_moved(gate.metric, comparison)
    numbers = (
        f"{name} {moved:+.4f} against {_name(comparison)} "
        f"({rounded(confidence)}% interval {least:+.4f} to {most:+.4f}) "
        f"on {comparison.rows:,} rows, {gate.rule} rule, tolerance {declared(gate.tolerance)}"
    )
    if comparison.detectable is not None:
        numbers += f"; smallest detectable loss {comparison.detectable:.4f}"
    if comparison.reason is not None:
        numbers += f"; {comparison.reason}"
    if passed:
        return gate_result(gate, True, numbers, comparison)
    # A point or strict rule refuses what is not told apart, too: that is no proof that it is worse.
    if comparison.seen is Seen.WORSE:
        return gate_result(gate, False, f"worse than {_place(comparison)}: {numbers}", comparison)
    relation = f"not shown to be as good as {_place(comparison)}, no difference seen"
    if comparison.seen is Seen.BETTER:
        relation = f"not better than {_place(comparison)} by as much as is asked for"
    return gate_result(gate, False, f"{relation}: {numbers}", comparison)


def _compared_per_part(gate: NoWorseThanIncumbent, comparison: Comparison) -> GateResult:
    told = compare_parts(gate, comparison, _name(comparison), _place(comparison))
    kept = replace(comparison, per=kept_parts(gate, comparison.per)) if comparison.per is not None else comparison
    return replace(gate_result(gate, told.passed, told.reason, kept), slices=told.counts)


def _place(comparison: Comparison) -> str:
    return "the incumbent" if comparison.artifact is None else "what was deployed before the incumbent"
