"""Define what every gate of a manifest has: the models that it is for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from reconciler.core.spec import gates as core
from reconciler.core.spec.recipe import Task
from reconciler.manifest.schema.field_types import Document, Labels, refuse


class GateScope(Document):
    """The models that a gate is for: those of a task, those that have all these labels, or both."""

    task: Literal["classification", "regression"] | None = Field(
        default=None, description="Task of the models that the gate is for."
    )
    labels: Labels = Field(default_factory=dict, description="Labels that a model must have for the gate to apply.")

    @model_validator(mode="after")
    def _narrows(self) -> GateScope:
        if self.task is None and not self.labels:
            raise refuse("E204", "expected `task` or `labels`; a gate without `for` is for every model")
        return self


class AnyGate(Document):
    """What every gate has."""

    for_: GateScope | None = Field(
        default=None, description="Models that the gate is for; it does not apply to others. Default: every model."
    )

    @property
    def scope(self) -> core.GateScope | None:
        """Return the models that the gate is for, as a core value; None: every model."""
        if self.for_ is None:
            return None
        task = Task(self.for_.task) if self.for_.task is not None else None
        return core.GateScope(task=task, labels=tuple(sorted(self.for_.labels.items())))
