"""Gates: one check each, of an evaluation or of two models on the same rows. A gate's "no" is a value with numbers.

NaN and absent metrics never pass. A gate's result depends on its arguments only (`core.plan.gate_evaluation`).
"""

from reconciler.core.spec.gates.any_gate import PLUG_IN, BoundedGate, Gate, PluginGate, figure_of, needs_rows
from reconciler.core.spec.gates.bounded import BoundedFigure, Calibration, Coverage, Threshold
from reconciler.core.spec.gates.demand import Against, Demand, GateScope, Rule
from reconciler.core.spec.gates.measured import BeatsNaiveGuess, DataDrift, NoWorseThanIncumbent, PerformanceGrade
from reconciler.core.spec.gates.results import (
    GateResult,
    GateSet,
    GateStatus,
    JudgedFigure,
    SliceCounts,
    Verification,
)
from reconciler.core.spec.gates.sliced import SlicedDemand

__all__ = [
    "PLUG_IN",
    "Against",
    "BeatsNaiveGuess",
    "BoundedFigure",
    "BoundedGate",
    "Calibration",
    "Coverage",
    "DataDrift",
    "Demand",
    "Gate",
    "GateResult",
    "GateScope",
    "GateSet",
    "GateStatus",
    "JudgedFigure",
    "NoWorseThanIncumbent",
    "PerformanceGrade",
    "PluginGate",
    "Rule",
    "SliceCounts",
    "SlicedDemand",
    "Threshold",
    "Verification",
    "figure_of",
    "needs_rows",
]
