"""Define gates as a manifest writes them. A gate that can never fail, or never pass, is an error."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from reconciler.core.artifact.evaluation import METRIC_RANGE, PER_CLASS_METRICS
from reconciler.core.duration import parse_duration
from reconciler.core.quality.drift import DriftVerdict
from reconciler.core.spec import gates as core
from reconciler.core.spec.gates.known_figures import KNOWN_FIGURES, OF_ONE_CLASS, KnownFigure, known_figure
from reconciler.manifest.schema.field_types import Document, Duration, refuse
from reconciler.manifest.schema.gate_scope import AnyGate, GateScope

WITHIN = "180d"
FEWEST = 20
"""Rows of a slice below which no figure says anything."""
SliceName = Annotated[str, StringConstraints(min_length=1, max_length=120)]


def _known(metric: str) -> KnownFigure:
    known = known_figure(metric)
    if known is None:
        names = ", ".join([*KNOWN_FIGURES, *(f"{kind}:<class>" for kind in OF_ONE_CLASS)])
        raise refuse("E216", f"unknown metric; expected one of {names}", at="metric")
    return known


def _possible(metric: str, scope: GateScope | None) -> None:
    """Check that models of the gate's own task have its metric; a class is checked against each model."""
    if scope is not None and scope.task is not None and _known(metric).task != scope.task:
        raise refuse("E216", f"{metric} is not a metric of a {scope.task}: the gate can never pass", at="metric")


class _Bounded(AnyGate):
    """What gates on a figure have in common."""

    rule: Literal["evidence", "point", "strict"] | None = Field(
        default=None,
        description="evidence: fails when the 95 % interval shows that the bound is missed. point: compares the figure "
        "itself. strict: fails unless the interval shows that the bound is kept. Default: point; with `per`: evidence.",
    )
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
        known = _known(self.metric)
        low, high = known.low, known.high
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


class PluginGate(AnyGate):
    """A gate of an installed package: an entry point of the group `reconciler.gates`."""

    uses: Literal["plug-in"] = Field(description="Type of gate.")
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,62}$")] = Field(
        description="Name of the entry point."
    )
    settings: dict[str, Annotated[str, StringConstraints(max_length=200)]] = Field(
        default_factory=dict, max_length=20, description="What the gate is told, by name; each a text."
    )

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.PluginGate(name=self.name, settings=tuple(sorted(self.settings.items())), for_=self.scope)


class PerformanceGrade(AnyGate):
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


class BeatsNaiveGuess(AnyGate):
    """A lowest share of the naive guess's errors that the model must remove."""

    uses: Literal["beats-naive-guess"] = Field(description="Type of gate.")
    by_share_of_errors: float = Field(
        gt=0, le=1, description="Share over 0 and at most 1: 0.25 means a quarter of the errors."
    )

    def value(self) -> core.Gate:
        """Return the gate as a core value."""
        return core.BeatsNaiveGuess(by_share_of_errors=self.by_share_of_errors, for_=self.scope)


class NoWorseThanIncumbent(AnyGate):
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
        known = _known(self.metric)
        if self.metric not in METRIC_RANGE and self.metric.partition(":")[0] not in PER_CLASS_METRICS:
            named = ", ".join([*METRIC_RANGE.keys() - {"coverage"}, "recall:<class>"])
            raise refuse("E216", f"two models are not compared by {self.metric}; by one of {named}", at="metric")
        _possible(self.metric, self.for_)
        if self.tolerance >= known.high - known.low:
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


class DataDrift(AnyGate):
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
    Threshold
    | PerformanceGrade
    | BeatsNaiveGuess
    | NoWorseThanIncumbent
    | DataDrift
    | Calibration
    | Coverage
    | PluginGate,
    Field(discriminator="uses"),
]


class Gates(Document):
    """The gates of a model, without the rest of its document."""

    gates: list[Gate]
