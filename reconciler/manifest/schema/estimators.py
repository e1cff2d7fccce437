"""Estimators by name and their parameters, held against the committed table; scikit-learn is not imported."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.core.spec.recipe import Estimator

_OURS = {
    "n_jobs": "work is spread over models, and a single job gives the same bytes everywhere",
    "random_state": "use `seed` of the recipe",
    "verbose": "it only prints",
    "warm_start": "every training starts anew",
}


@cache
def table() -> dict[str, Any]:
    text = Path(__file__).with_name("estimators.json").read_text()
    found: dict[str, Any] = json.loads(text)["estimators"]
    return found


def problems(estimator: Estimator, task: str) -> Iterator[tuple[tuple[str, ...], str, str, str | None]]:
    """(path below `estimator`, code, message, hint) of all that does not fit."""
    entry = table().get(estimator.class_name)
    if entry is None:
        close = difflib.get_close_matches(estimator.class_name, table(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(table()))}"
        yield ("class",), "E213", "not in the table of estimators", hint
        return
    if entry["task"] != task:
        yield ("class",), "E213", f"it is for {entry['task']}, and the task is {task}", None
    if entry["keepsRows"] and not estimator.keeps_rows_accepted:
        yield (
            ("class",),
            "E213",
            "it keeps training rows inside the artifact",
            "say `keepsRows: accepted` if that may be, or choose another estimator",
        )
    for name, value in estimator.params:
        alternatives = entry["params"].get(name)
        if name in _OURS:
            yield (
                ("params", name),
                "E215" if name == "n_jobs" else "E214",
                f"not yours to set: {_OURS[name]}",
                "remove it",
            )
        elif alternatives is None:
            close = difflib.get_close_matches(name, entry["params"], n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(sorted(entry['params']))}"
            yield ("params", name), "E214", f"no parameter of {estimator.class_name} that a manifest may set", hint
        elif not any(_fits(value, one) for one in alternatives):
            too_large = any(_fits(value, {k: v for k, v in one.items() if k != "max"}) for one in alternatives)
            wanted = " or ".join(_in_words(one) for one in alternatives)
            yield ("params", name), "E215" if too_large else "E214", f"expected {wanted}", None


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
            return isinstance(value, tuple) and all(_fits(one, alternative["of"]) for one in value)
        case _:
            return False


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
            return "one of " + ", ".join(str(one) for one in alternative["values"])
        case "list":
            return f"a list of {_in_words(alternative['of'])}"
        case kind:
            text = "a whole number" if kind == "integer" else "a number"
            if low is not None:
                text += f" {'over' if alternative.get('minOpen') else 'from'} {low:g}"
            if high is not None:
                text += f" {'under' if alternative.get('maxOpen') else 'to'} {high:g}"
            return text
