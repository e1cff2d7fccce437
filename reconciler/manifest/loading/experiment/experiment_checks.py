"""Check an experiment against the model that it is of: every recipe that it may try must be one that could be declared.

What can be told of a trial before it runs is told at the place in the experiment that it follows from.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.experiment.automatic import metrics_for
from reconciler.core.experiment.candidates import (
    arms_of,
    collapse_problem,
    droppable,
    estimator_of,
    search_space,
    widest,
)
from reconciler.core.experiment.samplers import grid_size
from reconciler.core.experiment.tried_space import space_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.experiment.declared_experiment import (
    AUTOMATIC,
    MOST_ARMS,
    EstimatorSpace,
    Experiment,
    ModelSpace,
    ParamAxis,
    Sampler,
)
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Param, Recipe, is_taken_as_feature
from reconciler.manifest.loading import column_checks, leakage, masked_columns
from reconciler.manifest.loading.column_checks import ColumnProblem
from reconciler.manifest.loading.experiment.rule_checks import rule_problems
from reconciler.manifest.schema import estimators
from reconciler.manifest.schema.decisions import declared as decisions
from reconciler.ports import ParsedExpression

ExperimentProblem = tuple[tuple[str | int, ...], str, str, str | None]
"""(path in the document, code, message, hint)"""
Columns = Callable[[Recipe], Mapping[str, tuple[str, ...]] | None]
_SPEC = ("spec",)
_SPACE = ("spec", "space")
_ADD = (*_SPACE, "features", "add")


def problems(
    experiment: Experiment,
    desired: DesiredState,
    paths: Collection[str],
    parsed: Mapping[str, ParsedExpression],
    columns: Columns,
) -> Iterator[ExperimentProblem]:
    """Yield every problem of an experiment.

    `paths`: every file of the configuration, also of invalid models. `columns`: those of a recipe's tables, as far as
    they are known.
    """
    if experiment.name.startswith(AUTOMATIC):
        message = f"names that begin with {AUTOMATIC} are those of `reconciler improve`"
        yield ("metadata", "name"), "E206", message, "choose another name"
    environment = desired.environment(experiment.environment)
    if environment is None:
        names = {each.name for each in desired.environments}
        message = f"environment {experiment.environment!r} does not exist"
        yield (*_SPEC, "environment"), "E212", message, _near(experiment.environment, names)
        return
    if not environment.trains:
        message = f"only a sandbox trains, and {environment.name} is none"
        sandboxes = ", ".join(each.name for each in desired.environments if each.trains)
        yield (*_SPEC, "environment"), "E205", message, f"sandboxes: {sandboxes or 'none'}"
        return
    folder = f"manifests/{environment.name}/"
    if f"{folder}{experiment.model}.yaml" not in paths:
        known = {path[len(folder) : -5] for path in paths if path.startswith(folder) and path.endswith(".yaml")}
        message = f"environment {environment.name} has no model {experiment.model!r}"
        yield (*_SPEC, "model"), "E212", message, _near(experiment.model, known)
        return
    model = desired.model(environment.name, experiment.model)
    if model is not None:  # else it is not valid, or known to be unchanged since it was
        yield from _of_model(experiment, model)
        yield from _features(experiment, model.recipe, columns)
        yield from _of_rows(experiment, desired, model, parsed, columns)


def _of_model(experiment: Experiment, model: Model) -> Iterator[ExperimentProblem]:
    recipe, space = model.recipe, space_of(experiment, model.recipe)
    quantile = quantile_of(recipe.estimator)
    fitting = metrics_for(recipe)
    if experiment.metric not in fitting:
        kind = recipe.task.value if experiment.metric != "pinball" else "model of no quantile"
        message = f"{experiment.metric} is not defined for a {kind}"
        yield (*_SPEC, "metric"), "E205", message, f"expected one of {', '.join(fitting)}"
    for index, chosen in enumerate(space.estimators if experiment.space is not None else ()):
        yield from _estimator(chosen, recipe, quantile, (*_SPACE, "estimator", index))
    of_arms = list(_arms(space, recipe))
    yield from of_arms
    if experiment.space is not None:
        yield from rule_problems(experiment.metric, space, recipe)
    if of_arms:
        return  # how many combinations there are is not known before they are mended
    arms = arms_of(space, recipe)
    if len(arms) > MOST_ARMS:
        message = f"{len(arms)} combinations of rows and classes, each with a search of its own; at most {MOST_ARMS}"
        yield _SPACE, "E205", message, "leave out some of `where`, `train` and `outcome`"
        return
    if experiment.trials < len(arms):
        message = f"{experiment.trials} trials for {len(arms)} combinations of rows and classes leave some without any"
        yield (*_SPEC, "trials"), "E205", message, f"write `trials: {8 * len(arms)}` or more"
    share = experiment.trials // max(1, len(arms))
    if experiment.search.sampler is Sampler.GRID and grid_size(search_space(space), share + 1) > share:
        message = f"the grid has more points than trials: each search has {share:,}"
        yield (*_SPEC, "search", "uses"), "E205", message, "raise `trials`, try less, or use random"


def _estimator(
    chosen: EstimatorSpace, recipe: Recipe, quantile: float | None, place: tuple[str | int, ...]
) -> Iterator[ExperimentProblem]:
    """Yield what would be wrong with any estimator of a space, once for each place."""
    told: set[object] = set()
    for name, member in chosen.blend.members if chosen.blend is not None else ():
        for field in ("monotonic", "interactions"):
            if getattr(member, field) is not None:
                told.add((name, field))
                message = "constraints are the model's, and hold for every trial"
                yield (*place, "members", name, field), "E205", message, f"remove `{field}` here"
    tried: dict[str, tuple[Param, ...]] = {axis.name: _ends(axis) for axis in chosen.tried}
    first = {name: values[0] for name, values in tried.items()}
    variants = [first, *({**first, name: value} for name, values in tried.items() for value in values)]
    for variant in variants:
        estimator = estimator_of(chosen, variant, recipe.estimator)
        of_variant = replace(recipe, estimator=estimator)
        found: list[ExperimentProblem] = list(estimators.problems_of(of_variant))
        found += [(("weights",), *problem[1:]) for problem in decisions.problems_of_weights(of_variant)]
        for path, code, said, hint in found:
            below, message = path, said
            if path[0] in ("monotonic", "interactions", "weights"):
                below, message = ("class",), f"the model has `{path[0]}`: {said}"
            elif len(path) > 2 and path[2] in ("monotonic", "interactions"):  # of a member of a blend
                below, message = (*path[:2], "class"), f"the model has `{path[2]}`: {said}"
            if path[0] == "params" and path[-1] in tried and len(axis_choices(chosen, path[-1])) > 1:
                below = (*path, axis_choices(chosen, path[-1]).index(variant[path[-1]]))
            if (below, message) not in told:
                told.add((below, message))
                yield (*place, *below), code, message, hint
        if not told and quantile_of(estimator) != quantile:
            told.add("quantile")
            wanted = "the mean" if quantile is None else f"the quantile {quantile:g}"
            yield place, "E205", f"the model predicts {wanted}, and this does not", "set its loss and quantile alike"


def axis_choices(chosen: EstimatorSpace, name: str) -> tuple[Param, ...]:
    """Return the choices of a parameter; none where it is a range."""
    return next((axis.choices for axis in chosen.tried if axis.name == name), ())


def _ends(axis: ParamAxis) -> tuple[Param, ...]:
    if axis.choices:
        return axis.choices
    return (int(axis.low), int(axis.high)) if axis.whole else (axis.low, axis.high)


def _features(experiment: Experiment, recipe: Recipe, columns: Columns) -> Iterator[ExperimentProblem]:
    """Yield features that there cannot be. One that the model has not, or has already, is none: it may be adopted."""
    space = experiment.space
    if space is None:
        return
    place = (*_SPACE, "features", "drop")
    known, past = {*recipe.features.all, *recipe.features.columns}, recipe.data.past
    known |= {each.name for each in recipe.data.derive}
    known |= {each.name for each in past.features} if past is not None else set()
    tables = columns(recipe)
    complete = tables is not None and all(table in tables for table in recipe.tables)
    known |= {column for names in tables.values() for column in names} if tables is not None else set()
    for index, name in enumerate(space.drop):
        if complete and name not in known:
            yield (*place, index), "E203", f"there is no feature {name}", _near(name, recipe.features.all)
        elif name in recipe.features.columns and name not in droppable(recipe):
            message = f"without {name} no group of the model's `interactions` is left: all features would act together"
            yield (*place, index), "E205", message, "leave it out here"
        if name in space.drop[:index]:
            yield (*place, index), "E207", f"{name} is given twice", "remove it"
    seen: set[str] = set()
    kinds = {"numeric": space.add.numeric, "categorical": space.add.categorical, "boolean": space.add.boolean}
    for kind, names in kinds.items():
        for index, name in enumerate(names):
            if name.lower() in seen:
                yield (*_ADD, kind, index), "E207", f"{name} is given twice", "remove it"
            seen.add(name.lower())
            if is_taken_as_feature(name):
                hint = "derive a column of another name from it"
                yield (*_ADD, kind, index), "E416", f"a feature cannot be named {name}", hint


def _arms(space: ModelSpace, recipe: Recipe) -> Iterator[ExperimentProblem]:
    window = recipe.data.train
    by = (window.by if window is not None else None) or recipe.holdout.by
    for index, since in enumerate(space.since):
        if since is not None and by is None:
            message = "the model names no date column that `train` could refer to"
            yield (
                (*_SPACE, "train", "since", index),
                "E204",
                message,
                "write `data: {train: {by: COLUMN}}` into its recipe",
            )
        if since is not None and window is not None and window.until is not None and since >= window.until:
            yield (*_SPACE, "train", "since", index), "E205", f"must be before {window.until}, where the rows end", None
    if space.collapse and (problem := collapse_problem(recipe.outcome, space.collapse)) is not None:
        yield (*_SPACE, "outcome", "collapse"), "E205", problem, None
    elif space.collapse and recipe.decide is not None and recipe.decide.costs is not None:
        message = "the model decides by costs, which do not tell what these classes cost as one"
        yield (*_SPACE, "outcome", "collapse"), "E205", message, "leave out `collapse`, or `decide` of the model"


def _of_rows(
    experiment: Experiment,
    desired: DesiredState,
    model: Model,
    parsed: Mapping[str, ParsedExpression],
    columns: Columns,
) -> Iterator[ExperimentProblem]:
    """Yield problems of expressions and columns: those that the model's recipe has not got by itself."""
    space, recipe = space_of(experiment, model.recipe), model.recipe
    if any(parsed[text].refused for _, text in recipe.expressions() if text in parsed):
        return
    refused = False
    for index, text in enumerate(space.where):
        found = parsed.get(text) if text is not None else None
        why = found.refused if found is not None else None
        if found is not None and why is None and found.aggregate:
            why = "an aggregate is allowed only as a feature of past"
        if why is not None:
            refused = True
            remedy = "a condition computes one value from one row; see docs/design.md, Expressions"
            yield (*_SPACE, "where", index), "E224", why, remedy
    wide = widest(space, recipe)
    known = {problem[:3] for problem in leakage.problems(recipe, parsed)}
    for place, code, message, hint in leakage.problems(wide, parsed):
        if (place, code, message) not in known:
            leak = ColumnProblem(path=place, code=code, message=message, hint=hint)
            yield _place_of(leak, experiment, wide), code, message, hint
    if refused:
        return
    narrowed = [
        (index, replace(recipe, data=replace(recipe.data, where=condition)))
        for index, condition in enumerate(space.where)
        if condition is not None
    ]
    of_recipe = set(_column_problems(desired, model, recipe, parsed, columns))
    for problem in _column_problems(desired, model, wide, parsed, columns):
        if problem not in of_recipe:
            yield _place_of(problem, experiment, wide), problem.code, problem.message, problem.hint
    for index, other in narrowed:
        for problem in _column_problems(desired, model, other, parsed, columns):
            if problem.path == ("data", "where"):
                yield (*_SPACE, "where", index), problem.code, problem.message, problem.hint


def _column_problems(
    desired: DesiredState, model: Model, recipe: Recipe, parsed: Mapping[str, ParsedExpression], columns: Columns
) -> Iterator[ColumnProblem]:
    environment = desired.environment(model.environment)
    origin = desired.environment(environment.data.copy_from or environment.name) if environment is not None else None
    if environment is not None and origin is not None:
        yield from masked_columns.problems(recipe, parsed, environment.data, origin.data)
    tables = columns(recipe)
    if tables is not None:
        yield from column_checks.problems(recipe, parsed, tables)


def _place_of(problem: ColumnProblem, experiment: Experiment, wide: Recipe) -> tuple[str | int, ...]:
    """Return the place in the experiment of a problem that only the recipe with all its features has."""
    if problem.path[:1] == ("features",) and len(problem.path) == 3 and experiment.space is not None:
        kind, index = str(problem.path[1]), problem.path[2]
        name = getattr(wide.features, kind)[index]
        added = getattr(experiment.space.add, kind)
        if name in added:
            return (*_ADD, kind, added.index(name))
    return _SPACE


def _near(name: str, known: Collection[str]) -> str | None:
    close = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(sorted(known)[:20])
    return f"did you mean {close[0]}?" if close else f"known: {listed}" if listed else None
