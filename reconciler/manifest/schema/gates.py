"""Define gates as a manifest writes them. A gate that can never fail, or never pass, is an error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.core.artifact.evaluation import (
    CLASSIFICATION_METRICS,
    HIGHER_IS_BETTER,
    METRIC_RANGE,
    PER_CLASS_METRICS,
    QUANTILE_METRICS,
    REGRESSION_METRICS,
)
from reconciler.core.duration import parse_duration
from reconciler.core.quality.drift import DriftVerdict
from reconciler.core.spec import gates as core
from reconciler.core.spec.recipe import Task
from reconciler.manifest.schema.field_types import Document, Duration, Labels, refuse

WITHIN = "180d"


def metric_range(metric: str) -> tuple[float, float] | None:
    """Return the lowest and highest value of a metric; None for an unknown metric."""
    kind, colon, label = metric.partition(":")
    if colon:
        return (0.0, 1.0) if kind in PER_CLASS_METRICS and label else None
    return METRIC_RANGE.get(metric)


def _known(metric: str) -> tuple[float, float]:
    limits = metric_range(metric)
    if limits is None:
        names = ", ".join([*HIGHER_IS_BETTER, "recall:<class>"])
        raise refuse("E216", f"unknown metric; expected one of {names}", at="metric")
    return limits


def _possible(metric: str, scope: GateScope | None) -> None:
    """Check that models of the gate's own task have its metric; a class is checked against each model."""
    if scope is None or scope.task is None:
        return
    classifies = scope.task == "classification"
    of_task = CLASSIFICATION_METRICS if classifies else REGRESSION_METRICS | QUANTILE_METRICS
    if metric not in of_task and not (classifies and ":" in metric):
        raise refuse("E216", f"{metric} is not a metric of a {scope.task}: the gate can never pass", at="metric")


class GateScope(Document):
    """The models that a gate is for: those of a task, those that have all these labels, or both."""

    task: Literal["classification", "regression"] | None = Field(
        default=None, description="Task of the models that the gate is for."
    )
    labels: Labels = Field(default_factory=dict, description="Labels that a model must have for the gate to apply.")

    @model_validator(mode="after")
    def _narrows(self) -> GateScope:
        if self.task is None and not self.labels:
            raise refuse("E204", "expected `task` or `labels`; a gate without `for` is for every model")
        return self


class _Gate(Document):
    for_: GateScope | None = Field(
        default=None, description="Models that the gate is for; it does not apply to others. Default: every model."
    )

    @property
    def scope(self) -> core.GateScope | None:
        """Return the models that the gate is for, as a core value; None: every model."""
        if self.for_ is None:
            return None
        task = Task(self.for_.task) if self.for_.task is not None else None
        return core.GateScope(task=task, labels=tuple(sorted(self.for_.labels.items())))


class Threshold(_Gate):
    """A bound on a metric on the model's own holdout."""

    uses: Literal["threshold"] = Field(description="Type of gate.")
    metric: str = Field(description="Metric, such as f1_macro, accuracy, recall:late, r2.")
    at_least: float | None = Field(default=None, description="Lowest value that passes.")
    at_most: float | None = Field(default=None, description="Highest value that passes.")

    @model_validator(mode="after")
    def _can_fail(self) -> Threshold:
        low, high = _known(self.metric)
        _possible(self.metric, self.for_)
        if self.at_least is None and self.at_most is None:
            raise refuse("E217", "expected `atLeast` or `atMost`: without a bound the gate can never fail")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise refuse("E217", "`atLeast` is above `atMost`: the gate can never pass")
        if (self.at_least is not None and self.at_least > high) or (self.at_most is not None and self.at_most < low):
            raise refuse("E217", f"{self.metric} lies between {low:g} and {high:g}: the gate can never pass")
        lower = self.at_least is None or self.at_least <= low
        upper = self.at_most is None or self.at_most >= high
        if lower and upper:
            raise refuse("E217", f"{self.metric} lies between {low:g} and {high:g}: the gate can never fail")
        return self

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.Threshold(metric=self.metric, at_least=self.at_least, at_most=self.at_most, for_=self.scope)


