"""Define the estimator of a recipe: one of a supported library, or a blend of several."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from reconciler.core.spec.decisions.declared import FOLDS
from reconciler.core.spec.recipe import BLEND, FEWEST_MEMBERS, MOST_MEMBERS
from reconciler.manifest.schema.field_types import ColumnName, Document, Label, Name, refuse

MOST_FOLDS = 20

_Value = bool | int | float | str | None


class Estimator(Document):
    """A supported estimator. Reconciler sets its seed, and no byte depends on the number of threads."""

    uses: Literal["sklearn", "lightgbm", "xgboost"] = Field(
        description="Library of the estimator; LightGBM and XGBoost are extras of this package."
    )
    class_: str = Field(description="Class of the estimator, such as HistGradientBoostingClassifier.")
    params: dict[str, bool | int | float | str | list[_Value] | dict[Label, Any] | None] = Field(
        default_factory=dict,
        description="Parameters of the estimator, by its library's names; checked before training.",
    )
    keeps_rows: Literal["accepted"] | None = Field(
        default=None, description="Consent to an estimator that keeps training rows in the artifact."
    )
    monotonic: dict[ColumnName, Literal["increasing", "decreasing"]] | None = Field(
        default=None,
        min_length=1,
        description="Feature: with it the prediction only rises or falls (of two classes, that of the second).",
    )
    interactions: list[Annotated[list[ColumnName], Field(min_length=2)]] | None = Field(
        default=None,
        min_length=1,
        description="Groups of features that may act together; a feature of no group acts by itself.",
    )

    @field_validator("params")
    @classmethod
    def _mappings(cls, params: dict[str, Any]) -> dict[str, Any]:
        for name, value in params.items():
            if isinstance(value, dict) and name != "class_weight":
                raise refuse("E201", "expected one value, found a mapping", at=name)
            numbers = value.values() if isinstance(value, dict) else ()
            if not all(type(weight) in (int, float) and math.isfinite(weight) for weight in numbers):
                raise refuse("E201", "expected a number for each class, such as `{late: 3}`", at=name)
        return params


class BlendMember(Estimator):
    """A member of a blend: an estimator of scikit-learn, written as one that stands alone."""

    @model_validator(mode="before")
    @classmethod
    def _no_blend(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("uses") == BLEND:
            raise refuse("E205", "a member is one estimator, and no blend: write its members beside the others")
        return given


class Blend(Document):
    """The average of two to five estimators, by weights that are fitted out of fold on the training rows."""

    uses: Literal["blend"] = Field(description="blend: several estimators, whose predictions are averaged.")
    members: dict[Name, BlendMember] = Field(
        json_schema_extra={"minProperties": FEWEST_MEMBERS, "maxProperties": MOST_MEMBERS},
        description="Name: estimator, two to five of them, each written as one that stands alone.",
    )
    folds: int = Field(
        default=FOLDS, ge=2, le=MOST_FOLDS, description="Folds of the training rows that the weights are fitted out of."
    )


def form_of(value: Any) -> str:
    """Return for which form an estimator was written, so that only the problems of that one are told."""
    uses = value.get("uses") if isinstance(value, dict) else getattr(value, "uses", None)
    return "a blend" if uses == BLEND else "an estimator"


AnyEstimator = Annotated[
    Annotated[Estimator, Tag("an estimator")] | Annotated[Blend, Tag("a blend")], Discriminator(form_of)
]
