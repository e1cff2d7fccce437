"""Check estimators and their parameters against the committed table, without importing scikit-learn."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.core.spec.recipe import Estimator

_RESERVED = {
    "n_jobs": "models are trained in parallel instead, and one job gives the same bytes everywhere",
    "random_state": "set `seed` of the recipe instead",
    "verbose": "it only prints messages",
    "warm_start": "every training starts from the beginning",
}


_BOOSTED = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
_LINEAR = ("LogisticRegression", "Ridge")
_ELSEWHERE = {
    "xgb": ("xgboost", *_BOOSTED),
    "lgbm": ("lightgbm", *_BOOSTED),
    "lightgbm": ("lightgbm", *_BOOSTED),
    "catboost": ("catboost", *_BOOSTED),
    "explainableboosting": ("interpret", *_BOOSTED),
    "ngb": ("ngboost", *_BOOSTED),
    "keras": ("keras", *_BOOSTED),
    "tf": ("tensorflow", *_BOOSTED),
    "torch": ("PyTorch", *_BOOSTED),
    "neuralnet": ("skorch", *_BOOSTED),
    "tabnet": ("pytorch-tabnet", *_BOOSTED),
    "tabpfn": ("tabpfn", *_BOOSTED),
    "mlp": ("scikit-learn's networks", *_BOOSTED),
    **dict.fromkeys(
        ("svc", "svr", "nusv", "linearsv", "sgd"), ("scikit-learn's support vector and gradient descent", *_LINEAR)
    ),
}
"""How the names of classes begin; what they are of, and the supported ones that come nearest, by task."""
_TYPO = 0.8  # how alike two names are of which one is a slip of the pen


@cache
def table() -> dict[str, Any]:
    """Return the table of supported estimators, by class name."""
    text = Path(__file__).with_name("estimators.json").read_text()
    estimators: dict[str, Any] = json.loads(text)["estimators"]
    return estimators


def problems(estimator: Estimator, task: str) -> Iterator[tuple[tuple[str, ...], str, str, str | None]]:
    """Yield (path below `estimator`, code, message, hint) for every problem of an estimator."""
    entry = table().get(estimator.class_name)
    if entry is None:
        yield ("class",), "E213", *_unsupported(estimator.class_name, task)
        return
    if entry["task"] != task:
        yield ("class",), "E213", f"the estimator is for {entry['task']}, and the task is {task}", None
    if entry["keepsRows"] and not estimator.keeps_rows_accepted:
        yield (
            ("class",),
            "E213",
            "the estimator keeps training rows inside the artifact",
            "add `keepsRows: accepted` if that is allowed, or choose another estimator",
        )
    for name, value in estimator.params:
        alternatives = entry["params"].get(name)
        if name in _RESERVED:
            yield (
                ("params", name),
                "E215" if name == "n_jobs" else "E214",
                f"cannot be set in a manifest: {_RESERVED[name]}",
                "remove it",
            )
        elif alternatives is None:
            close = difflib.get_close_matches(name, entry["params"], n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"parameters: {', '.join(sorted(entry['params']))}"
            yield ("params", name), "E214", f"unknown parameter of {estimator.class_name}", hint
        elif not any(_fits(value, form) for form in alternatives):
            too_large = any(_fits(value, _without_maximum(form)) for form in alternatives)
            expected = " or ".join(_in_words(form) for form in alternatives)
            yield ("params", name), "E215" if too_large else "E214", f"expected {expected}", None


def _unsupported(name: str, task: str) -> tuple[str, str]:
    """Return the problem and the hint for a class that is not supported: of another package, or of no such name."""
    of_task = [known for known, entry in table().items() if entry["task"] == task]
    lowered = {known.lower(): known for known in table()}
    for start, (package, classifier, regressor) in _ELSEWHERE.items():
        if name.lower().startswith(start):
            own = classifier if task == "classification" else regressor
            return f"{name} is of {package}, which is not supported", f"{own} comes nearest"
    if close := difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=_TYPO):
        return "unsupported estimator", f"did you mean {lowered[close[0]]}?"
    near = difflib.get_close_matches(name, of_task, n=3, cutoff=0.3)
    others = f"nearest are {', '.join(near)}; all" if near else "those"
    return "unsupported estimator", f"not in the table; {others} for a {task}: {', '.join(sorted(of_task))}"


def _fits(value: Any, alternative: dict[str, Any]) -> bool:
    match alternative["type"]:
        case "none":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "choice":
            return type(value) in (str, int, float) and value in alternative["values"]
        case "integer":
            return type(value) is int and _within(value, alternative)
        case "real":
            return type(value) in (int, float) and _within(value, alternative)
        case "list":
            return isinstance(value, tuple) and all(_fits(item, alternative["of"]) for item in value)
        case _:
            return False


def _without_maximum(alternative: dict[str, Any]) -> dict[str, Any]:
    return {key: bound for key, bound in alternative.items() if key != "max"}


def _within(value: float, alternative: dict[str, Any]) -> bool:
    low, high = alternative.get("min"), alternative.get("max")
    if low is not None and (value < low or (value == low and alternative.get("minOpen"))):
        return False
    return not (high is not None and (value > high or (value == high and alternative.get("maxOpen"))))


def _in_words(alternative: dict[str, Any]) -> str:
    low, high = alternative.get("min"), alternative.get("max")
    match alternative["type"]:
        case "none":
            return "null"
        case "boolean":
            return "true or false"
        case "choice":
            return "one of " + ", ".join(str(choice) for choice in alternative["values"])
        case "list":
            return f"a list of {_in_words(alternative['of'])}"
        case kind:
            text = "a whole number" if kind == "integer" else "a number"
            if low is not None:
                text += f" {'over' if alternative.get('minOpen') else 'from'} {low:g}"
            if high is not None:
                text += f" {'under' if alternative.get('maxOpen') else 'to'} {high:g}"
            return text
