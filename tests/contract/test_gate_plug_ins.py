"""The contract of plug-in gates: the example of the how-to keeps it, and each way to break it is found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count

import pytest

from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer
from reconciler.core.spec.recipe import Task
from reconciler.ports import GatePlugin
from reconciler.testing.contracts.gates import GatePluginContract, candidate
from tests.support.half_as_good import WorstClass


class TestWorstClass(GatePluginContract):
    def make(self) -> GatePlugin:
        return WorstClass()

    def settings(self) -> Mapping[str, str]:
        return {"share": "0.5"}

    def wrong_settings(self) -> Mapping[str, str]:
        return {"share": "half"}

    def passing(self) -> JudgedFigures:
        return candidate(Task.CLASSIFICATION, quality=0.9)

    def failing(self) -> JudgedFigures:
        return candidate(Task.CLASSIFICATION, quality=0.2)


CALLS = count()


class _Careless(WorstClass):
    """Passes what is not known."""

    def judge(self, figures: JudgedFigures, settings: Mapping[str, str]) -> GateAnswer:
        found = [figure.value or 1.0 for each in figures.all_rows.classes for figure in each.figures]
        found = [value for value in found if math.isfinite(value)]
        worst = min(found, default=1.0)
        return GateAnswer(passed=worst >= 0.5, reason=f"worst {worst}")


class _Moody(WorstClass):
    """Answers otherwise each time."""

    def judge(self, figures: JudgedFigures, settings: Mapping[str, str]) -> GateAnswer:
        answer = super().judge(figures, settings)
        return GateAnswer(passed=answer.passed, reason=f"{answer.reason} ({next(CALLS)})")


class _Lax(WorstClass):
    """Takes any settings."""

    def problem(self, settings: Mapping[str, str]) -> str | None:
        return None


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (_Careless, "test_what_is_not_known_or_no_number_never_passes"),
        (_Moody, "test_equal_figures_get_equal_answers"),
        (_Lax, "test_right_settings_have_no_problem_and_wrong_ones_have_one_line"),
    ],
)
def test_each_way_to_break_the_contract_is_found(broken: type[WorstClass], test: str) -> None:
    class Broken(TestWorstClass):
        def make(self) -> GatePlugin:
            return broken()

    with pytest.raises(AssertionError):
        getattr(Broken(), test)()
