"""The plug-in gate of the how-to: each class is found at least half as well as the one that is found best."""

from __future__ import annotations

import math
from collections.abc import Mapping

from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer
from reconciler.core.spec.gates import JudgedFigure


class WorstClass:
    """Refuses a classification whose least found class has a recall below a share of 1."""

    def problem(self, settings: Mapping[str, str]) -> str | None:
        if unknown := sorted(set(settings) - {"share"}):
            return f"unknown setting {unknown[0]}; it has share"
        try:
            share = float(settings.get("share", "0.5"))
        except ValueError:
            return "share is no number"
        return None if 0 < share <= 1 else "share is not over 0 and at most 1"

    def judge(self, figures: JudgedFigures, settings: Mapping[str, str]) -> GateAnswer:
        share = float(settings.get("share", "0.5"))
        recalls = [
            (each.name, each.rows, figures.all_rows.figure(f"recall:{each.name}")) for each in figures.all_rows.classes
        ]
        known = [
            (figure.value, name, rows)
            for name, rows, figure in recalls
            if figure is not None and figure.value is not None and math.isfinite(figure.value)
        ]
        if not known or len(known) < len(recalls):
            return GateAnswer(passed=False, reason=f"the recall of {len(recalls) - len(known)} classes is not known")
        recall, name, rows = min(known)
        return GateAnswer(
            passed=recall >= share,
            reason=f"recall of {name} is {recall:.3f}, {'at least' if recall >= share else 'below'} {share:g}",
            figures=(JudgedFigure(figure=f"recall:{name}", rows=rows, value=recall),),
        )
