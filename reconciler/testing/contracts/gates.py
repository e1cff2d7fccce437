"""Contract of `ports.GatePlugin`: equal figures get equal answers, and what is not known passes nowhere."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import GradedBy, GradeReason
from reconciler.core.judging.judged_figures import FiguresOfClass, FiguresOfRows, JudgedFigures
from reconciler.core.judging.plug_in import LONGEST, MOST_FIGURES
from reconciler.core.spec.gates.known_figures import KNOWN_FIGURES, OF_ONE_CLASS
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import Task
from reconciler.ports import GatePlugin
from reconciler.testing.contracts.stores_and_targets import expect


def candidate(task: Task, *, quality: float = 0.9, quantile: float | None = None) -> JudgedFigures:
    """Return the figures of a candidate of two classes, or of a number; `quality`: from 0 to 1, how good it is."""

    def figure(name: str, higher: bool | None) -> Figure:
        value = quality if higher is not False else 1 - quality
        return Figure(name=name, value=value, low=max(0.0, value - 0.02), high=min(1.0, value + 0.02))

    names = [name for name, known in KNOWN_FIGURES.items() if known.task is task and (quantile or not known.quantile)]
    classes = [
        FiguresOfClass(name=name, rows=500, figures=tuple(figure(kind, True) for kind in OF_ONE_CLASS))
        for name in ("late", "on_time")
    ]
    return JudgedFigures(
        all_rows=FiguresOfRows(
            rows=1_000,
            figures=tuple(figure(name, KNOWN_FIGURES[name].higher) for name in names),
            classes=tuple(classes) if task is Task.CLASSIFICATION else (),
        ),
        grade=GradeReason(grade=Grade.B, by=GradedBy.SKILL, value=quality, reason="made up", advice="none"),
        quantile=quantile,
    )


def unknown(figures: JudgedFigures, value: float | None) -> JudgedFigures:
    """Return a candidate of which no figure is known, or all are this number."""

    def lost(each: Figure) -> Figure:
        return Figure(name=each.name, value=value, why="it was lost")

    rows = figures.all_rows
    return replace(
        figures,
        all_rows=replace(
            rows,
            figures=tuple(map(lost, rows.figures)),
            classes=tuple(replace(each, figures=tuple(map(lost, each.figures))) for each in rows.classes),
        ),
    )


class GatePluginContract(ABC):
    """`make` returns the plug-in, `settings` some that it takes, `wrong_settings` some that it does not. `passing` and
    `failing` return candidates that it lets pass, and that it refuses, by `settings`; `candidate` makes such."""

    @abstractmethod
    def make(self) -> GatePlugin: ...

    @abstractmethod
    def settings(self) -> Mapping[str, str]: ...

    @abstractmethod
    def wrong_settings(self) -> Mapping[str, str]: ...

    @abstractmethod
    def passing(self) -> JudgedFigures: ...

    @abstractmethod
    def failing(self) -> JudgedFigures: ...

    def test_right_settings_have_no_problem_and_wrong_ones_have_one_line(self) -> None:
        expect(self.make().problem(self.settings()) is None)
        problem = self.make().problem(self.wrong_settings())
        expect(bool(problem))
        expect(len(str(problem).splitlines()) == 1, str(problem))
        expect(bool(self.make().problem({**self.settings(), "noSuchSetting": "1"})), "an unknown setting is a problem")

    def test_a_good_candidate_passes_and_a_bad_one_does_not(self) -> None:
        for figures, passed in ((self.passing(), True), (self.failing(), False)):
            answer = self.make().judge(figures, self.settings())
            expect(answer.passed is passed, answer.reason)
            expect(0 < len(answer.reason) <= LONGEST, answer.reason)
            expect(len(answer.reason.splitlines()) == 1, answer.reason)
            expect(any(sign.isdigit() for sign in answer.reason), f"a reason has its numbers: {answer.reason}")
            expect(len(answer.figures) <= MOST_FIGURES)

    def test_equal_figures_get_equal_answers(self) -> None:
        for figures in (self.passing(), self.failing()):
            first, second = (self.make().judge(figures, dict(self.settings())) for _ in range(2))
            expect(first == second, f"{first} and {second}")
            plug_in = self.make()
            expect(plug_in.judge(figures, self.settings()) == plug_in.judge(figures, self.settings()))

    def test_what_is_not_known_or_no_number_never_passes(self) -> None:
        for value in (None, math.nan, math.inf, -math.inf):
            answer = self.make().judge(unknown(self.passing(), value), self.settings())
            expect(answer.passed is False, f"figures that are {value} passed: {answer.reason}")

    def test_a_candidate_of_any_task_gets_an_answer(self) -> None:
        for figures in (
            candidate(Task.CLASSIFICATION),
            candidate(Task.REGRESSION),
            candidate(Task.REGRESSION, quantile=0.9),
            replace(candidate(Task.REGRESSION), all_rows=FiguresOfRows(rows=0, figures=())),
        ):
            answer = self.make().judge(figures, self.settings())
            expect(answer.passed in (True, False))
            expect(bool(answer.reason))
