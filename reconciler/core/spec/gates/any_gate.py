"""A gate of any kind, and which of them an artifact's own evaluation cannot answer."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.spec.gates.bounded import BoundedFigure, Calibration, Coverage, Threshold
from reconciler.core.spec.gates.demand import Demand, Rule
from reconciler.core.spec.gates.measured import BeatsNaiveGuess, DataDrift, NoWorseThanIncumbent, PerformanceGrade

PLUG_IN = "plug-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginGate(Demand):
    """A gate that an installed package judges, by the figures that others are judged by. `settings`: what it is told,
    by name, sorted. Only the same settings are as strict: what they mean is the package's."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()
    uses: str = PLUG_IN

    @property
    def subject(self) -> str:
        """Return what is demanded, without how much of it."""
        return f"{self.uses} {self.name}"

    @property
    def bound(self) -> str:
        """Return how much is demanded of the models that the gate is for, in words."""
        return ", ".join(f"{name} {value}" for name, value in self.settings) or "as installed"

    def as_strict_as(self, other: Demand) -> bool:
        """Tell whether this gate demands at least as much as `other`, of as many models."""
        same = isinstance(other, PluginGate) and (self.name, self.settings) == (other.name, other.settings)
        return same and self.reaches(other)


BoundedGate = Threshold | Calibration | Coverage
Gate = (
    Threshold
    | PerformanceGrade
    | BeatsNaiveGuess
    | NoWorseThanIncumbent
    | DataDrift
    | Calibration
    | Coverage
    | PluginGate
)
IN_ARTIFACT = frozenset(
    {
        *("accuracy", "balanced_accuracy", "f1_macro", "precision_macro", "recall_macro", "log_loss"),
        *("r2", "mae", "rmse", "pinball", "coverage"),
    }
)
"""Figures that every artifact of its task has in its own evaluation."""
OF_CLASS_IN_ARTIFACT = ("precision", "recall", "f1")


def figure_of(gate: Gate) -> str | None:
    """Return the figure that a gate is about; None where it is about more than one, or none."""
    if isinstance(gate, BoundedFigure):
        return gate.figure
    return gate.metric if isinstance(gate, NoWorseThanIncumbent) else None


def needs_rows(gate: Gate, *, transformed: bool) -> bool:
    """Tell whether an artifact's own evaluation cannot answer a gate, so that it is judged where the rows are, once.

    `transformed`: the outcome is a transform of what it is judged in, and the artifact knows only the transform.
    """
    if isinstance(gate, (NoWorseThanIncumbent, DataDrift, PluginGate)):
        return True
    if isinstance(gate, BoundedFigure):
        kind, colon, _ = gate.figure.partition(":")
        known = kind in OF_CLASS_IN_ARTIFACT if colon else gate.figure in IN_ARTIFACT
        in_another_unit = transformed and isinstance(gate, Threshold) and gate.in_unit
        return not known or in_another_unit or gate.per is not None or gate.read_by is not Rule.POINT
    return transformed and isinstance(gate, PerformanceGrade)
