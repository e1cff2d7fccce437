"""Define the Experiment document: what is tried of a model, by how many trials, and what they are judged by."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from reconciler.manifest.schema.decisions.declared import Calibrate, Decide
from reconciler.manifest.schema.decisions.estimator import Blend, form_of
from reconciler.manifest.schema.field_types import (
    ColumnName,
    Date,
    Document,
    Expression,
    Label,
    Metadata,
    Name,
    no_duplicates,
    refuse,
)

Whole = Annotated[list[int], Field(min_length=2, max_length=2)]
Real = Annotated[list[int | float], Field(min_length=2, max_length=2)]
Scalar = bool | int | float | str | None


class ParamRange(Document):
    """Numbers that are tried of a parameter; exactly one of the forms."""

    int_: Whole | None = Field(default=None, description="Whole numbers from the first to the second.")
    real: Real | None = Field(default=None, description="Numbers from the first to the second.")
    log: Real | None = Field(default=None, description="Numbers from the first to the second, by their logarithm.")
    int_log: Whole | None = Field(
        default=None, description="Whole numbers from the first to the second, by their logarithm."
    )

    @model_validator(mode="after")
    def _one_form(self) -> ParamRange:
        given = [bounds for bounds in (self.int_, self.real, self.log, self.int_log) if bounds is not None]
        if len(given) != 1:
            raise refuse("E204", "expected one of {int: [1, 20]}, {real: [0, 1]}, {log: [0.01, 1]}, {intLog: [5, 200]}")
        if given[0][0] >= given[0][1]:
            raise refuse("E205", "the first number must be less than the second")
        if (self.log or self.int_log) and given[0][0] <= 0:
            raise refuse("E205", "by their logarithm, numbers must be over 0")
        return self


def _form_of(value: Any) -> str:
    """Return for which form a value was written, so that only the problems of that one are told."""
    return "range" if isinstance(value, (dict, ParamRange)) else "list" if isinstance(value, list) else "value"


ParamSpace = Annotated[
    Annotated[Scalar, Tag("value")]
    | Annotated[list[Scalar | list[Scalar]], Field(min_length=1, max_length=100), Tag("list")]
    | Annotated[ParamRange, Tag("range")],
    Discriminator(_form_of),
    Field(description="One value, a list of those that are tried, or numbers, such as {log: [0.02, 0.3]}."),
]


class EstimatorSpace(Document):
    """An estimator that is tried."""

    uses: Literal["sklearn", "lightgbm", "xgboost"] = Field(description="Library of the estimator.")
    class_: str = Field(description="Class of the estimator, such as HistGradientBoostingClassifier.")
    params: dict[str, ParamSpace] = Field(
        default_factory=dict,
        description="Parameters: one value; a list of those that are tried; or numbers, such as {log: [0.02, 0.3]}.",
    )
    keeps_rows: Literal["accepted"] | None = Field(
        default=None, description="Consent to an estimator that keeps training rows in the artifact."
    )


class AddedFeatures(Document):
    """Features that are tried in addition, by type: columns, derived ones or those of `past`."""

    numeric: list[ColumnName] = Field(default_factory=list, description="Columns used as numbers.")
    categorical: list[ColumnName] = Field(default_factory=list, description="Columns used as categories.")
    boolean: list[ColumnName] = Field(default_factory=list, description="Columns used as true or false.")


class FeatureSpace(Document):
    """Which features are tried."""

    drop: Literal["each"] | list[ColumnName] | None = Field(
        default=None, description="Features that are left out, one at a time: each of the model's, or those listed."
    )
    add: AddedFeatures | None = Field(default=None, description="Further features, each of which is in or out.")

    @property
    def tries(self) -> bool:
        """Tell whether any feature is left out or added."""
        added = self.add is not None and (self.add.numeric or self.add.categorical or self.add.boolean)
        return bool(self.drop or added)


class OutcomeSpace(Document):
    """What is tried of the outcome."""

    collapse: list[Label] = Field(min_length=2, description="Classes that become one, in trials of their own.")


class TrainSpace(Document):
    """Which windows of the rows are tried, in trials of their own."""

    since: list[Date | None] = Field(
        min_length=1, max_length=8, description="First days of the rows; null: as the model has it."
    )

    @model_validator(mode="after")
    def _distinct(self) -> TrainSpace:
        no_duplicates(self.since, "day")
        return self


class Space(Document):
    """What is tried."""

    estimator: list[
        Annotated[
            Annotated[EstimatorSpace, Tag("an estimator")] | Annotated[Blend, Tag("a blend")], Discriminator(form_of)
        ]
    ] = Field(default_factory=list, max_length=20, description="Estimators; a blend is tried as it is written.")
    features: FeatureSpace | None = Field(default=None, description="Features that are left out, and further ones.")
    where: list[Expression | None] = Field(
        default_factory=list, max_length=8, description="Further conditions on the rows; null: none."
    )
    train: TrainSpace | None = Field(default=None, description="Other windows of the rows.")
    outcome: OutcomeSpace | None = Field(default=None, description="Other outcomes.")
    calibrate: list[Calibrate | None] | None = Field(
        default=None, min_length=1, max_length=8, description="Calibrations of probabilities; null: none."
    )
    decide: list[Decide | None] | None = Field(
        default=None,
        min_length=1,
        max_length=8,
        description="How the predicted class follows from the probabilities; null: the most likely one.",
    )

    @model_validator(mode="after")
    def _something(self) -> Space:
        no_duplicates(self.where, "condition")
        windows = self.train.since if self.train is not None else ()
        features = self.features is not None and self.features.tries
        rules = (self.calibrate, self.decide)
        if not (self.estimator or features or any(self.where) or any(windows) or self.outcome or any(rules)):
            message = "every trial would be the model as it is; expected what is tried, or `space: automatic`"
            raise refuse("E204", message)
        return self


class SearchSpec(Document):
    """How the next trials are chosen."""

    uses: Literal["random", "grid", "optuna"] = Field(
        default="random", description="random, grid (all combinations), or optuna, which learns from earlier trials."
    )
    sampler: Literal["tpe"] | None = Field(default=None, description="Sampler of optuna.")
    batch: int = Field(
        default=8, ge=1, le=64, description="Number of trials that are chosen at once, by all results before them."
    )
    seed: int = Field(default=1, ge=0, le=2**32 - 1, description="Random seed of the search.")
    prune: Literal["halving"] | None = Field(
        default=None, description="halving: after each fold, only the better half of a batch goes on."
    )

    @model_validator(mode="after")
    def _fits(self) -> SearchSpec:
        if self.sampler is not None and self.uses != "optuna":
            raise refuse("E205", f"`sampler` is of optuna, and {self.uses} has none", at="sampler")
        if self.prune is not None and self.batch < 2:
            raise refuse("E205", "half of a batch of one is none: halving needs a batch of two or more", at="batch")
        return self


class Folds(Document):
    """The folds of the training rows that trials are judged on; in time where the holdout is."""

    count: int = Field(default=3, ge=2, le=10, description="Number of folds.")


class ExperimentSpec(Document):
    """The settings of an experiment."""

    model: Name = Field(description="Model that is to become better.")
    environment: Name = Field(description="Sandbox that declares the model.")
    metric: Literal["log_loss", "f1_macro", "balanced_accuracy", "accuracy", "mae", "rmse", "r2", "pinball"] = Field(
        description="Metric that trials are judged by, on folds of the training rows."
    )
    folds: Folds = Field(
        default=Folds(), description="Folds of the training rows. The holdout judges once, at the end."
    )
    trials: int = Field(
        ge=1, le=2000, description="Number of trials: never a time, so that every machine finds the same."
    )
    search: SearchSpec = Field(default=SearchSpec(), description="How the next trials are chosen.")
    space: Literal["automatic"] | Space = Field(description="What is tried; automatic: what a first search needs.")


class Experiment(Document):
    """experiments/<name>.yaml."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of the manifest format.")
    kind: Literal["Experiment"] = Field(description="Kind of document.")
    metadata: Metadata = Field(description="Name, equal to the file's, and owner.")
    spec: ExperimentSpec = Field(description="Settings of the experiment.")
