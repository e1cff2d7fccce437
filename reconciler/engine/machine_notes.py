"""Say what this machine lacks for a plan, whom that stops, and what to do. Nothing is looked at that no step needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.artifact.journal import Action
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import PluginGate
from reconciler.core.spec.runtime import OF_ESTIMATORS, differences, remedy, runtime_for
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.needed_secrets import is_unset
from reconciler.engine.plan.observe_training import TrainingObserver
from reconciler.errors import UsageError

_NAMED = 3  # models


def of_deployments(
    deps: Dependencies, desired: DesiredState, environment: Environment, plans: Iterable[ModelPlan]
) -> Iterator[str]:
    """Say which library of models that are to be deployed is not installed on this machine."""
    changed = {plan.model for plan in plans if plan.steps}
    models = [model for model in desired.models_of(environment.name) if model.name in changed]
    used = {model.recipe.estimator.uses for model in models} & OF_ESTIMATORS.keys()
    if not used or deps.machine is None:
        return
    here = dict(deps.machine().versions)
    for uses in sorted(used):
        if OF_ESTIMATORS[uses] not in here:
            stopped = _some_of([model.name for model in models if model.recipe.estimator.uses == uses])
            yield (
                f"this machine cannot load models that use {uses}, so an apply from here does not deploy {stopped}: "
                f"pip install 'model-reconciler[{uses}]'"
            )


def of_sandbox(
    deps: Dependencies, desired: DesiredState, sandbox: TrainingObserver, plans: Sequence[ModelPlan]
) -> tuple[str, ...]:
    """Return what would stop the trainings and verifications of a plan here, and what could not be looked up."""
    return (*_training(deps, sandbox, plans), *_verifying(deps, desired, sandbox, plans))


def _training(deps: Dependencies, sandbox: TrainingObserver, plans: Sequence[ModelPlan]) -> Iterator[str]:
    if not any(plan.trains for plan in plans):
        return
    if sandbox.tables:
        yield from sandbox.tables.lookup.notes()
    declared = sandbox.environment.runtime
    if (compute := sandbox.environment.compute) is not None:
        if not deps.secret(compute.scheduler):
            yield f"nothing is trained from here: {is_unset(compute.scheduler)}, where a cluster's address would be"
    elif declared is not None and deps.machine is not None:
        here = deps.machine()
        trained = [plan.model for plan in plans if plan.trains]
        declared = runtime_for(declared, {sandbox.models[model].recipe.estimator.uses for model in trained})
        if mismatches := differences(declared, here):
            advice = remedy(declared, here, sandbox.environment.lock)
            told = f"this machine cannot train, so an apply from here does not train {_some_of(trained)}"
            yield f"{told}: declared {'; '.join(mismatches)}: {advice}"


def _verifying(
    deps: Dependencies, desired: DesiredState, sandbox: TrainingObserver, plans: Sequence[ModelPlan]
) -> Iterator[str]:
    """Say which plug-in gates are not installed here, and whose verification they stop."""
    judged = [plan.model for plan in plans if any(s.action in (Action.TRAIN, Action.VERIFY) for s in plan.steps)]
    asked: dict[str, dict[str, None]] = {}
    for environment in desired.downstream(sandbox.environment.name) if judged else ():
        for model in judged:
            for gate in gates_of(sandbox.models[model], environment).applying:
                if isinstance(gate, PluginGate):
                    asked.setdefault(gate.name, {})[model] = None
    for name, models in asked.items():
        try:
            deps.gate_plug_in(name)
        except UsageError as error:
            where = f"{error.where}: " if error.where is not None else ""
            stopped = f"so an apply from here does not verify {_some_of(list(models))}"
            yield f"{where}{error.message}, {stopped}: {error.hint}"


def _some_of(models: Sequence[str]) -> str:
    more = f" and {len(models) - _NAMED:,} more" if len(models) > _NAMED else ""
    return f"{', '.join(models[:_NAMED])}{more}"
