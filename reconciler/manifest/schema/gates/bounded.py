"""Define gates on a figure: a threshold, calibration and coverage, as a whole and per slice."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from reconciler.core.spec import gates as core
from reconciler.core.spec.gates.known_figures import KNOWN_FIGURES, OF_ONE_CLASS, KnownFigure, known_figure
from reconciler.manifest.schema.field_types import refuse
from reconciler.manifest.schema.gates.scope import AnyGate, GateScope

FEWEST = 20
"""Rows of a slice below which no figure says anything."""
SliceName = Annotated[str, StringConstraints(min_length=1, max_length=120)]


def figure_named(metric: str) -> KnownFigure:
    known = known_figure(metric)
    if known is None:
        names = ", ".join([*KNOWN_FIGURES, *(f"{kind}:<class>" for kind in OF_ONE_CLASS)])
        raise refuse("E216", f"unknown metric; expected one of {names}", at="metric")
    return known


def check_task(metric: str, scope: GateScope | None) -> None:
    """Check that models of the gate's own task have its metric; a class is checked against each model."""
    if scope is not None and scope.task is not None and figure_named(metric).task != scope.task:
        raise refuse("E216", f"{metric} is not a metric of a {scope.task}: the gate can never pass", at="metric")


class Sliced(AnyGate):
    """What gates have in common that are judged of all rows, or per slice."""

    per: SliceName | None = Field(
        default=None,
        description="Name of a slice that the model declares under `evaluation.slices`, or of a feature of it: each "
        "part with `minSupport` rows is judged, and all must pass.",
    )
    min_support: int | None = Field(
        default=None,
        ge=FEWEST,
        le=10_000_000,
        description="Rows of the holdout from which on a part of the slice is judged; default: 50.",
    )

    @model_validator(mode="after")
    def _supported(self) -> Self:
        if self.min_support is not None and self.per is None:
            raise refuse("E205", "`minSupport` needs `per`", at="minSupport")
        return self


class _Bounded(Sliced):
    """What gates on a figure have in common."""

    rule: Literal["evidence", "point", "strict"] | None = Field(
        default=None,
        description="evidence: fails when the 95 % interval shows that the bound is missed. point: compares the figure "
        "itself. strict: fails unless the interval shows that the bound is kept. Default: point; with `per`: evidence.",
    )

    @property
    def _read_by(self) -> core.Rule | None:
        """Return the declared rule; of slices, of which chance refuses some by their figures alone, evidence."""
        return core.Rule(self.rule) if self.rule else core.Rule.EVIDENCE if self.per else None


class Threshold(_Bounded):
    """A bound on a metric on the model's own holdout, as a whole or per slice."""

    uses: Literal["threshold"] = Field(description="Type of gate.")
    metric: str = Field(description="Metric, such as f1_macro, roc_auc, recall:late, r2.")
    at_least: float | None = Field(default=None, description="Lowest value that passes.")
    at_most: float | None = Field(default=None, description="Highest value that passes.")

    @model_validator(mode="after")
    def _can_fail(self) -> Threshold:
        known = figure_named(self.metric)
        low, high = known.low, known.high
        check_task(self.metric, self.for_)
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
        return core.Threshold(
            metric=self.metric,
            at_least=self.at_least,
            at_most=self.at_most,
            for_=self.scope,
            rule=self._read_by,
            per=self.per,
            min_support=self.min_support,
        )


class Calibration(_Bounded):
    """A highest expected calibration error of a classification: that its probabilities mean what they say."""

    uses: Literal["calibration"] = Field(description="Type of gate.")
    at_most: float = Field(
        ge=0, lt=1, description="Highest expected calibration error that passes, such as 0.05: five percentage points."
    )

    @model_validator(mode="after")
    def _is_of_classes(self) -> Calibration:
        if self.for_ is not None and self.for_.task == "regression":
            raise refuse("E216", "only a classification has a calibration: the gate can never pass", at="for")
        return self

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.Calibration(
            at_most=self.at_most, for_=self.scope, rule=self._read_by, per=self.per, min_support=self.min_support
        )


class Coverage(_Bounded):
    """How near the share of rows at or below a predicted quantile must be to that quantile."""

    uses: Literal["coverage"] = Field(description="Type of gate.")
    tolerance: float = Field(
        default=0.0,
        ge=0,
        lt=0.5,
        description="How far off the share may be, such as 0.02. With `rule: evidence` 0 is what the rows can tell.",
    )

    @model_validator(mode="after")
    def _can_pass(self) -> Coverage:
        if self.for_ is not None and self.for_.task == "classification":
            raise refuse("E216", "only a quantile has a coverage: the gate can never pass", at="for")
        if self.tolerance == 0 and self._read_by is not core.Rule.EVIDENCE:
            message = "no share of rows is exactly a quantile: give a `tolerance`, or `rule: evidence`"
            raise refuse("E217", message, at="tolerance")
        return self

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.Coverage(
            tolerance=self.tolerance, for_=self.scope, rule=self._read_by, per=self.per, min_support=self.min_support
        )
