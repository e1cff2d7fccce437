"""The Model document: a recipe and its gates."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from reconciler.manifest.schema.field_types import (
    ColumnName,
    Date,
    DigestText,
    Document,
    Duration,
    Expression,
    Label,
    Metadata,
    Name,
    Share,
    refuse,
)
from reconciler.manifest.schema.gates import Gate


class Past(Document):
    """What was known of the same `by` at each row's own moment."""

    by: ColumnName = Field(description="Whose past: a customer's, say.")
    at: ColumnName = Field(description="This row's moment, a date or time.")
    known: ColumnName = Field(description="When an earlier row's outcome was known, a date or time.")
    where: Expression | None = Field(default=None, description="Which earlier rows count.")
    features: dict[ColumnName, Expression] = Field(min_length=1, description="name: aggregate, such as count(*).")


class Train(Document):
    """Which rows may train or judge."""

    by: ColumnName | None = Field(default=None, description="The date column that since and until are about.")
    since: Date | None = Field(default=None, description="Rows from this day on.")
    until: Date | None = Field(default=None, description="Rows before this day.")
    where: Expression | None = Field(default=None, description="Rows of which this is true.")

    @model_validator(mode="after")
    def _window(self) -> Train:
        if (self.since or self.until) and not self.by:
            raise refuse("E204", "since and until need `by`: the date column that they are about")
        if self.since and self.until and self.since >= self.until:
            raise refuse("E205", "since is not before until")
        return self


class Predict(Document):
    """Which rows are open: those that `predict` scores."""

    where: Expression = Field(description="True of the rows that `reconciler predict` scores.")


class Data(Document):
    from_: Name = Field(description="The main table: one row per record.")
    join: dict[Name, ColumnName] = Field(default_factory=dict, description="table: key; left join, key unique there.")
    derive: dict[ColumnName, Expression] = Field(default_factory=dict, description="name: SQL scalar, in order.")
    key: ColumnName = Field(description="Unique per row: orders rows, keys the holdout, names predictions.")
    past: Past | None = Field(
        default=None,
        description="What was known, at the row's own moment, of earlier rows of the same customer, machine, account.",
    )
    where: Expression | None = Field(
        default=None, description="Rows of which this is true; the others are not looked at."
    )
    train: Train | None = Field(default=None, description="Narrows the rows that train or judge.")
    predict: Predict | None = Field(default=None, description="Which rows are open: those that `predict` scores.")


class Outcome(Document):
    """What is predicted: ordered conditions, the values of a column, or a number."""

    matured: Expression | None = Field(default=None, description="The day by which the outcome is certain.")
    column: ColumnName | None = Field(
        default=None, description="The column that holds the outcome: a number, or the names of classes."
    )
    classes: dict[Label, Expression] | list[Label] | None = Field(
        default=None, description="class: condition, first true wins; or the values of `column`, in order."
    )
    possible: dict[Label, Expression] = Field(default_factory=dict, description="class: when it can happen at all.")

    @model_validator(mode="after")
    def _one_form(self) -> Outcome:
        if isinstance(self.classes, dict):
            if self.column is not None:
                raise refuse("E205", "classes by condition need no column; classes by value are a list")
        elif self.column is None:
            raise refuse("E204", "say what is predicted: classes by condition, or a column")
        names = list(self.classes or ())
        if self.classes is not None and len(names) < 2:
            raise refuse("E205", "a classification has two classes or more")
        if len(set(names)) != len(names):
            raise refuse("E207", "a class is given twice")
        if unknown := sorted(set(self.possible) - set(names)):
            raise refuse("E203", f"possible names {unknown[0]!r}, which is no class")
        return self


class Features(Document):
    numeric: list[ColumnName] = Field(default_factory=list, description="Columns taken as quantities.")
    categorical: list[ColumnName] = Field(
        default_factory=list, description="Columns of which each value stands for itself."
    )
    boolean: list[ColumnName] = Field(default_factory=list, description="Columns that are true or false.")

    @model_validator(mode="after")
    def _distinct(self) -> Features:
        names = [*self.numeric, *self.categorical, *self.boolean]
        if not names:
            raise refuse("E204", "a model has one feature or more")
        lowered = [name.lower() for name in names]
        twice = sorted({name for name in names if lowered.count(name.lower()) > 1})
        if twice:
            raise refuse("E207", f"feature {twice[0]!r} is given twice")
        return self


class Estimator(Document):
    """A class of scikit-learn's from the table, by name. `reconciler` seeds it and runs it single-jobbed."""

    uses: Literal["sklearn"] = Field(description="The library that it comes from.")
    class_: str = Field(description="Such as HistGradientBoostingClassifier.")
    params: dict[str, bool | int | float | str | list[bool | int | float | str | None] | None] = Field(
        default_factory=dict, description="Its parameters, by scikit-learn's names; checked before any training."
    )
    keeps_rows: Literal["accepted"] | None = Field(
        default=None, description="Needed where the estimator keeps training rows in the artifact."
    )


class Holdout(Document):
    """Rows that judge and never train: the last ones by date, or a random share of keys."""

    last: Share | None = Field(
        default=None, description="The share of rows that come last by the column `by`, such as 20%."
    )
    by: ColumnName | None = Field(default=None, description="The date column that orders the rows.")
    random: Share | None = Field(
        default=None, description="A share of rows drawn by their key: the same rows every time."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Holdout:
        if (self.last is None) == (self.random is None):
            raise refuse("E204", "say either {last: 20%, by: date column} or {random: 20%}")
        if (self.last is None) != (self.by is None):
            raise refuse("E204", "last and by go together")
        return self


class Recipe(Document):
    """The part of a spec that decides the artifact's bytes."""

    task: Literal["classification", "regression"] = Field(description="Whether a class is predicted, or a number.")
    data: Data = Field(description="Which rows and columns, from which tables.")
    outcome: Outcome = Field(description="What is predicted.")
    features: Features = Field(description="What it is predicted from, by type.")
    estimator: Estimator = Field(description="What learns.")
    holdout: Holdout = Field(description="Which rows judge and never train.")
    seed: int = Field(ge=0, le=2**32 - 1, description="Where chance starts: another seed, another artifact.")

    @model_validator(mode="after")
    def _fits(self) -> Recipe:
        classes = self.outcome.classes
        if self.task == "classification" and classes is None:
            raise refuse("E204", "a classification needs outcome.classes")
        if self.task == "regression" and classes is not None:
            raise refuse("E205", "a regression predicts outcome.column and has no classes")
        return self


class Retrain(Document):
    """When a build no longer meets the need. A refresh alone puts nothing out of date."""

    because: list[Literal["recipe", "data", "runtime"]] = Field(
        default=["recipe"], min_length=1, description="Which changes put a build out of date."
    )
    every: Duration | None = Field(
        default=None, description="A build whose data are older does not meet the need any more."
    )


class ModelSpec(Document):
    artifact: DigestText | None = Field(default=None, description="The pin: which bytes are deployed.")
    recipe: Recipe = Field(description="All that decides the artifact's bytes.")
    gates: list[Gate] = Field(
        default_factory=list, description="Checks that every candidate must pass, beside those of the environment."
    )
    retrain: Retrain | None = Field(default=None, description="When to train anew. For a sandbox only.")


class Model(Document):
    """One model in one environment: manifests/<environment>/<model>.yaml."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this form of manifests.")
    kind: Literal["Model"] = Field(description="Which document this is.")
    metadata: Metadata = Field(description="Its name, which is that of the file, and who answers for it.")
    spec: ModelSpec = Field(description="What the model is.")
