"""An evaluation in full in a line: its grade, its headline with the interval, the naive guess and the goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.digest import DefaultsLeftOut
from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import GradeReason, NaiveGuess
from reconciler.core.evaluation.looks import LooksSoFar
from reconciler.core.number_text import rounded

if TYPE_CHECKING:
    from reconciler.core.evaluation.detailed import DetailedEvaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedInBrief(DefaultsLeftOut):
    """What lists and comments say of an evaluation in full. `headline`: F1 macro, R2 or pinball; `unit`: of a number
    that is judged in another unit than it is predicted in; `cost`: per record, where costs are declared."""

    rows: int
    grade: GradeReason
    headline: Figure
    naive: NaiveGuess
    unit: str = ""
    cost: Figure | None = None
    looks: LooksSoFar | None = None
    """How often the rows have judged a candidate so far, where that is known."""

    @property
    def figure(self) -> str:
        """Return `f1_macro 0.778 (0.743 to 0.807)`."""
        unit = f" (in {self.unit})" if self.unit else ""
        why = f" ({self.headline.why})" if self.headline.interval is None and self.headline.why else ""
        return f"{self.headline.name} {within(self.headline)}{why}{unit}"

    @property
    def removed(self) -> str:
        """Say what share of the naive guess's errors is removed, and whether half is."""
        removed = self.naive.removed
        if removed.value is None:
            return f"whether it removes errors of the naive guess is not known: {removed.why}"
        verb = "removes" if removed.value >= 0 else "adds"
        around = removed.interval
        interval = f" ({around[0]:.0%} to {around[1]:.0%})" if around is not None else ""
        goal = {True: "reached", False: "not reached", None: "these rows cannot tell"}[self.naive.reached]
        return f"{verb} {abs(removed.value):.0%}{interval} of the naive guess's errors, goal 50%: {goal}"

    @property
    def line(self) -> str:
        """Return all of it in one line."""
        cost = f"; costs {within(self.cost)} a record" if self.cost is not None else ""
        looks = f"; {self.looks.line}" if self.looks is not None and self.looks.often else ""
        return f"grade {self.grade.grade}; {self.figure} on {self.rows:,} rows; {self.removed}{cost}{looks}"


def within(figure: Figure) -> str:
    """Return a figure with its interval: `0.678 (0.605 to 0.744)`."""
    value = _number(figure.value)
    around = figure.interval
    return f"{value} ({_number(around[0])} to {_number(around[1])})" if around is not None else value


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 10 else rounded(value)


def in_brief(detailed: DetailedEvaluation) -> JudgedInBrief | None:
    """Return the evaluation in brief; None where it has no headline."""
    headline = detailed.headline
    if headline is None:
        return None
    unit = detailed.unit
    return JudgedInBrief(
        rows=detailed.rows,
        grade=detailed.grade,
        headline=headline,
        naive=detailed.naive,
        unit=unit.unit if unit is not None and unit.transformed and detailed.as_predicted else "",
        cost=detailed.costs.expected if detailed.costs is not None else None,
    )


def command_for(model: str, environment: str) -> str:
    """Return the command that makes an evaluation in full that is not there yet."""
    return f"reconciler show {model} --in {environment}"
