"""The evaluation of a model on its holdout, and its performance grade.

The grade follows AI Builder's published bands: classification by skill over chance, regression by R2
(Microsoft Learn, "Evaluate your prediction model").
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.spec.grade import Grade

TOO_GOOD, TOO_GOOD_R2 = 0.98, 0.99  # skill over chance, and R2, from which a model is too good to be true


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """The scores of one class on the holdout."""

    name: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """Permutation importance of one feature: mean drop of the headline metric (F1 macro or R2) when its column is
    shuffled within the holdout."""

    feature: str
    drop: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendWeights:
    """How much each member of a blend counts, as it was fitted. They sum to 1; a member of 0 is not in the model.

    `metric`: what was made least on `rows` training rows, by members that were fitted on others, out of `folds` folds
    (`left_out`: whose training rows lacked a class); `losses`: of each member alone, `loss`: of the blend.
    """

    weights: tuple[tuple[str, float], ...]
    metric: str
    losses: tuple[tuple[str, float], ...]
    loss: float
    rows: int
    folds: int
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The evaluation on the holdout of a model's own build. `metrics` by scikit-learn's names, sorted; `confusion` rows
    actual, columns predicted, classes in declared order (empty for regression). `naive` is what guessing the most
    frequent training class (regression: the training mean) scores: accuracy, or MAE. `evaluation_rows` is the digest
    of the Parquet blob with the holdout's key, features and outcome."""

    task: str
    rows: int
    training_rows: int
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    metrics: tuple[tuple[str, float], ...]
    naive: float
    errors_removed: float
    grade: Grade
    influences: tuple[Influence, ...]
    evaluation_rows: Digest
    holdout_from: str | None = None
    """First value of the holdout's date column (ISO), for a time holdout."""
    quantile: float | None = None
    """The quantile that the model predicts; None for any other model. Its naive guess is the training rows' quantile,
    and the errors of both are measured by pinball."""
    blend: BlendWeights | None = None
    """Of a blend, how its members were weighed; None for any other model."""

    @property
    def kind(self) -> str:
        """Return the task; QUANTILE for a regression that predicts a quantile."""
        return QUANTILE if self.quantile is not None else self.task

    @property
    def doubt(self) -> str:
        """Return how far off the scores may be where few rows were judged, as words to follow them; else empty."""
        off = points_off(self.rows)
        return f", too few to judge by: it may be {off} points off" if off is not None else ""

    @property
    def too_good(self) -> bool:
        """Tell whether the model has its grade because it is too good to be true."""
        if self.quantile is not None:
            return 1 - (1 - self.errors_removed) ** 2 >= TOO_GOOD_R2 and self.grade is Grade.D
        if not self.classes:
            return (self.metric("r2") or 0.0) >= TOO_GOOD_R2
        skill = skill_over_chance(
            self.metric("accuracy") or 0.0, tuple(score.rows / self.rows for score in self.classes)
        )
        return skill is not None and skill >= TOO_GOOD

    @property
    def headline(self) -> tuple[str, float | None]:
        """Return the metric that stands for the model, F1 macro, R2 or pinball, and its value."""
        name = "f1_macro" if self.classes else "r2" if self.quantile is None else "pinball"
        return name, self.metric(name)

    def metric(self, name: str) -> float | None:
        """Return a metric by scikit-learn's name, or None where it was not computed."""
        return dict(self.metrics).get(name)


HEADLINES = ("f1_macro", "pinball", "r2")
"""The figures that stand for a model; of a quantile it is pinball."""
FEWEST_JUDGED = 50  # rows of a holdout from which a score says something


def points_off(judged: int) -> int | None:
    """Return by how many points a score on so few rows may be off; None where they are enough to judge by."""
    return None if judged >= FEWEST_JUDGED else round(100 * min(0.5, 1 / math.sqrt(max(1, judged))))


# name -> higher is better
CLASSIFICATION_METRICS = {
    "accuracy": True,
    "balanced_accuracy": True,
    "f1_macro": True,
    "precision_macro": True,
    "recall_macro": True,
    "log_loss": False,
}
REGRESSION_METRICS = {"r2": True, "mae": False, "rmse": False}
# Of a model of a quantile besides those of a regression.
QUANTILE_METRICS = {"pinball": False, "coverage": True}
QUANTILE = "quantile regression"
HIGHER_IS_BETTER = CLASSIFICATION_METRICS | REGRESSION_METRICS | QUANTILE_METRICS
# `recall:<class>`, `precision:<class>`, `f1:<class>` name one class of a classification.
PER_CLASS_METRICS = ("precision", "recall", "f1")


def metric_problem(metric: str, task: str, classes: Collection[str]) -> tuple[str, str | None] | None:
    """Return why a model of this task and these classes cannot have a metric, with a hint; None where it can.

    `task`: QUANTILE for a regression that predicts a quantile.
    """
    kind, colon, label = metric.partition(":")
    if colon:
        if task == "classification" and kind in PER_CLASS_METRICS and label in classes:
            return None
        known = ", ".join(classes) or "none"
        return f"{metric} names a class that the model does not have; its classes: {known}", None
    metrics = CLASSIFICATION_METRICS if task == "classification" else REGRESSION_METRICS
    if task == QUANTILE:
        metrics = REGRESSION_METRICS | QUANTILE_METRICS
    if metric in metrics:
        return None
    return f"{metric} is not a metric of a {task}", f"metrics: {', '.join(metrics)}"


METRIC_RANGE: dict[str, tuple[float, float]] = {
    "accuracy": (0.0, 1.0),
    "balanced_accuracy": (0.0, 1.0),
    "f1_macro": (0.0, 1.0),
    "precision_macro": (0.0, 1.0),
    "recall_macro": (0.0, 1.0),
    "log_loss": (0.0, math.inf),
    "r2": (-math.inf, 1.0),
    "mae": (0.0, math.inf),
    "rmse": (0.0, math.inf),
    "pinball": (0.0, math.inf),
    "coverage": (0.0, 1.0),
}


def grade_classification(accuracy: float, shares: tuple[float, ...]) -> Grade:
    """Return the grade of a classification from its accuracy. `shares`: class shares of the holdout.

    chance = sum p^2, skill = (accuracy - chance) / (1 - chance); D under 0.1 or from 0.98 up (too good to be true), C
    from 0.1, B from 0.5, A from 0.8.
    """
    skill = skill_over_chance(accuracy, shares)
    return Grade.D if skill is None else grade_of_skill(skill)


def grade_of_skill(skill: float) -> Grade:
    """Return the grade of a skill over chance."""
    if skill < 0.1 or skill >= TOO_GOOD:
        return Grade.D
    if skill >= 0.8:
        return Grade.A
    return Grade.B if skill >= 0.5 else Grade.C


def skill_over_chance(accuracy: float, shares: tuple[float, ...]) -> float | None:
    """Return the skill over chance; None where it is not defined."""
    chance = math.fsum(share * share for share in shares)
    return (accuracy - chance) / (1.0 - chance) if math.isfinite(accuracy) and chance < 1.0 else None


def grade_regression(r2: float) -> Grade:
    """Return the grade of a regression from its R2.

    A from 0.85 to under 0.99, B from 0.60, C from 0.10, else D (also NaN, and 0.99 up: too good to be true).
    """
    if not math.isfinite(r2) or r2 < 0.10 or r2 >= TOO_GOOD_R2:
        return Grade.D
    if r2 >= 0.85:
        return Grade.A
    return Grade.B if r2 >= 0.60 else Grade.C
