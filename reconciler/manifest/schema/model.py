"""Define the Model document: a recipe and its gates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.core.quality.checks import CheckOff
from reconciler.manifest.schema.decisions.declared import Calibrate, Decide, Weights
from reconciler.manifest.schema.decisions.estimator import AnyEstimator
from reconciler.manifest.schema.evaluation import DeclaredEvaluation
from reconciler.manifest.schema.features import Features, Past
from reconciler.manifest.schema.field_types import (
    ColumnName,
    Date,
    DigestText,
    Document,
    Duration,
    Expression,
    Label,
    Labels,
    Metadata,
    Name,
    Share,
    SwitchedOffName,
    refuse,
)
from reconciler.manifest.schema.gates import Gate


class Train(Document):
    """The rows that may be used for training and evaluation."""

    by: ColumnName | None = Field(default=None, description="Date column that `since` and `until` refer to.")
    since: Date | None = Field(default=None, description="First day of the rows.")
    until: Date | None = Field(default=None, description="Day before which the rows end.")
    where: Expression | None = Field(default=None, description="Condition on the rows.")

    @model_validator(mode="after")
    def _window(self) -> Train:
        if (self.since or self.until) and not self.by:
            raise refuse("E204", "`since` and `until` need `by`, the date column that they refer to")
        if self.since and self.until and self.since >= self.until:
            raise refuse("E205", "`since` must be before `until`")
        return self


class Predict(Document):
    """The open rows: those that `predict` scores."""

    where: Expression = Field(description="Condition on the rows that `reconciler predict` scores.")


class Data(Document):
    """Rows and columns of a recipe."""

    from_: Name = Field(description="Main table: one row per record.")
    join: dict[Name, ColumnName] = Field(
        default_factory=dict, description="Table: key column. A left join; the key must be unique in the joined table."
    )
    derive: dict[ColumnName, Expression] = Field(
        default_factory=dict, description="Name: SQL expression over one row, computed in order."
    )
    key: ColumnName = Field(
        description="Column that is unique per row: orders rows, selects a random holdout, identifies predictions."
    )
    past: Past | None = Field(
        default=None,
        description="Features from earlier rows of the same customer, machine or account, as known at that moment.",
    )
    where: Expression | None = Field(
        default=None, description="Condition on the rows of the recipe; other rows are ignored."
    )
    train: Train | None = Field(default=None, description="Restricts the rows for training and evaluation.")
    predict: Predict | None = Field(default=None, description="Open rows: those that `predict` scores.")


class Outcome(Document):
    """The outcome to predict: ordered conditions, the values of a column, or a number."""

    matured: Expression | None = Field(
        default=None, description="Expression for the day from which the outcome is known."
    )
    column: ColumnName | None = Field(
        default=None, description="Column with the outcome: a number, or the names of classes."
    )
    classes: dict[Label, Expression] | list[Label] | None = Field(
        default=None,
        description="Class: condition, the first true one applies; or a list of the values of `column`, in order.",
    )
    possible: dict[Label, Expression] = Field(
        default_factory=dict, description="Class: condition under which it is possible; elsewhere its probability is 0."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Outcome:
        if isinstance(self.classes, dict):
            if self.column is not None:
                raise refuse(
                    "E205", "classes with conditions need no `column`; with `column`, write the classes as a list"
                )
        elif self.column is None:
            raise refuse("E204", "expected `classes` with conditions, or `column`")
        names = list(self.classes or ())
        if self.classes is not None and len(names) < 2:
            raise refuse("E205", "expected two classes or more")
        if len(set(names)) != len(names):
            raise refuse("E207", "a class is given twice")
        if unknown := sorted(set(self.possible) - set(names)):
            raise refuse("E203", f"`possible` names {unknown[0]!r}, which is not one of the classes")
        return self


class Holdout(Document):
    """Rows for evaluation that are never used for training: the last ones by date, or a random share of keys."""

    last: Share | None = Field(
        default=None, description="Share of the rows that come last by the column `by`, such as 20%."
    )
    by: ColumnName | None = Field(default=None, description="Date column that orders the rows.")
    random: Share | None = Field(
        default=None, description="Share of the rows, chosen by a hash of their key: the same rows every time."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Holdout:
        if (self.last is None) == (self.random is None):
            raise refuse(
                "E204", "expected `holdout: {last: 20%, by: COLUMN}`, with a date column, or `holdout: {random: 20%}`"
            )
        if (self.last is None) != (self.by is None):
            raise refuse("E204", "`last` and `by`, a date column, need each other")
        return self


class Recipe(Document):
    """The part of a model that determines the artifact's bytes."""

    task: Literal["classification", "regression"] = Field(description="Kind of prediction: a class or a number.")
    data: Data = Field(description="Rows and columns, from which tables.")
    outcome: Outcome = Field(description="Outcome to predict.")
    features: Features = Field(description="Input columns, by type.")
    estimator: AnyEstimator = Field(description="Estimator and its parameters, or a blend of several.")
    holdout: Holdout = Field(description="Rows for evaluation, never used for training.")
    weights: Weights | None = Field(default=None, description="How much each training row weighs; else all alike.")
    calibrate: Calibrate | None = Field(
        default=None, description="Probabilities that are as often right as they say, fitted on the training rows."
    )
    decide: Decide | None = Field(
        default=None, description="How the predicted class follows from the probabilities; else the most likely one."
    )
    seed: int = Field(ge=0, le=2**32 - 1, description="Random seed: another seed gives another artifact.")

    @model_validator(mode="after")
    def _fits(self) -> Recipe:
        classes = self.outcome.classes
        if self.task == "classification" and classes is None:
            raise refuse("E204", "a classification needs `outcome.classes`")
        if self.task == "regression" and classes is not None:
            raise refuse("E205", "a regression predicts `outcome.column` and has no `classes`")
        return self


