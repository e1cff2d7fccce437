"""Tell which recipes decide by costs of probabilities that nothing made right."""

from __future__ import annotations

from reconciler.core.spec.recipe import Recipe

_BOOSTED = ("lightgbm", "xgboost")


def decides_uncalibrated(recipe: Recipe) -> bool:
    """Tell whether a recipe decides by costs of what boosted trees say, without a calibration between.

    Boosting is fitted until its training rows are nearly sure, so that its probabilities lie too near to 0 and 1;
    weights of the decision mend that for one threshold per class, a calibration along the whole curve.
    """
    boosted = recipe.estimator.uses in _BOOSTED or "Boost" in recipe.estimator.class_name
    by_costs = recipe.decide is not None and recipe.decide.costs is not None
    return boosted and by_costs and recipe.calibrate is None
