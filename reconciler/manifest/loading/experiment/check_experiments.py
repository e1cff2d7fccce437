"""Check all experiments of a configuration, each problem at its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.experiment.declared_experiment import Experiment
from reconciler.core.spec.recipe import Recipe
from reconciler.errors import DataError
from reconciler.manifest.loading.experiment.experiment_checks import problems
from reconciler.manifest.loading.problems import ProblemCollector
from reconciler.ports import Expressions, ParsedExpression, TableLookup


def check_experiments(
    reading: ProblemCollector,
    desired: DesiredState,
    paths: Collection[str],
    expressions: Expressions,
    tables: TableLookup | None,
) -> None:
    """Report every problem of every experiment. `paths`: the files of the configuration; `tables`: where columns are
    looked up."""
    if not desired.experiments:
        return
    parsed = _parsed(desired, expressions)
    for experiment in desired.experiments:

        def columns(recipe: Recipe, environment: str = experiment.environment) -> Mapping[str, tuple[str, ...]] | None:
            return _columns(desired, environment, recipe, tables) if tables is not None else None

        for place, code, message, hint in problems(experiment, desired, paths, parsed, columns):
            if not _follows_from_other_values(reading, desired, experiment, place):
                reading.add(experiment.file, place, code, message, hint)


def _follows_from_other_values(
    reading: ProblemCollector, desired: DesiredState, experiment: Experiment, place: tuple[str | int, ...]
) -> bool:
    """Tell whether a problem is of how many combinations there are, which follows from the space and the recipe, where
    one of these has values that stand in for invalid ones."""
    if place[:2] not in (("spec", "trials"), ("spec", "search")):
        return False
    model = desired.model(experiment.environment, experiment.model)
    of_model = model is not None and reading.touches(model.file, ("spec", "recipe"))
    return of_model or reading.touches(experiment.file, ("spec", "space"))


def _parsed(desired: DesiredState, expressions: Expressions) -> Mapping[str, ParsedExpression]:
    """Return every expression of experiments and of the models that they are of."""
    texts: dict[str, None] = {}
    for experiment in desired.experiments:
        model = desired.model(experiment.environment, experiment.model)
        if model is None:
            continue
        texts |= dict.fromkeys(text for _, text in model.recipe.expressions())
        past = model.recipe.data.past
        texts |= dict.fromkeys(feature.expression for feature in (past.features if past is not None else ()))
        space = experiment.space
        texts |= dict.fromkeys(text for text in (space.where if space is not None else ()) if text is not None)
    return expressions.parse(texts) if texts else {}


def _columns(
    desired: DesiredState, name: str, recipe: Recipe, tables: TableLookup
) -> Mapping[str, tuple[str, ...]] | None:
    environment = desired.environment(name)
    origin = desired.environment(environment.data.copy_from or name) if environment is not None else None
    if origin is None:
        return None
    known = {}
    for table in recipe.tables:
        try:
            columns = tables.columns(desired, origin, table)
        except DataError:
            return None  # told of the table itself
        if columns is not None:
            known[table] = columns
    return known
