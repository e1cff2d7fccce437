"""Write what a trial has otherwise into the model's manifest; all else, comments included, stays as it is."""

from __future__ import annotations

from typing import Any

from reconciler.core.duration import exact
from reconciler.core.spec.decisions.declared import FOLDS
from reconciler.core.spec.recipe import BLEND, Estimator, PastFeature, Recipe
from reconciler.manifest.yaml.edit import document, splice


def with_recipe(text: str, base: Recipe, wanted: Recipe) -> str:
    """Return a model's manifest, which declares `base`, so that it declares `wanted`.

    They may differ as trials do: in the estimator, the features, the rows, the classes, the calibration
    and the decision. Raises UneditableError.
    """
    manifest = document(text)
    recipe = {**manifest["spec"]["recipe"]}
    if wanted.estimator != base.estimator:
        recipe["estimator"] = _estimator(recipe["estimator"], base.estimator, wanted.estimator)
    if wanted.features != base.features:
        recipe["features"] = _features(recipe["features"], wanted)
    if wanted.data != base.data:
        recipe["data"] = _data(recipe["data"], base, wanted)
    if wanted.outcome != base.outcome:
        recipe["outcome"] = _outcome(recipe["outcome"], wanted)
    if wanted.calibrate != base.calibrate:
        _put(recipe, "calibrate", _calibrate(wanted))
    if wanted.decide != base.decide:
        _put(recipe, "decide", _decide(recipe.get("decide"), base, wanted))
    return splice(text, {**manifest, "spec": {**manifest["spec"], "recipe": recipe}})


def _put(recipe: dict[str, Any], name: str, value: dict[str, Any] | None) -> None:
    """Write a field, or remove it where there is none."""
    if value is None:
        recipe.pop(name, None)
    else:
        recipe[name] = value


def _calibrate(wanted: Recipe) -> dict[str, Any] | None:
    calibrate = wanted.calibrate
    return {"uses": calibrate.uses.value, "folds": calibrate.folds} if calibrate is not None else None


def _decide(given: dict[str, Any] | None, base: Recipe, wanted: Recipe) -> dict[str, Any] | None:
    """Return the decision as it is written; costs that stay are written as they were."""
    decide = wanted.decide
    if decide is None:
        return None
    written: dict[str, Any] = {"maximise": decide.maximise.value} if decide.maximise is not None else {}
    if decide.costs is not None:
        same = given is not None and base.decide is not None and base.decide.costs == decide.costs
        costs = {actual: {name: _number(cost) for name, cost in row} for actual, row in decide.costs}
        written["costs"] = given["costs"] if given is not None and same else costs
    return {**written, "folds": decide.folds} if decide.folds is not None else written


def _number(value: float) -> int | float:
    """Return a number as people write it: whole where it is."""
    return int(value) if value.is_integer() else value


def _estimator(given: dict[str, Any], base: Estimator, estimator: Estimator) -> dict[str, Any]:
    """Return an estimator as it is written. `given`: how the base is; empty where nothing of it stays."""
    if (blend := estimator.blend) is not None:
        before = dict(base.blend.members) if base.blend is not None else {}
        own = given["members"] if base.blend is not None else {}
        members = {
            name: _estimator(own.get(name, {}), before.get(name, member), member) for name, member in blend.members
        }
        ordered = {name: members[name] for name in (*own, *members) if name in members}
        folds = {"folds": blend.folds} if blend.folds != FOLDS or "folds" in given else {}
        return {"uses": BLEND, "members": ordered, **folds}
    if base.blend is not None:
        given = {}
    written: dict[str, Any] = {**given, "uses": estimator.uses, "class": estimator.class_name}
    new: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in estimator.params}
    before = given.get("params", {})
    if estimator.class_weights is not None:
        same = estimator.class_weights == base.class_weights and "class_weight" in before
        weights = {name: _number(weight) for name, weight in estimator.class_weights}
        new["class_weight"] = before["class_weight"] if same else weights
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
    if (past := wanted.data.past) is not None and past != base.data.past:
        own = given.get("past", {}).get("features", {})
        features = {each.name: own[each.name] if each.name in own else _past_feature(each) for each in past.features}
        columns = {"by": past.by, "at": past.at, "known": past.known}
        written["past"] = {**given.get("past", columns), "features": features}
        known = {each.name for each in base.data.derive}
        if new := {each.name: each.expression for each in wanted.data.derive if each.name not in known}:
            written["derive"] = {**given.get("derive", {}), **new}
            if "derive" not in given:  # where people look for it: before what reads it
                written["past"] = written.pop("past")
    window = wanted.data.train
    if window != base.data.train and window is not None:
        train = {**given.get("train", {})}
        if window.by is not None:
            train["by"] = window.by
        if window.since is not None:
            train["since"] = window.since
        written["train"] = train
    return written


def _past_feature(feature: PastFeature) -> str | dict[str, Any]:
    if feature.within is None and feature.last is None:
        return feature.expression
    window: dict[str, Any] = {"within": exact(feature.within)} if feature.within is not None else {}
    return {"aggregate": feature.expression} | window | ({"last": feature.last} if feature.last is not None else {})


def _outcome(given: dict[str, Any], wanted: Recipe) -> dict[str, Any]:
    written = {**given, "classes": {each.name: each.when for each in wanted.outcome.classes}}
    possible = {each.name: each.possible for each in wanted.outcome.classes if each.possible is not None}
    if possible:
        written["possible"] = possible
    else:
        written.pop("possible", None)
    return written
