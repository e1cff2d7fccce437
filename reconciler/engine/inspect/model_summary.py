"""Summarise the models of an environment: what is declared, what is deployed, and how good it is. Reads only."""

from __future__ import annotations

from reconciler.core.inspect.model_summary import ModelSummaries, ModelSummary
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe, verification
from reconciler.engine.storage import blobs


def summarize(deps: Dependencies, desired: DesiredState, environment: Environment) -> ModelSummaries:
    """Return a summary of each declared model. Raises IntegrityError where a journal or an artifact is damaged."""
    models = sorted(desired.models_of(environment.name), key=lambda model: model.name)
    return ModelSummaries(
        environment=environment.name,
        role=environment.role.value,
        revision=desired.revision,
        models=tuple(deps.parallel_map(lambda model: _summary(deps, desired, environment, model), models)),
    )


def _summary(deps: Dependencies, desired: DesiredState, environment: Environment, model: Model) -> ModelSummary:
    head = observe.head_of(deps, desired, environment.name, model.name)
    artifact = head.state.artifact if head is not None else None
    store = deps.stores[environment.name]
    evaluated = artifact is not None and blobs.holds(store, artifact)
    recipe = model.recipe
    return ModelSummary(
        model=model.name,
        owner=model.owner,
        task=recipe.task.value,
        outcome=recipe.class_names or ((recipe.outcome.column,) if recipe.outcome.column else ()),
        estimator=recipe.estimator.class_name,
        features=len(recipe.features.all),
        artifact=artifact,
        evaluation=verification.evaluation_of(store, artifact) if artifact is not None and evaluated else None,
    )
