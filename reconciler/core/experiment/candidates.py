"""From an experiment and its model to arms, search spaces and the recipe of each point. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, product

from reconciler.core.experiment.past_space import with_past
from reconciler.core.experiment.search_space import Point, SearchAxis, SearchSpace
from reconciler.core.spec.decisions.declared import Calibrate, Decide
from reconciler.core.spec.experiment.declared_experiment import (
    EstimatorSpace,
    ModelSpace,
    ParamAxis,
)
from reconciler.core.spec.recipe import Estimator, Features, Outcome, OutcomeClass, Param, Recipe, Window

ESTIMATOR, DROP, ADD, CALIBRATE, DECIDE = "estimator", "drop", "add", "calibrate", "decide"
"""The axes of a search; of `ADD` one per feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A part of an experiment whose trials have the same rows and classes, and so can be compared.

    `label`: what it changes, in words; empty where nothing. `recipe`: the model's, with that change.
    """

    label: str
    recipe: Recipe


def joined_name(names: tuple[str, ...]) -> str:
    """Return the name of some classes as one."""
    return "_or_".join(names)


def arms_of(space: ModelSpace, recipe: Recipe) -> tuple[Arm, ...]:
    """Return the arms: every combination of rows and classes, first the one that changes neither."""
    wheres, sinces = space.where or (None,), space.since or (None,)
    collapses: tuple[tuple[str, ...], ...] = ((), space.collapse) if space.collapse else ((),)
    combinations = sorted(
        product(wheres, sinces, collapses),
        key=lambda each: (each[0] is not None) + (each[1] is not None) + bool(each[2]),
    )
    return tuple(_arm(recipe, where, since, collapse) for where, since, collapse in combinations)


def _arm(recipe: Recipe, where: str | None, since: str | None, collapse: tuple[str, ...]) -> Arm:
    labels = []
    data = recipe.data
    if where is not None:
        data = replace(data, where=where if data.where is None else f"({data.where}) and ({where})")
        labels.append(f"where {where}")
    if since is not None:
        window = data.train or Window()
        data = replace(data, train=replace(window, by=window.by or recipe.holdout.by, since=since))
        labels.append(f"since {since}")
    recipe = replace(recipe, data=data)
    if collapse:
        recipe = replace(
            recipe,
            outcome=collapsed(recipe.outcome, collapse),
            estimator=recipe.estimator.with_each(partial(_with_joined, recipe.class_names, collapse)),
        )
        labels.append(f"{' and '.join(collapse)} as one class")
    return Arm(label=", ".join(labels), recipe=recipe)


def collapsed(outcome: Outcome, names: tuple[str, ...]) -> Outcome:
    """Return the outcome with some classes, which follow one another and have conditions, as one; as it is where it has
    none of them, which `collapse_problem` tells."""
    merged = [each for each in outcome.classes if each.name in names]
    if not merged:
        return outcome
    one = OutcomeClass(
        name=joined_name(tuple(each.name for each in merged)),
        when=_any([each.when for each in merged]),
        possible=_any([each.possible for each in merged]),
    )
    classes = tuple(
        one if each is merged[0] else each for each in outcome.classes if each is merged[0] or each not in merged
    )
    return replace(outcome, classes=classes)


def _with_joined(classes: tuple[str, ...], names: tuple[str, ...], estimator: Estimator) -> Estimator:
    """Return an estimator with its weights by class name where some classes are one, which weighs as the lightest of
    them."""
    given = estimator.class_weights
    if given is None or not any(name in names for name, _ in given):
        return estimator
    by_name = dict(given)
    joined = joined_name(tuple(name for name in classes if name in names))
    others = [(name, weight) for name, weight in given if name not in names]
    weights = tuple(sorted([*others, (joined, min(by_name.get(name, 1.0) for name in names))]))
    return replace(estimator, class_weights=weights)


def _any(conditions: list[str | None]) -> str | None:
    """Return that one of the conditions holds; None where one of them always does."""
    known = [condition for condition in conditions if condition is not None]
    return " or ".join(f"({condition})" for condition in known) if len(known) == len(conditions) else None


def collapse_problem(outcome: Outcome, names: tuple[str, ...]) -> str | None:
    """Return why these classes cannot become one; None where they can."""
    if not names:
        return None
    places = [index for index, each in enumerate(outcome.classes) if each.name in names]
    if len(places) != len(set(names)):
        known = ", ".join(each.name for each in outcome.classes)
        return f"expected classes of the model ({known or 'it has none'})"
    if len(places) < 2:
        return "expected two classes or more"
    if len(places) == len(outcome.classes):
        return "all classes as one leave nothing to predict"
    if any(each.when is None for each in outcome.classes):
        return "only classes with conditions can become one, and these are the values of a column"
    if any(after - before > 1 for before, after in pairwise(places)):
        return "only classes that follow one another can become one, since the first true condition counts"
    return None


def search_space(space: ModelSpace) -> SearchSpace:
    """Return the axes of an arm's search."""
    return SearchSpace(axes=tuple(_axes(space)))


