"""Check estimators and their parameters against the committed table, without importing their libraries."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.core.spec.recipe import Estimator, Recipe
from reconciler.manifest.estimators import blends, constraints, other_estimators

_RESERVED = {
    "n_jobs": "models are trained in parallel instead, and one job gives the same bytes everywhere",
    "random_state": "set `seed` of the recipe instead",
    "verbose": "it only prints messages",
    "warm_start": "every training starts from the beginning",
}


_THREADS = ("n_jobs", "nthread", "nthreads", "num_threads")
_TYPO = 0.8  # how alike two names are of which one is a slip of the pen


@cache
def table() -> dict[str, Any]:
    """Return the table of supported estimators, by class name."""
    text = Path(__file__).with_name("estimators.json").read_text()
    estimators: dict[str, Any] = json.loads(text)["estimators"]
    return estimators


@cache
def left_out(uses: str) -> dict[str, str]:
    """Return the parameters of a library that cannot be set, each with the reason."""
    text = Path(__file__).with_name("estimators.json").read_text()
    reasons: dict[str, str] = json.loads(text)["leftOut"].get(uses, _RESERVED)
    return reasons


def problems_of(recipe: Recipe) -> Iterator[constraints.Found]:
    """Yield (path below `estimator`, code, message, hint) for every problem of a recipe's estimator."""
    if recipe.estimator.blend is None:
        yield from _of_one(recipe)
        return
    yield from blends.problems(recipe)
    for name, member in recipe.estimator.members:
        if member.uses == "sklearn":
            for below, code, message, hint in _of_one(replace(recipe, estimator=member)):
                yield ("members", name, *below), code, message, hint


def _of_one(recipe: Recipe) -> Iterator[constraints.Found]:
    yield from problems(recipe.estimator, recipe.task.value)
    if (entry := table().get(recipe.estimator.class_name)) is not None:
        yield from constraints.problems(recipe, entry["family"])


def problems(estimator: Estimator, task: str) -> Iterator[tuple[tuple[str, ...], str, str, str | None]]:
    """Yield (path below `estimator`, code, message, hint) for every problem of an estimator."""
    entry = table().get(estimator.class_name)
    if entry is None:
        yield ("class",), "E213", *_unsupported(estimator.class_name, task)
        return
    if entry["uses"] != estimator.uses:
        message = f"{estimator.class_name} is not of {estimator.uses}"
        yield ("uses",), "E213", message, f"write `uses: {entry['uses']}`"
    if entry["task"] != task:
        yield ("class",), "E213", f"the estimator is for {entry['task']}, and the task is {task}", _of(entry, task)
    if entry["keepsRows"] and not estimator.keeps_rows_accepted:
        yield (
            ("class",),
            "E213",
            "the estimator keeps training rows inside the artifact",
            "add `keepsRows: accepted` if that is allowed, or choose another estimator",
        )
    given: list[tuple[str, Any]] = [*estimator.params]
    if estimator.class_weights is not None:
        given.append(("class_weight", dict(estimator.class_weights)))
    for name, value in given:
        alternatives = entry["params"].get(name)
        if alternatives is None and (reason := left_out(entry["uses"]).get(name)) is not None:
            yield (
                ("params", name),
                "E215" if name in _THREADS else "E214",
                f"cannot be set in a manifest: {reason}",
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


def _of(entry: dict[str, Any], task: str) -> str:
    """Return a hint with the estimators of the same library and family that are for the task."""
    alike = [
        name
        for name, other in table().items()
        if other["task"] == task and (other["uses"], other["family"]) == (entry["uses"], entry["family"])
    ]
    return f"for a {task} use {' or '.join(sorted(alike))}" if alike else f"choose one for a {task}"


def _unsupported(name: str, task: str) -> tuple[str, str]:
    """Return the problem and the hint for a class that is not supported: of another kind, or of no such name."""
    of_task = [known for known, entry in table().items() if entry["task"] == task]
    lowered = {known.lower(): known for known in table()}
    if name.lower() not in lowered and (told := other_estimators.told(name, task)) is not None:
        return told
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
        case "class weights":
            return isinstance(value, dict)
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
        case "class weights":
            return "a number per class, such as `{late: 3}`"
        case "list":
            return f"a list of {_in_words(alternative['of'])}"
        case kind:
            text = "a whole number" if kind == "integer" else "a number"
            if low is not None:
                text += f" {'over' if alternative.get('minOpen') else 'from'} {low:g}"
            if high is not None:
                text += f" {'under' if alternative.get('maxOpen') else 'to'} {high:g}"
            return text
