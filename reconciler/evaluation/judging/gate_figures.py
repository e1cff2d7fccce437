"""The figures that gates judge, of any of a candidate's rows: those of the evaluation in full, without its curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation import grading
from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import GradeReason
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.evaluation.units import judging_of
from reconciler.core.judging.judged_figures import FiguresOfClass, FiguresOfRows
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation
from reconciler.core.spec.recipe import Recipe
from reconciler.evaluation.detailed import class_figures, intervals, number_figures
from reconciler.evaluation.detailed.naive_guess import of_numbers
from reconciler.evaluation.detailed.number_figures import untransformed
from reconciler.evaluation.metrics import confusion_of

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresToJudge:
    """What a candidate gives for its holdout, and what was true. `actual`, `predicted`: numbers in the unit that they
    are judged in, or labels and probabilities. `own`: what the artifact says of itself; `steps`: in another unit.
    `decided`: the class of each row, where a rule decides on it; None: the most likely one."""

    names: tuple[str, ...]
    predicted: Matrix
    actual: Any
    own: Evaluation
    steps: bool = False
    unit: str = ""
    quantile: float | None = None
    decided: Any = None

    def of(self, chosen: Any) -> FiguresOfRows:
        """Return the figures of the rows that a mask chooses; None: of all."""
        predicted = self.predicted if chosen is None else self.predicted[chosen]
        actual = self.actual if chosen is None else self.actual[chosen]
        rows = len(actual)
        if not self.names:
            figures = number_figures.figures_of(predicted, actual, self.quantile)
            return FiguresOfRows(rows=rows, figures=tuple(_of_proportion(each, "coverage", rows) for each in figures))
        counts = confusion_of(actual, self._classes(chosen), len(self.names))
        figures, details = class_figures.figures_of(predicted, actual, counts, self.names)
        return FiguresOfRows(
            rows=rows,
            figures=tuple(_of_proportion(each, "accuracy", rows) for each in figures),
            classes=tuple(
                FiguresOfClass(
                    name=each.name,
                    rows=each.rows,
                    figures=tuple(
                        _of_proportion(_of_proportion(figure, "recall", each.rows), "precision", each.predicted)
                        for figure in each.figures
                    ),
                )
                for each in details
            ),
        )

    def _classes(self, chosen: Any) -> Any:
        """Return the predicted class of each row that a mask chooses; None: of all."""
        decided = self.predicted.argmax(axis=1) if self.decided is None else self.decided
        return decided if chosen is None else decided[chosen]

    def grade(self, declared: DeclaredEvaluation = NO_DECLARATION) -> GradeReason:
        """Return the grade of all rows in full, as the evaluation in full gives it."""
        if self.names:
            counts = confusion_of(self.actual, self._classes(None), len(self.names))
            return grading.judge_classes(
                tuple(tuple(map(int, row)) for row in counts), self.names, declared.places(self.names)
            )
        by_name = {figure.name: figure.value for figure in self.of(None).figures}
        if self.quantile is None:
            return grading.judge_numbers(by_name["r2"], self.unit)
        naive, _ = of_numbers(self.predicted, self.actual, None if self.steps else self.own, self.quantile)
        covered = by_name.get("coverage")
        return grading.judge_quantile(naive.removed.value, covered, len(self.actual), self.quantile, self.unit)


def _of_proportion(figure: Figure, name: str, rows: int) -> Figure:
    """Return a figure that is a proportion of rows with its interval, which covers of few rows, too."""
    if figure.name != name or figure.interval is not None or figure.value is None or not rows:
        return figure
    low, high = intervals.wilson(round(figure.value * rows), rows)
    return Figure(name=name, value=figure.value, low=low, high=high)


def figures_to_judge(
    recipe: Recipe, own: Evaluation, names: tuple[str, ...], outputs: Matrix, actual: Any, decided: Any = None
) -> FiguresToJudge:
    """Return what a candidate gives for its holdout in the unit that it is judged in; `names`: of its classes,
    `decided`: those that it decides on, where that is not the most likely one."""
    if names:
        return FiguresToJudge(names=names, predicted=outputs, actual=actual, own=own, decided=decided)
    judging, quantile = judging_of(recipe), quantile_of(recipe.estimator)
    if quantile is not None and judging.turns:
        quantile = 1 - quantile
    predicted, truth = (untransformed(values, judging.steps) for values in (outputs[:, 0], actual))
    return FiguresToJudge(
        names=(),
        predicted=predicted,
        actual=truth,
        own=own,
        steps=bool(judging.steps),
        unit=judging.unit.unit if judging.steps else "",
        quantile=quantile,
    )