def _axes(space: ModelSpace) -> Iterator[SearchAxis]:
    if space.estimators:
        yield SearchAxis(name=ESTIMATOR, options=len(space.estimators))
        for index, estimator in enumerate(space.estimators):
            for tried in estimator.tried:
                yield SearchAxis(
                    name=f"{ESTIMATOR}.{index}.{tried.name}",
                    options=len(tried.choices),
                    low=tried.low,
                    high=tried.high,
                    whole=tried.whole,
                    log=tried.log,
                    below=ESTIMATOR,
                    option=index,
                )
    if space.drop:
        yield SearchAxis(name=DROP, options=len(space.drop) + 1)
    for name in space.add.all:
        yield SearchAxis(name=f"{ADD}.{name}", options=2)
    for rule, options in ((CALIBRATE, space.calibrate), (DECIDE, space.decide)):
        if options is not None:
            yield SearchAxis(name=rule, options=len(options))


def recipe_at(point: Point, space: ModelSpace, recipe: Recipe) -> Recipe:
    """Return the recipe of a point of an arm whose recipe is `recipe`."""
    values = dict(point)
    if ESTIMATOR in values:
        index = int(values[ESTIMATOR])
        chosen = space.estimators[index]
        tried = {each.name: _param(each, values[f"{ESTIMATOR}.{index}.{each.name}"]) for each in chosen.tried}
        recipe = replace(recipe, estimator=estimator_of(chosen, tried, recipe.estimator))
    left_out = int(values.get(DROP, 0))
    added = {name for name in space.add.all if values.get(f"{ADD}.{name}") == 1}
    features = with_features(recipe.features, space.add, added)
    if left_out and len(features.columns) > 1:
        features = _without(features, space.drop[left_out - 1])
    recipe = with_past(recipe, space.past, added)
    calibrate, decide = recipe.calibrate, recipe.decide
    if space.calibrate is not None and CALIBRATE in values:
        calibrate = space.calibrate[int(values[CALIBRATE])]
    if space.decide is not None and DECIDE in values:
        decide = space.decide[int(values[DECIDE])]
    return replace(
        recipe,
        features=features,
        estimator=_constrained(recipe.estimator, features),
        calibrate=calibrate,
        decide=decide.beside(calibrate) if decide is not None else None,
    )


def estimator_of(chosen: EstimatorSpace, tried: dict[str, Param], base: Estimator) -> Estimator:
    """Return an estimator of a space, with values of what is tried of it: all is its own but the constraints of `base`,
    the model's, which hold for every trial."""
    monotonic, interactions = base.constraints
    estimator = Estimator(
        uses=chosen.uses,
        class_name=chosen.class_name,
        params=tuple(sorted({**dict(chosen.params), **tried}.items())),
        keeps_rows_accepted=chosen.keeps_rows_accepted,
        blend=chosen.blend,
    )
    return estimator.with_each(lambda each: replace(each, monotonic=monotonic, interactions=interactions))


def rules_of(space: ModelSpace, recipe: Recipe) -> Iterator[tuple[Calibrate | None, Decide | None]]:
    """Yield every calibration with every decision that trials of a recipe have."""
    calibrates = (recipe.calibrate,) if space.calibrate is None else space.calibrate
    decides = (recipe.decide,) if space.decide is None else space.decide
    for calibrate, decide in product(calibrates, decides):
        yield calibrate, decide.beside(calibrate) if decide is not None else None


def _constrained(estimator: Estimator, features: Features) -> Estimator:
    """Return the estimator with the constraints of the model, as far as they are of its features."""
    of_all, groups_of_all = estimator.constraints
    monotonic = tuple(each for each in of_all or () if each[0] in features.all)
    groups = (tuple(name for name in group if name in features.all) for group in groups_of_all or ())
    interactions = tuple(group for group in groups if len(group) > 1)
    return estimator.with_each(
        lambda each: replace(each, monotonic=monotonic or None, interactions=interactions or None)
    )


def _param(axis: ParamAxis, value: float) -> Param:
    if axis.choices:
        return axis.choices[int(value)]
    return int(value) if axis.whole else value


def with_features(features: Features, more: Features, names: set[str]) -> Features:
    """Return the features with those of `more` that are named, behind their own."""
    return replace(
        features,
        numeric=features.numeric + tuple(name for name in more.numeric if name in names),
        categorical=features.categorical + tuple(name for name in more.categorical if name in names),
        boolean=features.boolean + tuple(name for name in more.boolean if name in names),
    )


def droppable(recipe: Recipe) -> tuple[str, ...]:
    """Return what can be left out: each feature, and of a date or a text the column with all that is made of it.

    Not that without which no group of `interactions` would be left: then all features would act together.
    """
    features, estimator = recipe.features, recipe.estimator
    if estimator.constraints[1] is None:
        return features.columns
    return tuple(
        name
        for name in features.columns
        if _constrained(estimator, _without(features, name)).constraints[1] is not None
    )


def _without(features: Features, name: str) -> Features:
    return replace(
        features,
        numeric=tuple(each for each in features.numeric if each != name),
        categorical=tuple(each for each in features.categorical if each != name),
        boolean=tuple(each for each in features.boolean if each != name),
        dates=tuple(each for each in features.dates or () if each.column != name) or None,
        text=tuple(each for each in features.text or () if each.column != name) or None,
        target_encoded=tuple(each for each in features.target_encoded or () if each != name) or None,
    )


def widest(space: ModelSpace, recipe: Recipe) -> Recipe:
    """Return the recipe with every feature that any trial has: the rows that are selected for it serve all trials."""
    every = set(space.add.all)
    return with_past(replace(recipe, features=with_features(recipe.features, space.add, every)), space.past, every)


def trials_of_arms(trials: int, arms: int) -> tuple[int, ...]:
    """Return how many trials each arm has, as nearly equal as can be; the first ones have one more."""
    return tuple(trials // arms + (index < trials % arms) for index in range(arms))