class Retrain(Document):
    """When a model is trained again. New data alone triggers nothing unless `because` lists data."""

    because: list[Literal["recipe", "data", "runtime"]] = Field(
        default=["recipe"], min_length=1, description="Changes after which a model is trained again."
    )
    every: Duration | None = Field(
        default=None, description="Maximum age of the training data; the model is trained again when it is older."
    )
    requested: Date | None = Field(
        default=None,
        description="Day on which a retrain was asked for, such as by `monitor --open`: data of before it do not do.",
    )


class ModelMetadata(Metadata):
    """Name, description and labels of a model: none of it affects an artifact."""

    labels: Labels = Field(
        default_factory=dict,
        description="Labels by name, such as {tier: critical}: gates can be for models that have them.",
    )


class Checks(Document):
    """The checks of the rows before a training, as far as the model differs from their defaults."""

    off: dict[SwitchedOffName, Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        min_length=1,
        description="Check, or CHECK.FEATURE for one feature (class): why it is off. "
        "An error stays on unless `policy.checks` of the environment names its check.",
    )

    def value(self) -> tuple[CheckOff, ...]:
        """Return what is switched off as core values, by name."""
        return tuple(
            CheckOff(check=name.partition(".")[0], subject=name.partition(".")[2], reason=reason)
            for name, reason in sorted(self.off.items())
        )


class ModelSpec(Document):
    """The settings of a model."""

    artifact: DigestText | None = Field(default=None, description="Pin: digest of the artifact to deploy.")
    proposed: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="How often this pin was proposed again: raised by `promote --again`, so that it is judged anew.",
    )
    recipe: Recipe = Field(description="Everything that determines the artifact's bytes.")
    gates: list[Gate] = Field(
        default_factory=list,
        description="Gates that every candidate must pass, in addition to those of the environment.",
    )
    evaluation: DeclaredEvaluation | None = Field(
        default=None, description="How it is judged besides what holds for all models: slices, order, costs."
    )
    checks: Checks | None = Field(default=None, description="Checks of the rows that are switched off, with reasons.")
    retrain: Retrain | None = Field(default=None, description="When to train again. For a sandbox only.")


class Model(Document):
    """One model in one environment: manifests/<environment>/<model>.yaml."""

    api_version: Literal["reconciler/v1"] = Field(description="Version of the manifest format.")
    kind: Literal["Model"] = Field(description="Kind of document.")
    metadata: ModelMetadata = Field(description="Name, equal to the file's, and owner.")
    spec: ModelSpec = Field(description="Settings of the model.")
