"""Ask the plug-in gates that installed packages provide."""

from __future__ import annotations

from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer
from reconciler.core.spec.gates import PluginGate
from reconciler.engine.dependencies import Dependencies
from reconciler.errors import ScoringError


def ask_plug_in(deps: Dependencies, gate: PluginGate, figures: JudgedFigures | str) -> GateAnswer | str:
    """Return the answer of a plug-in gate, or why it has none, which refuses.

    Raises UsageError E610 where no installed package provides it, ScoringError E614 where it fails: nothing is recorded
    of a gate that nobody judged.
    """
    plug_in = deps.gate_plug_in(gate.name)
    if isinstance(figures, str):
        return f"the figures are not known: {figures}"
    settings = dict(gate.settings)
    try:
        if (problem := plug_in.problem(settings)) is not None:
            return f"its settings are wrong: {problem}"
        return plug_in.judge(figures, settings)
    except Exception as error:  # noqa: BLE001  (somebody else's code; its message may hold anything)
        raise ScoringError(
            f"the plug-in gate {gate.name} failed with {type(error).__name__}, so nothing was recorded",
            hint=f"have the package that provides {gate.name} mended, and apply again",
            code="E614",
        ) from None
