"""Define gates as a manifest writes them. A gate that can never fail, or never pass, is an error."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from reconciler.core.duration import parse_duration
from reconciler.core.quality.drift import DriftVerdict
from reconciler.core.spec import gates as core
from reconciler.core.spec.grade import Grade
from reconciler.manifest.schema.field_types import Document, Duration, refuse
from reconciler.manifest.schema.gates.bounded import Calibration, Coverage, Sliced, Threshold, check_task, figure_named
from reconciler.manifest.schema.gates.scope import AnyGate

WITHIN = "180d"


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
            at_least=Grade(self.at_least), for_=self.scope, too_good=True if self.too_good else None
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


class NoWorseThanIncumbent(Sliced):
    """A comparison with the deployed model on rows that neither model was trained on."""

    uses: Literal["no-worse-than-incumbent"] = Field(description="Type of gate.")
    metric: str = Field(description="Metric to compare, such as f1_macro, roc_auc, recall:late, log_loss or r2.")
    tolerance: float = Field(
        default=0.0,
        ge=0,
        description="Accepted loss, in the metric's unit; of coverage, how much further from the quantile.",
    )
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
        known = figure_named(self.metric)
        check_task(self.metric, self.for_)
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
            per=self.per,
            min_support=self.min_support,
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