class PerformanceGrade(_Gate):
    """A lowest performance grade: A, B or C (every model has at least D)."""

    uses: Literal["performance-grade"] = Field(description="Type of gate.")
    at_least: Literal["A", "B", "C", "D"] = Field(description="Lowest grade that passes: A, B or C.")
    too_good: Literal["allowed"] | None = Field(
        default=None,
        description="Whether a model passes that has grade D because it is too good to be true. Default: it does not.",
    )

    @model_validator(mode="after")
    def _can_fail(self) -> PerformanceGrade:
        if self.at_least == "D":
            raise refuse("E217", "every model has at least grade D: the gate can never fail")
        return self

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.PerformanceGrade(
            at_least=core.Grade(self.at_least), for_=self.scope, too_good=True if self.too_good else None
        )


class BeatsNaiveGuess(_Gate):
    """A lowest share of the naive guess's errors that the model must remove."""

    uses: Literal["beats-naive-guess"] = Field(description="Type of gate.")
    by_share_of_errors: float = Field(
        gt=0, le=1, description="Share over 0 and at most 1: 0.25 means a quarter of the errors."
    )

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.BeatsNaiveGuess(by_share_of_errors=self.by_share_of_errors, for_=self.scope)


class NoWorseThanIncumbent(_Gate):
    """A comparison with the deployed model on rows that neither model was trained on."""

    uses: Literal["no-worse-than-incumbent"] = Field(description="Type of gate.")
    metric: str = Field(description="Metric to compare, such as f1_macro or r2.")
    tolerance: float = Field(default=0.0, ge=0, description="Accepted loss, in the metric's unit.")
    rule: Literal["evidence", "point", "strict"] = Field(
        default="evidence",
        description="evidence: fails when the candidate is significantly worse. point: compares the plain difference. "
        "strict: fails unless the candidate is significantly no worse.",
    )
    min_rows: int = Field(
        default=100,
        ge=1,
        le=10_000_000,
        description="Lowest number of shared rows; with fewer, the models are not comparable and the gate fails.",
    )
    against: Literal["incumbent", "best"] = Field(
        default="incumbent",
        description="best: also compares with every artifact that was deployed before the incumbent, on the rows that "
        "neither was trained on, so that the tolerance cannot be lost again and again.",
    )
    within: Duration | None = Field(
        default=None,
        description="How far back `against: best` looks from the latest deployment; default: 180d.",
    )

    @model_validator(mode="after")
    def _can_fail(self) -> NoWorseThanIncumbent:
        if self.within is not None and self.against != "best":
            raise refuse("E205", "`within` needs `against: best`", at="within")
        if self.metric == "coverage":
            raise refuse("E216", "coverage is not better where it is higher: compare by pinball", at="metric")
        low, high = _known(self.metric)
        _possible(self.metric, self.for_)
        if self.tolerance >= high - low:
            raise refuse("E217", f"{self.metric} cannot differ by {self.tolerance:g}: the gate can never fail")
        return self

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.NoWorseThanIncumbent(
            metric=self.metric,
            tolerance=self.tolerance,
            rule=core.Rule(self.rule),
            min_rows=self.min_rows,
            against=core.Against.BEST if self.against == "best" else None,
            within=parse_duration(self.within or WITHIN) if self.against == "best" else None,
            for_=self.scope,
        )


class DataDrift(_Gate):
    """A bound on how far the records to predict are from the rows that the candidate was trained on."""

    uses: Literal["data-drift"] = Field(description="Type of gate.")
    at_most: Literal["none", "some"] = Field(
        default="some",
        description="Largest drift of any feature, and of the predicted outcome, that passes. Records that are open in "
        "the data snapshot that the candidate was trained on are compared with its training rows.",
    )

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.DataDrift(at_most=DriftVerdict(self.at_most), for_=self.scope)


Gate = Annotated[
    Threshold | PerformanceGrade | BeatsNaiveGuess | NoWorseThanIncumbent | DataDrift, Field(discriminator="uses")
]


class Gates(Document):
    """The gates of a model, without the rest of its document."""

    gates: list[Gate]
