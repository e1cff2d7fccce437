"""Find what a model deployed before, from its journal: the artifact that a rollback returns to. Reads only."""

from __future__ import annotations

from reconciler.core.artifact.journal import Action, RollbackHold
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest, short
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.plan import observe
from reconciler.engine.storage import journal
from reconciler.engine.storage.erasures.erased import check_artifact
from reconciler.errors import UsageError


def rollback_artifact(
    deps: Dependencies, desired: DesiredState, model: str, environment: Environment, to: int | None
) -> Digest:
    """Return the artifact to roll back to: that of entry `to`, or the one deployed before the current one.

    Where `rollback --now` already went back and git does not agree yet, it is the artifact deployed now. Raises
    UsageError E801 where there is no such entry or artifact, IntegrityError E603 where the journal lost entries.
    """
    heads = _entries(deps, desired, model, environment)
    if to is not None:
        if not 0 <= to < len(heads):
            raise UsageError(
                f"{environment.name}/{model} has journal entries 0 to {len(heads) - 1}, and no entry {to}",
                hint=history_hint(environment.name, model),
                code="E801",
            )
        artifact = heads[to].state.artifact
        if artifact is None:
            raise UsageError(
                f"journal entry {to} of {environment.name}/{model} deployed no artifact",
                hint=history_hint(environment.name, model),
                code="E801",
            )
        _check_kept(deps, environment, model, artifact)
        return artifact
    today, declared = heads[-1].state, desired.model(environment.name, model)
    held = today.hold is not None and declared is not None and today.hold.pin == declared.artifact
    if held and today.artifact is not None:
        return today.artifact
    for head in reversed(heads):
        if head.state.artifact is not None and head.state.artifact != today.artifact:
            _check_kept(deps, environment, model, head.state.artifact)
            return head.state.artifact
    _check_whole(deps, environment, model, heads[-1])
    raise UsageError(
        f"{environment.name}/{model} has no earlier artifact than "
        f"{short(today.artifact) if today.artifact else 'none'} to roll back to",
        hint=_withdraw_hint(environment.name, model, today.artifact),
        code="E801",
    )


def _check_kept(deps: Dependencies, environment: Environment, model: str, artifact: Digest) -> None:
    """Raise GateRefusedError E709 where an artifact learnt from an entity that was erased."""
    remedy = f"`reconciler promote {model} --to {environment.name}` proposes its successor, which never saw the entity"
    check_artifact(deps.stores[environment.name], artifact, remedy)


def _check_whole(deps: Dependencies, environment: Environment, model: str, head: JournalHead) -> None:
    """Raise IntegrityError E603 where the journal ends before what its target serves: earlier ones may be lost, too."""
    target = deps.targets.get(environment.name)
    for served in target.observe([model], others=False) if target is not None else ():
        if served.model == model:
            observe.not_ahead(environment, model, head, served)


def _withdraw_hint(environment: str, model: str, artifact: Digest | None) -> str:
    """Say how the only artifact that was ever deployed is withdrawn."""
    if artifact is None:
        return history_hint(environment, model)
    return (
        f"it is the first one there; to withdraw it, `git revert` the merge that promoted {model}, and confirm its "
        f"retirement in `reconciler apply {environment}`"
    )


def declared_entry(
    deps: Dependencies, desired: DesiredState, model: str, environment: Environment, artifact: Digest
) -> JournalHead:
    """Return the last entry that deployed the artifact because git declared it, not by `rollback --now`.

    Raises UsageError E801 where there is none.
    """
    for head in reversed(_entries(deps, desired, model, environment)):
        if head.entry.action is Action.DEPLOY and head.state.artifact == artifact and head.state.hold is None:
            return head
    raise UsageError(
        f"no journal entry of {environment.name}/{model} deployed {short(artifact)} from a commit",
        hint=history_hint(environment.name, model),
        code="E801",
    )


def last_hold(
    deps: Dependencies, desired: DesiredState, model: str, environment: Environment, artifact: Digest
) -> RollbackHold | None:
    """Return the hold that the last `rollback --now` from this artifact left, or None where there was none."""
    store = deps.stores[environment.name]
    heads = journal.entries(store, project=desired.project, environment=environment.name, model=model)
    holds = [head.state.hold for head in heads if head.state.hold is not None and head.state.hold.pin == artifact]
    return holds[-1] if holds else None


def _entries(deps: Dependencies, desired: DesiredState, model: str, environment: Environment) -> list[JournalHead]:
    observe.head_of(deps, desired, environment.name, model)  # a journal that is gone is no empty history
    store = deps.stores[environment.name]
    heads = list(journal.entries(store, project=desired.project, environment=environment.name, model=model))
    if not heads:
        if desired.model(environment.name, model) is None:
            raise unknown_model(desired, environment.name, model)
        raise UsageError(
            f"{model} was never deployed in {environment.name}",
            hint=f"run `reconciler why {model} --in {environment.name}`",
            code="E801",
        )
    return heads


def history_hint(environment: str, model: str) -> str:
    """Return the hint that names the command listing a model's deployments."""
    return f"run `reconciler history {environment} {model}` to list its deployments"
