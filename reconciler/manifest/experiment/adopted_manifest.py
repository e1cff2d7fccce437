"""Write what a trial has otherwise into the model's manifest; all else, comments included, stays as it is."""

from __future__ import annotations

from typing import Any

from reconciler.core.spec.recipe import Recipe
from reconciler.manifest.yaml.edit import document, splice


def with_recipe(text: str, base: Recipe, wanted: Recipe) -> str:
    """Return a model's manifest, which declares `base`, so that it declares `wanted`.

    They may differ as trials do: in the estimator, the features, the rows and the classes. Raises UneditableError.
    """
    manifest = document(text)
    recipe = {**manifest["spec"]["recipe"]}
    if wanted.estimator != base.estimator:
        recipe["estimator"] = _estimator(recipe["estimator"], wanted)
    if wanted.features != base.features:
        recipe["features"] = _features(recipe["features"], wanted)
    if wanted.data != base.data:
        recipe["data"] = _data(recipe["data"], base, wanted)
    if wanted.outcome != base.outcome:
        recipe["outcome"] = _outcome(recipe["outcome"], wanted)
    return splice(text, {**manifest, "spec": {**manifest["spec"], "recipe": recipe}})


def _estimator(given: dict[str, Any], wanted: Recipe) -> dict[str, Any]:
    estimator = wanted.estimator
    written = {**given, "uses": estimator.uses, "class": estimator.class_name}
    new = {name: list(value) if isinstance(value, tuple) else value for name, value in estimator.params}
    before = given.get("params", {})
    kept = {name: new[name] for name in before if name in new}
    if new:
        written["params"] = {**kept, **new}
    else:
        written.pop("params", None)
    for name, kept_names in (("monotonic", estimator.monotonic), ("interactions", estimator.interactions)):
        if kept_names is None:
            written.pop(name, None)
    if estimator.monotonic is not None:
        written["monotonic"] = dict(estimator.monotonic)
    if estimator.interactions is not None:
        written["interactions"] = [list(group) for group in estimator.interactions]
    if estimator.keeps_rows_accepted:
        written["keepsRows"] = "accepted"
    else:
        written.pop("keepsRows", None)
    return written


def _features(given: dict[str, Any], wanted: Recipe) -> dict[str, Any]:
    features = wanted.features
    new: dict[str, Any] = {
        "numeric": list(features.numeric),
        "categorical": list(features.categorical),
        "boolean": list(features.boolean),
        "dates": _left(given.get("dates"), {each.column for each in features.dates or ()}),
        "text": _left(given.get("text"), {each.column for each in features.text or ()}),
        "targetEncoded": list(features.target_encoded or ()),
    }
    kept = {kind: new[kind] for kind in given if new.get(kind)}
    return {**kept, **{kind: names for kind, names in new.items() if names}}


def _left(given: Any, columns: set[str]) -> Any:
    """Return what is written of dates or texts, without the columns that are left out."""
    if isinstance(given, dict):
        return {column: parts for column, parts in given.items() if column in columns}
    return [column for column in given or () if column in columns]


def _data(given: dict[str, Any], base: Recipe, wanted: Recipe) -> dict[str, Any]:
    written = {**given}
    if wanted.data.where != base.data.where and wanted.data.where is not None:
        written["where"] = wanted.data.where
    window = wanted.data.train
    if window != base.data.train and window is not None:
        train = {**given.get("train", {})}
        if window.by is not None:
            train["by"] = window.by
        if window.since is not None:
            train["since"] = window.since
        written["train"] = train
    return written


def _outcome(given: dict[str, Any], wanted: Recipe) -> dict[str, Any]:
    written = {**given, "classes": {each.name: each.when for each in wanted.outcome.classes}}
    possible = {each.name: each.possible for each in wanted.outcome.classes if each.possible is not None}
    if possible:
        written["possible"] = possible
    else:
        written.pop("possible", None)
    return written
