"""Summaries of an environment's models: declaration, deployed artifact, metrics."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """`artifact` and its `evaluation` (on the holdout of its own build) are None where nothing is deployed."""

    model: str
    owner: str
    task: str
    outcome: tuple[str, ...]
    """Classes in declared order; of a regression the column that is predicted."""
    estimator: str
    features: int
    artifact: Digest | None = None
    evaluation: Evaluation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummaries:
    """`models` by name."""

    environment: str
    role: str
    revision: str | None
    models: tuple[ModelSummary, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the names of the metrics that any of the models has, sorted."""
        evaluations = [model.evaluation for model in self.models if model.evaluation is not None]
        return tuple(sorted({name for evaluation in evaluations for name, _ in evaluation.metrics}))
