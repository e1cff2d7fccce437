"""Give a suggested model its estimator: the one that the author names, or the best of a few that are tried."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.executors.compute import TrainingWorker
from reconciler.adapters.system.host import now
from reconciler.core.onboarding.estimator_options import DEFAULT, named
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.spec.environment import Limits
from reconciler.engine.onboarding.try_estimators import try_estimators
from reconciler.ports import DataEngine, Progress


def with_estimator(
    suggestion: RecipeSuggestion, wanted: str | None, *, table: Path, into: Path, data: DataEngine, progress: Progress
) -> RecipeSuggestion:
    """Return the suggestion with the estimator named `wanted`; None: with the best of a few on folds of `table`.

    `into`: a folder for copies, which is created. Raises UsageError E801 for a name that is not for the task.
    """
    if wanted == DEFAULT:
        return suggestion
    if wanted is not None:
        return suggestion.with_named(named(wanted, suggestion.recipe.task))
    into.mkdir()
    trainer = TrainingWorker()
    try:
        trainer.warm(Limits())
        return try_estimators(
            suggestion,
            table=table,
            today=now().date().isoformat(),
            into=into,
            data=data,
            trainer=trainer,
            progress=progress,
        )
    finally:
        trainer.close()
