"""Evaluate an artifact on rows in full: figures with intervals, curves, influence, slices, and the grade.

A function of the artifact's files and of the rows. Production may do this: nothing here fits a model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.evaluation import grading
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.figures import Figure, Slice
from reconciler.core.evaluation.ordered import distances_of, in_order, seem_ordered
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.evaluation.units import Judging, judging_of, outcome_text
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.evaluation.detailed import calibration, class_figures, costs, headline, number_figures
from reconciler.evaluation.detailed.influence import influence_of
from reconciler.evaluation.detailed.naive_guess import guessed_class, of_classes, of_numbers
from reconciler.evaluation.detailed.number_figures import untransformed
from reconciler.evaluation.detailed.slices import RowFigure, SliceValues, slices_of
from reconciler.evaluation.detailed.training_report import report_of
from reconciler.evaluation.metrics import confusion_of, log_loss_of
from reconciler.model_file.loaded_model import LoadedModel

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRows:
    """All that is judged: a model on rows, with what its artifact says of itself. `artifact`, `evaluation_rows`: by
    their digests."""

    artifact: Digest
    evaluation_rows: Digest
    model: LoadedModel
    own: Evaluation
    built: BuiltRecipe
    matrix: Matrix
    actual: Any
    outputs: Matrix
    declared: DeclaredEvaluation = NO_DECLARATION
    slices: tuple[SliceValues, ...] = ()

    @property
    def is_own(self) -> bool:
        """Tell whether the rows are the holdout of the artifact's own build."""
        return self.evaluation_rows == self.own.evaluation_rows

    @property
    def rough(self) -> tuple[str, ...]:
        """Return the features by the artifact's own, rough look at their influence."""
        return tuple(each.feature for each in self.own.influences)


def evaluate(rows: JudgedRows) -> DetailedEvaluation:
    """Evaluate a model on rows in full."""
    detailed = _classes(rows) if rows.model.schema.classes else _numbers(rows)
    return replace(detailed, sliced_by=tuple(each.name for each in rows.declared.slices))


def _classes(rows: JudgedRows) -> DetailedEvaluation:
    names, actual, outputs = rows.model.schema.classes, rows.actual, rows.outputs
    predicted = rows.model.decided(outputs)
    counts = confusion_of(actual, predicted, len(names))
    confusion = tuple(tuple(int(count) for count in row) for row in counts)
    figures, classes = class_figures.figures_of(outputs, actual, counts, names)
    right = (predicted == actual).astype(float)
    places = rows.declared.places(names)
    row_figures = [
        RowFigure(name="accuracy", values=right, proportion=True),
        RowFigure(name="log_loss", values=log_loss_of(outputs, actual), loss=True),
    ]
    report = None
    if matrix := rows.declared.cost_matrix(names):
        report, cost = costs.report_of(matrix, outputs, actual, guessed_class(rows.own), predicted)
        row_figures.append(RowFigure(name="expected_cost", values=cost, loss=True))
    slices, left_out = slices_of(rows.matrix, rows.model.schema, tuple(row_figures), rows.slices)
    return DetailedEvaluation(
        artifact=rows.artifact,
        evaluation_rows=rows.evaluation_rows,
        task="classification",
        rows=len(actual),
        grade=grading.judge_classes(confusion, names, places),
        naive=of_classes(right, actual, rows.own, names),
        figures=figures,
        training=report_of(rows.model, rows.built, rows.own.training_rows),
        influence=influence_of(
            rows.model,
            rows.matrix,
            lambda chosen: headline.of_classes(actual[chosen], len(names), rows.model.decided),
            rows.rough,
        ),
        outcome=outcome_text(rows.built.recipe),
        classes=classes,
        confusion=confusion,
        distances=distances_of(in_order(confusion, places)) if places or seem_ordered(names) else (),
        order=rows.declared.order if places else (),
        costs=report,
        slices=slices,
        slices_left_out=left_out,
    )


def _numbers(rows: JudgedRows) -> DetailedEvaluation:
    import numpy as np

    judging, quantile = judging_of(rows.built.recipe), quantile_of(rows.built.recipe.estimator)
    if quantile is not None and judging.turns:
        quantile = 1 - quantile
    predicted, actual = (untransformed(values, judging.steps) for values in (rows.outputs[:, 0], rows.actual))
    unit = judging.unit.unit if judging.unit.transformed and judging.steps else ""
    figures = number_figures.figures_of(predicted, actual, quantile)
    by_name = {figure.name: figure.value for figure in figures}
    naive, errors = of_numbers(predicted, actual, rows.own if rows.is_own and not judging.steps else None, quantile)
    if quantile is None:
        grade = grading.judge_numbers(by_name["r2"], unit)
    else:
        grade = grading.judge_quantile(naive.removed.value, by_name.get("coverage"), len(actual), quantile, unit)
    finite = bool(np.isfinite(predicted).all())
    row_figures = [
        RowFigure(name=naive.figure, values=errors, loss=True),
        RowFigure(name="mean_error", values=predicted - actual),
    ]
    if quantile is not None:
        row_figures.append(RowFigure(name="coverage", values=(actual <= predicted).astype(float), proportion=True))
    slices: tuple[Slice, ...] = ()
    left_out = 0
    if finite:
        slices, left_out = slices_of(rows.matrix, rows.model.schema, tuple(row_figures), rows.slices)
    return DetailedEvaluation(
        artifact=rows.artifact,
        evaluation_rows=rows.evaluation_rows,
        task="regression",
        rows=len(actual),
        grade=grade,
        naive=naive,
        figures=figures,
        training=report_of(rows.model, rows.built, rows.own.training_rows),
        influence=_influence(rows, judging, quantile, actual),
        outcome=outcome_text(rows.built.recipe),
        unit=judging.unit,
        as_predicted=_as_predicted(rows, judging),
        quantile=quantile,
        bins=calibration.bins_of(predicted, actual, proportions=False) if finite else (),
        slices=slices,
        slices_left_out=left_out,
        note=None if finite else "some predictions are too large to be turned into this unit",
    )


def _influence(rows: JudgedRows, judging: Judging, quantile: float | None, actual: Matrix) -> Any:
    def judged(outputs: Matrix) -> Matrix:
        return untransformed(outputs[:, 0], judging.steps)

    def of(chosen: Any) -> headline.Headline:
        return headline.of_numbers(actual[chosen], quantile, judged)

    return influence_of(rows.model, rows.matrix, of, rows.rough)


def _as_predicted(rows: JudgedRows, judging: Judging) -> tuple[Figure, ...]:
    """Return the figures in what the model itself predicts, where it is judged in another unit."""
    if not judging.steps:
        return ()
    return number_figures.figures_of(rows.outputs[:, 0], rows.actual, quantile_of(rows.built.recipe.estimator))
