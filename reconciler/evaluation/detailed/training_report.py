"""Report how a model was trained, as far as its estimator says."""

from __future__ import annotations

from typing import Any

from reconciler.core.evaluation.detailed import TrainingReport
from reconciler.core.spec.recipe import Blend, BuiltRecipe
from reconciler.model_file.loaded_model import LoadedModel


def report_of(model: LoadedModel, built: BuiltRecipe, rows: int) -> TrainingReport:
    """Return the training report; iterations are those of the last step of a pipeline."""
    estimator = model.estimator
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    done, most = _whole(getattr(estimator, "n_iter_", None)), _whole(getattr(estimator, "max_iter", None))
    early = bool(getattr(estimator, "do_early_stopping_", False))
    is_ensemble = hasattr(estimator, "_predictors") and not early
    converged = done < most if done is not None and most is not None and not is_ensemble else None
    return TrainingReport(
        rows=rows,
        features=len(model.schema.features()),
        estimator=built.recipe.estimator.class_name,
        iterations=done,
        most=most,
        converged=converged,
        calibrated=built.recipe.calibrate.uses.value if built.recipe.calibrate is not None else None,
        decided=model.rules.decision,
        shares=_shares(estimator, built.recipe.estimator.blend),
    )


def _shares(estimator: Any, blend: Blend | None) -> tuple[tuple[str, float], ...] | None:
    """Return how much each declared member of a blend counts: one that is not in the model has 0."""
    if blend is None:
        return None
    counted = {name: float(share) for (name, _), share in zip(estimator.estimators, estimator.weights, strict=True)}
    return tuple((name, counted.get(name, 0.0)) for name, _ in blend.members)


def _whole(value: Any) -> int | None:
    """Return a number of iterations; of several solvers the largest."""
    try:
        numbers = [int(each) for each in value]
    except TypeError:
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else None
    return max(numbers, default=None) if numbers else None
