"""Gates as a manifest writes them. A gate that can never fail is refused; so is one for another kind of model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.core.artifact.evaluation import (
    CLASSIFICATION_METRICS,
    METRIC_RANGE,
    PER_CLASS_METRICS,
    REGRESSION_METRICS,
)
from reconciler.core.spec import gates as core
from reconciler.manifest.schema.field_types import Document, refuse


def metric_range(metric: str) -> tuple[float, float] | None:
    """The values that a metric can take; None when there is no such metric."""
    kind, colon, label = metric.partition(":")
    if colon:
        return (0.0, 1.0) if kind in PER_CLASS_METRICS and label else None
    return METRIC_RANGE.get(metric)


def _known(metric: str) -> tuple[float, float]:
    found = metric_range(metric)
    if found is None:
        names = ", ".join([*CLASSIFICATION_METRICS, *REGRESSION_METRICS, "recall:<class>"])
        raise refuse("E216", f"unknown metric; there are {names}", at="metric")
    return found


class Threshold(Document):
    """A metric on the model's own holdout is at least, or at most, a number."""

    uses: Literal["threshold"] = Field(description="Which gate.")
    metric: str = Field(description="Such as f1_macro, accuracy, recall:late, r2.")
    at_least: float | None = Field(default=None, description="The least that passes.")
    at_most: float | None = Field(default=None, description="The most that passes.")

    @model_validator(mode="after")
    def _can_fail(self) -> Threshold:
        low, high = _known(self.metric)
        if self.at_least is None and self.at_most is None:
            raise refuse("E217", "says neither atLeast nor atMost: it can never fail")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise refuse("E217", "atLeast is above atMost: it can never pass")
        if (self.at_least is not None and self.at_least > high) or (self.at_most is not None and self.at_most < low):
            raise refuse("E217", f"{self.metric} lies between {low:g} and {high:g}: it can never pass")
        lower = self.at_least is None or self.at_least <= low
        upper = self.at_most is None or self.at_most >= high
        if lower and upper:
            raise refuse("E217", f"{self.metric} lies between {low:g} and {high:g}: it can never fail")
        return self

    def value(self) -> core.Gate:
        return core.Threshold(metric=self.metric, at_least=self.at_least, at_most=self.at_most)


class PerformanceGrade(Document):
    """The performance grade is at least this one: A, B or C (D is the lowest and every model has it)."""

    uses: Literal["performance-grade"] = Field(description="Which gate.")
    at_least: Literal["A", "B", "C", "D"] = Field(description="The lowest grade that passes: A, B or C.")

    @model_validator(mode="after")
    def _can_fail(self) -> PerformanceGrade:
        if self.at_least == "D":
            raise refuse("E217", "every model has at least D: it can never fail")
        return self

    def value(self) -> core.Gate:
        return core.PerformanceGrade(at_least=core.Grade(self.at_least))


class BeatsNaiveGuess(Document):
    """At least this share of the naive guess's errors is removed."""

    uses: Literal["beats-naive-guess"] = Field(description="Which gate.")
    by_share_of_errors: float = Field(gt=0, le=1, description="Over 0 and at most 1; 0.25 removes a quarter.")

    def value(self) -> core.Gate:
        return core.BeatsNaiveGuess(by_share_of_errors=self.by_share_of_errors)


class NoWorseThanIncumbent(Document):
    """On rows that neither model trained on, the candidate is not worse than what is deployed."""

    uses: Literal["no-worse-than-incumbent"] = Field(description="Which gate.")
    metric: str = Field(description="What is compared, such as f1_macro or r2.")
    tolerance: float = Field(default=0.0, ge=0, description="How much worse is still well, in the metric's unit.")
    rule: Literal["evidence", "point", "strict"] = Field(
        default="evidence",
        description="evidence: refused when it is worse beyond doubt. point: by the bare difference. "
        "strict: refused unless it is no worse beyond doubt.",
    )
    min_rows: int = Field(default=100, ge=1, le=10_000_000, description="Fewer shared rows: not comparable, refused.")

    @model_validator(mode="after")
    def _can_fail(self) -> NoWorseThanIncumbent:
        low, high = _known(self.metric)
        if self.tolerance >= high - low:
            raise refuse("E217", f"{self.metric} cannot differ by {self.tolerance:g}: it can never fail")
        return self

    def value(self) -> core.Gate:
        return core.NoWorseThanIncumbent(
            metric=self.metric, tolerance=self.tolerance, rule=core.Rule(self.rule), min_rows=self.min_rows
        )


Gate = Annotated[Threshold | PerformanceGrade | BeatsNaiveGuess | NoWorseThanIncumbent, Field(discriminator="uses")]


class Gates(Document):
    """A model's gates by themselves."""

    gates: list[Gate]
