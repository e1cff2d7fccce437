"""What a plug-in gate answers, and the result that becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.spec.gates import GateResult, GateStatus, JudgedFigure, PluginGate

LONGEST = 300
"""Characters of a reason."""
MOST_FIGURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """The answer of a plug-in gate. `reason`: one line with the numbers; `figures`: what it judged by."""

    passed: bool
    reason: str
    figures: tuple[JudgedFigure, ...] = ()


def result_of(gate: PluginGate, answer: GateAnswer | str) -> GateResult:
    """Return the result of a plug-in gate: its answer, or why there is none, which refuses."""
    if isinstance(answer, str):
        return GateResult(gate=gate, verdict=GateStatus.REFUSED, reason=f"{gate.name} did not judge: {answer}")
    reason = " ".join("".join(sign if sign.isprintable() else " " for sign in answer.reason).split())
    return GateResult(
        gate=gate,
        verdict=GateStatus.PASSED if answer.passed is True else GateStatus.REFUSED,
        reason=f"{gate.name}: {reason[:LONGEST] or 'no reason given'}",
        figures=answer.figures[:MOST_FIGURES] or None,
    )
