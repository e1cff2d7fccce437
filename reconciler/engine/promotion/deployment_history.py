"""What a model deployed before, as its journal tells: where a rollback goes back to. Reads only."""

from __future__ import annotations

from reconciler.core.artifact.journal import Action
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest, short
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import journal
from reconciler.errors import UsageError


def earlier(deps: Dependencies, desired: DesiredState, model: str, environment: Environment, to: int | None) -> Digest:
    """The artifact to go back to: what entry `to` deployed, or the one before today's. Where `rollback --now` went back
    and git does not agree yet, that is it."""
    heads = _entries(deps, desired, model, environment)
    if to is not None:
        if not 0 <= to < len(heads):
            raise UsageError(
                f"{environment.name}/{model} has entries 0 to {len(heads) - 1}, not {to}",
                hint=deployments(environment.name, model),
                code="E801",
            )
        found = heads[to].state.artifact
        if found is None:
            raise UsageError(
                f"entry {to} of {environment.name}/{model} deployed nothing",
                hint=deployments(environment.name, model),
                code="E801",
            )
        return found
    today, declared = heads[-1].state, desired.model(environment.name, model)
    held = today.hold is not None and declared is not None and today.hold.pin == declared.artifact
    if held and today.artifact is not None:
        return today.artifact
    for one in reversed(heads):
        if one.state.artifact is not None and one.state.artifact != today.artifact:
            return one.state.artifact
    raise UsageError(
        f"{environment.name}/{model} has had no other artifact than "
        f"{short(today.artifact) if today.artifact else 'none'}",
        hint=deployments(environment.name, model),
        code="E801",
    )


def declaring(
    deps: Dependencies, desired: DesiredState, model: str, environment: Environment, artifact: Digest
) -> JournalHead:
    """The last entry that deployed it because git declared it: what `rollback --now` deploys, git declares later."""
    for one in reversed(_entries(deps, desired, model, environment)):
        if one.entry.action is Action.DEPLOY and one.state.artifact == artifact and one.state.hold is None:
            return one
    raise UsageError(
        f"no entry of {environment.name}/{model} deployed {short(artifact)} because git declared it",
        hint=deployments(environment.name, model),
        code="E801",
    )


def _entries(deps: Dependencies, desired: DesiredState, model: str, environment: Environment) -> list[JournalHead]:
    store = deps.stores[environment.name]
    found = list(journal.entries(store, project=desired.project, environment=environment.name, model=model))
    if not found:
        raise UsageError(
            f"{model} was never deployed in {environment.name}",
            hint=f"run `reconciler status {environment.name}`",
            code="E801",
        )
    return found


def deployments(environment: str, model: str) -> str:
    return f"`reconciler history --env {environment} --model {model}` lists what was deployed"
