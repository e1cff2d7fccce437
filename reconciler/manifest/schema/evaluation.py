"""Define how a model is judged besides what holds for all: slices, the order of its classes, costs of mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from reconciler.core.spec import model as core
from reconciler.manifest.schema.field_types import ColumnName, Document, Expression, Label, refuse

_Cost = Annotated[float, Field(ge=-1e12, le=1e12)]


class DeclaredSlice(Document):
    """A slice by an expression: rows with the same value are judged together."""

    name: ColumnName = Field(description="Name of the slice, for reports and gates.")
    expression: Expression = Field(description="SQL expression over one row: a condition, or a value of few kinds.")


class DeclaredEvaluation(Document):
    """How a model is judged besides what holds for all. It trains nothing: no digest of an artifact depends on it."""

    slices: list[ColumnName | DeclaredSlice] = Field(
        default_factory=list,
        max_length=core.MOST_DECLARED,
        description="Columns, or {name, expression}, by whose values the rows are judged apart.",
    )
    order: list[Label] = Field(
        default_factory=list,
        description="All classes from the worst to the best: a mistake is then judged by its distance, too.",
    )
    costs: dict[Label, dict[Label, _Cost]] = Field(
        default_factory=dict,
        description="Actual class: {predicted class: cost}, for all classes; of the right class 0 where it is left "
        "out. A gain is a negative cost.",
    )

    @model_validator(mode="after")
    def _once(self) -> DeclaredEvaluation:
        names = [each if isinstance(each, str) else each.name for each in self.slices]
        lowered = [name.lower() for name in names]
        if twice := [name for name in names if lowered.count(name.lower()) > 1]:
            raise refuse("E207", f"slice {twice[0]} is given twice", at="slices")
        if len(set(self.order)) < len(self.order):
            raise refuse("E207", "a class is given twice", at="order")
        return self

    def value(self, classes: Sequence[str]) -> core.DeclaredEvaluation:
        """Return the declaration as a core value; `classes`: of the model, in their order."""
        slices = (
            core.DeclaredSlice(name=each, expression=f'"{each}"')
            if isinstance(each, str)
            else core.DeclaredSlice(name=each.name, expression=each.expression.strip())
            for each in self.slices
        )
        actual = [*(name for name in classes if name in self.costs), *(n for n in self.costs if n not in classes)]
        return core.DeclaredEvaluation(
            slices=tuple(slices),
            order=tuple(self.order),
            costs=tuple(core.ClassCosts(actual=name, costs=_row(name, self.costs[name], classes)) for name in actual),
        )


def _row(actual: str, given: dict[str, float], classes: Sequence[str]) -> tuple[tuple[str, float], ...]:
    costs = {actual: 0.0, **given}
    names = [*(name for name in classes if name in costs), *(name for name in costs if name not in classes)]
    return tuple((name, float(costs[name])) for name in names)
