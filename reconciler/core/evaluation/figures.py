"""Figures of an evaluation, each with its interval or why it has none, and the rows of its tables and curves."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.names import seen

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure by scikit-learn's name. `low`, `high`: its 95 % interval; where there is none, `why` says so. `value`:
    None where it is not defined for these rows, and then `why` says so."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    why: str | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the interval; None where there is none."""
        return (self.low, self.high) if self.low is not None and self.high is not None else None

    def holds(self, value: float) -> bool | None:
        """Tell whether the interval holds a value; None where there is no interval."""
        return self.low <= value <= self.high if self.low is not None and self.high is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnit:
    """The unit in which a number is judged. `unit`: of the grade and of `figures`; `predicted`: what the model itself
    predicts, such as `ln(1 + days)`; equal where the outcome is no known transform of anything."""

    unit: str
    predicted: str

    @property
    def transformed(self) -> bool:
        """Tell whether the model predicts in another unit than it is judged in."""
        return self.unit != self.predicted

    def of_own(self, figure: str, command: str) -> str:
        """Say what an artifact's own grade and `figure` are of, and the `command` that judges it in its unit."""
        shown = "R2" if figure == "r2" else figure
        return f"grade and {shown} are of {seen(self.predicted)}: `{command}` judges it in {seen(self.unit)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A point of a curve. ROC: the false and the true positive rate; precision-recall: recall and precision.
    `threshold`: from which probability on a row counts as of the class; None for all, and none, of the rows."""

    x: float
    y: float
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """Rows of like predictions: their mean prediction, and what was true of them (the share of the class; of a number
    its mean), with its 95 % interval where there are enough rows."""

    rows: int
    predicted: float
    observed: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDetail:
    """One class: its `rows`, the rows that were `predicted` as it, and its figures (precision, recall, f1, roc_auc and
    average_precision against all other classes). Curves are thinned to 200 points; they and `calibration` are empty
    where the class, or all others, have no rows, and of all but the MOST_CURVES most frequent classes."""

    name: str
    rows: int
    predicted: int
    figures: tuple[Figure, ...]
    calibration: tuple[CalibrationBin, ...] = ()
    roc: tuple[CurvePoint, ...] = ()
    precision_recall: tuple[CurvePoint, ...] = ()

    def figure(self, name: str) -> Figure | None:
        """Return the figure of this name; None where there is none."""
        return next((figure for figure in self.figures if figure.name == name), None)


MOST_CURVES = 40
"""Classes of which curves and calibration are kept: the most frequent ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureInfluence:
    """How much the headline figure drops when one feature is shuffled within the rows, with its 95 % interval.
    `distinct`: told apart from no influence at all, all features looked at together."""

    feature: str
    drop: float
    low: float
    high: float
    distinct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluenceReport:
    """The influence of every feature, the largest drop first. `figure`: what drops. `resolved`: the order of the
    features that are told apart from nothing does not depend on chance; else more shuffles would have cost more than
    the budget of cells. `left_out`: features of a wide table that were not looked at."""

    figure: str
    rows: int
    repeats: int
    resolved: bool
    features: tuple[FeatureInfluence, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The rows with one value of a column, and their figures. `gap`: by how much their first figure is worse than that
    of all other rows (negative: better); `distinct`: that gap is told apart from none, all slices looked at together.

    A category is named by its place in the artifact's schema, `code`, in what is stored, and its `value` is then empty:
    a record outlives an erased artifact. Readers get it with its name (`named_slices`).
    """

    column: str
    value: str
    rows: int
    figures: tuple[Figure, ...]
    gap: Figure
    distinct: bool
    code: int | None = None

    @property
    def name(self) -> str:
        """Return the slice in words: `channel = web`."""
        return f"{self.column} = {seen(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """What mistakes cost by a declared matrix, per record: `expected` of the model's predictions, `naive` of the naive
    guess, `least` if for each record the class were predicted that costs least by the model's probabilities.
    `saved`: by how much that is less, paired. `matrix`: rows actual, columns predicted, in declared order."""

    matrix: tuple[tuple[float, ...], ...]
    expected: Figure
    naive: Figure
    least: Figure
    saved: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class DistanceRow:
    """Of classes that have an order: the rows whose predicted class lies `distance` classes from the actual one."""

    distance: int
    rows: int
