"""Define the features of a recipe: columns by type, and aggregates over what was known of earlier rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.core.duration import parse_duration
from reconciler.core.spec.recipe import is_taken_as_feature
from reconciler.manifest.schema.field_types import ColumnName, Document, Duration, Expression, refuse

_CENTURY = 100 * 365 * 86400


class PastFeature(Document):
    """An aggregate over a part of the earlier rows: those known lately, or the last ones."""

    aggregate: Expression = Field(description="Aggregate over the rows of the window, such as avg(days_late).")
    within: Duration | None = Field(
        default=None, description="Only rows known not longer than this before the row's moment, such as 180d."
    )
    last: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Only so many rows, those known last; rows known at once in the order of their keys."
    )

    @model_validator(mode="after")
    def _window(self) -> PastFeature:
        if self.within is None and self.last is None:
            raise refuse("E204", "expected `within` or `last`; without a window, write the aggregate alone")
        if self.within is not None and parse_duration(self.within) > _CENTURY:
            raise refuse("E205", "expected a window of at most 100 years", at="within")
        return self


class Past(Document):
    """Features from earlier rows with the same `by`, as far as they were known at each row's moment."""

    by: ColumnName | list[ColumnName] = Field(
        description="Column that groups rows, such as the customer; or several, which must all be the same."
    )
    at: ColumnName = Field(description="Column with the moment of a row, a date or time.")
    known: ColumnName = Field(
        description="Column with the moment from which a row's outcome was known, a date or time."
    )
    where: Expression | None = Field(default=None, description="Condition on the earlier rows that count.")
    features: dict[ColumnName, Expression | PastFeature] = Field(
        min_length=1, description="Name: aggregate, such as count(*); or with a window, `within` or `last`."
    )

    @property
    def owners(self) -> list[str]:
        """Return the columns of `by`, one or more."""
        return [self.by] if isinstance(self.by, str) else self.by

    @model_validator(mode="after")
    def _columns(self) -> Past:
        if not self.owners:
            raise refuse("E204", "expected a column, or a list of one column or more", at="by")
        if twice := [column for index, column in enumerate(self.owners) if column in self.owners[:index]]:
            raise refuse("E207", f"column {twice[0]!r} is given twice", at="by")
        return self


DatePart = Literal["year", "quarter", "month", "weekday", "day", "day_of_year", "hour", "days_since_epoch"]


class Features(Document):
    """Input columns of the model, by type."""

    numeric: list[ColumnName] = Field(default_factory=list, description="Columns used as numbers.")
    categorical: list[ColumnName] = Field(default_factory=list, description="Columns used as categories.")
    boolean: list[ColumnName] = Field(default_factory=list, description="Columns used as true or false.")

    dates: dict[ColumnName, list[DatePart]] = Field(
        default_factory=dict, description="Date: the parts of it that are features, each a number; weekday 1 is Monday."
    )

    text: dict[ColumnName, Annotated[int, Field(ge=16, le=1024)]] = Field(
        default_factory=dict,
        description="Text: number of buckets, 16 to 1024, that its words are hashed into. Each is a column of numbers.",
    )

    target_encoded: list[ColumnName] = Field(
        default_factory=list,
        description="Columns used as categories, each as what happened to the training rows that had it.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Features:
        for column, parts in self.dates.items():
            if not parts:
                raise refuse("E204", f"expected one part of {column} or more, such as month")
            if len(set(parts)) < len(parts):
                raise refuse("E207", f"a part of {column} is given twice")
        names = [*self.numeric, *self.categorical, *self.boolean, *self.text, *self.target_encoded]
        if not names and not self.dates:
            raise refuse("E204", "expected one feature or more, such as `numeric: [amount]`")
        lowered = [name.lower() for name in names]
        twice = sorted({name for name in names if lowered.count(name.lower()) > 1})
        if twice:
            raise refuse("E207", f"feature {twice[0]!r} is given twice")
        if taken := [name for name in names if is_taken_as_feature(name)]:
            raise refuse("E416", f"a feature cannot be named {taken[0]}: derive a column of another name from it")
        return self
