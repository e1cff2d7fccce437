"""Check `monotonic` and `interactions` of an estimator: features by name, where its library can keep to them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from reconciler.core.spec.recipe import Estimator, Recipe, Task

Found = tuple[tuple[str | int, ...], str, str, str | None]
"""(path below `estimator`, code, message, hint)"""

_ABLE = ("histogram-boosting", "lightgbm", "xgboost")
_USE = "HistGradientBoosting, `uses: lightgbm` and `uses: xgboost` keep to it"
# Objectives whose leaves are set anew from the rows in them, whatever their order.
_RENEWED: dict[tuple[str, str], frozenset[object]] = {
    ("histogram-boosting", "loss"): frozenset({"absolute_error", "quantile"}),
    ("lightgbm", "objective"): frozenset({"regression_l1", "quantile", "mape", "huber", "fair"}),
    ("xgboost", "objective"): frozenset({"reg:absoluteerror", "reg:quantileerror"}),
}


def problems(recipe: Recipe, family: str) -> Iterator[Found]:
    """Yield every problem of the constraints of a recipe's estimator; `family`: as the table has it."""
    estimator = recipe.estimator
    for given, field in ((estimator.monotonic, "monotonic"), (estimator.interactions, "interactions")):
        if given is not None and family not in _ABLE:
            yield _not_able(estimator, field, family)
            return
    yield from _quantile(estimator)
    yield from _monotonic(recipe, family)
    yield from _interactions(recipe)


def _quantile(estimator: Estimator) -> Iterator[Found]:
    """Yield what a quantile of another library than scikit-learn lacks."""
    params = dict(estimator.params)
    if params.get("objective") == "reg:quantileerror" and "quantile_alpha" not in params:
        message = "`objective: reg:quantileerror` does not say which quantile"
        yield ("params", "objective"), "E214", message, "add `quantile_alpha: 0.9`"
    alpha = params.get("alpha")
    if params.get("objective") == "quantile" and isinstance(alpha, (int, float)) and alpha >= 1:
        yield ("params", "alpha"), "E214", "a quantile lies between 0 and 1", "write such as `alpha: 0.9`"


def _not_able(estimator: Estimator, field: str, family: str) -> Found:
    seen = "as codes" if family in ("tree", "forest", "boosting") else "as one column per category"
    message = f"{estimator.class_name} does not keep to it: it sees a category {seen}, and prepared numbers"
    return (field,), "E214", message, _USE


def _monotonic(recipe: Recipe, family: str) -> Iterator[Found]:
    estimator = recipe.estimator
    if estimator.monotonic is None:
        return
    if recipe.task is Task.CLASSIFICATION and len(recipe.class_names) > 2:
        message = f"of {len(recipe.class_names)} classes none can be said to rise: it needs two, or a number"
        yield ("monotonic",), "E214", message, "leave it out, or predict two classes"
    params = dict(estimator.params)
    for (of, name), losses in _RENEWED.items():
        if of == family and params.get(name) in losses:
            message = f"`{name}: {params[name]}` sets its leaves without regard to it"
            yield ("monotonic",), "E214", message, f"leave it out, or choose another `{name}`"
    for feature, _ in estimator.monotonic:
        yield from _unknown(recipe, ("monotonic", feature), feature)
        if feature in recipe.features.categorical:
            message = f"{feature} is categorical, and categories have no order"
            yield ("monotonic", feature), "E214", message, "derive a number from it, or leave it out"
        if feature in recipe.features.encoded:
            message = f"{feature} is a text, or encoded by its outcomes, and has no order"
            yield ("monotonic", feature), "E214", message, "derive a number from it, or leave it out"


def _interactions(recipe: Recipe) -> Iterator[Found]:
    for place, group in enumerate(recipe.estimator.interactions or ()):
        for index, feature in enumerate(group):
            yield from _unknown(recipe, ("interactions", place, index), feature)
            if feature in group[:index]:
                yield ("interactions", place, index), "E207", f"feature {feature!r} is given twice in its group", None


def _unknown(recipe: Recipe, path: tuple[str | int, ...], feature: str) -> Iterator[Found]:
    if feature not in recipe.features.all:
        close = difflib.get_close_matches(feature, recipe.features.all, n=1)
        hint = f"did you mean {close[0]}?" if close else f"features: {', '.join(recipe.features.all)}"[:200]
        yield path, "E203", f"{feature} is none of the recipe's features", hint
