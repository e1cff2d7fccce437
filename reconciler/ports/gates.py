"""The port of a plug-in gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer


class GatePlugin(Protocol):
    """Judges candidates by their figures, where the data are; what it says is recorded once, and counts from then on.

    Equal figures and settings give equal answers: it reads no clock, file or network. A figure that it needs and that
    is not known, or NaN, does not pass.
    """

    def problem(self, settings: Mapping[str, str]) -> str | None:
        """Say in one line what is wrong with the settings of a manifest; None where nothing is."""

    def judge(self, figures: JudgedFigures, settings: Mapping[str, str]) -> GateAnswer:
        """Judge a candidate by settings that have no problem."""
