"""The evaluation in full of one artifact on some rows: derived data beside the artifact, as a record of the store.

`Evaluation` (`core.artifact.evaluation`) travels in the artifact, and is what most gates judge. This value is computed
from the artifact's files and the rows, by `reconciler.evaluation` in the scoring worker, when it is first asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest
from reconciler.core.evaluation.figures import (
    CalibrationBin,
    ClassDetail,
    CostReport,
    DistanceRow,
    Figure,
    InfluenceReport,
    OutcomeUnit,
    Slice,
)
from reconciler.core.evaluation.grade_reason import GradeReason, NaiveGuess
from reconciler.core.prediction.output_rules import ClassDecision

_NEAR = 1e-6  # of two figures that were computed by different sums
COMPUTATION = 1
"""The version of how figures are computed and graded; a record of another one is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport(DefaultsLeftOut):
    """How the model was trained, as far as the artifact says. `iterations` of at most `most`; `converged`: None where
    the estimator does not say. `calibrated`: by which method; `decided`: how a class follows from the probabilities;
    None: not calibrated, and the most likely class. `shares`: of a blend, how much each of its members counts."""

    rows: int
    features: int
    estimator: str
    iterations: int | None = None
    most: int | None = None
    converged: bool | None = None
    calibrated: str | None = None
    decided: ClassDecision | None = None
    shares: tuple[tuple[str, float], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailedEvaluation(Checksummed, DefaultsLeftOut):
    """The evaluation of `artifact` on the rows of the blob or file `evaluation_rows`.

    `figures` are in the unit that the grade is given in; `as_predicted` has those of a transformed outcome in what the
    model itself predicts. `confusion`: rows actual, columns predicted, in declared order. `distances`: of classes that
    have a declared order, or whose names are ordered numbers. `bins`: of a regression, predictions against what was
    true. `slices`: the worst first. `quantile`: of a model that predicts one. `note`: anything that limits all of it,
    such as too few rows.
    """

    artifact: Digest
    evaluation_rows: Digest
    task: str
    rows: int
    grade: GradeReason
    naive: NaiveGuess
    figures: tuple[Figure, ...]
    training: TrainingReport
    influence: InfluenceReport
    outcome: str = ""
    """What is predicted, as the recipe says it: two evaluations that differ in it are not comparable."""
    unit: OutcomeUnit | None = None
    as_predicted: tuple[Figure, ...] = ()
    quantile: float | None = None
    classes: tuple[ClassDetail, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    distances: tuple[DistanceRow, ...] = ()
    bins: tuple[CalibrationBin, ...] = ()
    slices: tuple[Slice, ...] = ()
    slices_left_out: int = 0
    """Values of columns with too few rows for a slice."""
    note: str | None = None
    declared: Digest | None = None
    """The digest of what the manifest declares of how the model is judged; None where it declares nothing."""
    sliced_by: tuple[str, ...] = ()
    """The declared slices; the others are by the features."""
    order: tuple[str, ...] = ()
    """The declared order of the classes, from the worst to the best, which `distances` are by."""
    costs: CostReport | None = None
    computation: int = COMPUTATION
    format: int = 1

    def figure(self, name: str) -> Figure | None:
        """Return the figure of this name (`roc_auc`), or of one class (`recall:late`); None where there is none."""
        kind, colon, label = name.partition(":")
        if colon:
            named = next((each for each in self.classes if each.name == label), None)
            return named.figure(kind) if named is not None else None
        return next((figure for figure in self.figures if figure.name == name), None)

    @property
    def headline(self) -> Figure | None:
        """Return the figure that stands for the model: F1 macro, R2 or pinball."""
        name = "pinball" if self.quantile is not None else "r2" if self.task == "regression" else "f1_macro"
        return self.figure(name)


def areas_of(detailed: DetailedEvaluation) -> tuple[str, str, Figure] | None:
    """Return the class of two whose areas stand among the figures, the other, and the average precision of that; None
    where areas are means over all.

    It is another figure for each: of a class with 98% of the rows it is near 1 whatever the model finds.
    """
    if len(detailed.classes) != 2:
        return None
    other, shown = detailed.classes
    average = other.figure("average_precision")
    return (shown.name, other.name, average) if average is not None and average.value is not None else None


def contradiction(detailed: DetailedEvaluation, own: Evaluation) -> str | None:
    """Say what an evaluation in full has that the artifact's own evaluation contradicts; None where it agrees."""
    if (detailed.rows, detailed.confusion) != (own.rows, own.confusion):
        return "other rows, or another confusion matrix, than the artifact's own evaluation"
    for figure in detailed.as_predicted or detailed.figures:
        value = own.metric(figure.name)
        if value is not None and (
            figure.value is None or not math.isclose(figure.value, value, rel_tol=_NEAR, abs_tol=_NEAR)
        ):
            return f"{figure.name} {figure.value}, and the artifact's own evaluation says {value}"
    return None


def named_slices(evaluation: DetailedEvaluation, schema: Schema) -> DetailedEvaluation:
    """Return the evaluation with the categories of its slices named as the artifact's schema names them.

    Raises ValueError where the schema has no such column or category: the evaluation is not of this artifact.
    """
    categories = {column.name: column.categories for column in schema.columns}
    slices = []
    for each in evaluation.slices:
        if each.code is None:
            slices.append(each)
            continue
        known = categories.get(each.column, ())
        if not 0 <= each.code <= len(known):
            raise ValueError(f"a slice names category {each.code} of {each.column}, which the model does not have")
        slices.append(replace(each, value=known[each.code] if each.code < len(known) else "any other value"))
    return replace(evaluation, slices=tuple(slices))
