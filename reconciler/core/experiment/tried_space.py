"""What an experiment tries of a model: its declared space, or the automatic one, without what the recipe has by now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.core.experiment.automatic import automatic_space
from reconciler.core.experiment.candidates import arms_of, droppable, joined_name, widest, with_features
from reconciler.core.experiment.past_space import TableFacts
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.experiment.declared_experiment import MOST_ARMS, Experiment, ModelSpace
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Features, Recipe


def space_of(
    experiment: Experiment, recipe: Recipe, libraries: Collection[str] = (), facts: TableFacts | None = None
) -> ModelSpace:
    """Return what the experiment tries of this recipe: without what the recipe has by now, since a trial was adopted.

    That are added features which it has, dropped ones which it has not, and classes that are one already. `libraries`,
    `facts`: what an automatic space also follows from.
    """
    space = experiment.space
    if space is None:
        space = automatic_space(recipe, experiment.metric, libraries, facts)
    features = droppable(recipe)
    wanted = features if experiment.drop_each else space.drop
    known = {name.lower() for name in recipe.features.all}
    added = {name for name in space.add.all if name.lower() not in known}
    return replace(
        space,
        drop=tuple(name for name in wanted if name in features) if len(recipe.features.columns) > 1 else (),
        add=with_features(Features(), space.add, added),
        collapse=() if joined_name(space.collapse) in recipe.class_names else space.collapse,
    )


def tried_models(desired: DesiredState, environment: str) -> tuple[Model, ...]:
    """Return models, which nobody declares, that together read all that the experiments of an environment may read."""
    models: list[Model] = []
    for experiment in desired.experiments:
        model = desired.model(environment, experiment.model) if experiment.environment == environment else None
        if model is not None:
            space = space_of(experiment, model.recipe)
            arms = arms_of(space, model.recipe)[: MOST_ARMS + 1]
            models += [replace(model, recipe=widest(space, arm.recipe)) for arm in arms]
    return tuple(models)
