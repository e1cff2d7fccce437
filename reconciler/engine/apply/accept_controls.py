"""Put the controls that git declares in force because a person accepts them, and record who and why.

Who may run this is trusted (docs/promises.md): it is the way for an environment, store or target that was moved or
renamed, for the store of an older program, for those without a forge, and on from a loss that no backup mends.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.loss import SandboxLoss, sandbox_loss
from reconciler.core.controls.controls import Acceptance
from reconciler.core.controls.controls_status import ControlsStatus
from reconciler.core.inspect.journal_checkpoint import CONTROLS
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.engine.apply.record_controls import record_controls
from reconciler.engine.controls.controls_state import check_judges, controls_status
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan.observe_loss import EVERYTHING, LossObserver, journals_of, lost_among
from reconciler.engine.storage import checkpoints, numbered_log, register, store_mark
from reconciler.engine.trust.entries import entry_writer
from reconciler.errors import ConflictError, IntegrityError


def accept_controls(deps: Dependencies, desired: DesiredState, environment: Environment, reason: str) -> ControlsStatus:
    """Write an entry by which the declared controls are in force; return what is in force then.

    Raises UsageError E801 for a sandbox.
    """
    check_judges(desired, environment)
    who = deps.actor()
    accepted = Acceptance(who=who, reason=reason)
    _give_up(deps, desired, environment)
    store_mark.claim(deps.stores[environment.name], desired.project, environment.name)
    writer = entry_writer(deps, desired)
    record_controls(deps, desired, environment, writer, ForgeQueries(None), accepted=accepted)
    return controls_status(deps, desired, environment, fresh=True)


def observe_store_loss(deps: Dependencies, desired: DesiredState, environment: Environment) -> IntegrityError | None:
    """Return the error for an environment's store that is gone, which then says nothing of what is in force."""
    return LossObserver(deps, desired).store(environment.name)


def observe_sandbox_loss(deps: Dependencies, desired: DesiredState, environment: Environment) -> SandboxLoss | None:
    """Return what the store of a sandbox lost; None where nothing is missing."""
    name, observer = environment.name, LossObserver(deps, desired)
    lost = observer.store(name)
    if lost is not None:
        return sandbox_loss(name, environment.store.address, (lost,))
    errors = [error for _, error in lost_among(journals_of(deps, desired), name, observer.traced(name))]
    return sandbox_loss(name, environment.store.address, errors) if errors else None


def accept_loss(
    deps: Dependencies, desired: DesiredState, environment: Environment, loss: SandboxLoss, reason: str
) -> SandboxLoss:
    """Give up what the store of a sandbox lost, so that the next apply begins it anew; return that with who and why.

    Raises ConflictError E702 where `loss` is not what is lost now.
    """
    if observe_sandbox_loss(deps, desired, environment) != loss:
        raise ConflictError(
            f"what the store of {environment.name} lost has changed since it was shown",
            hint="run the same command again",
            code="E702",
        )
    accepted = Acceptance(who=deps.actor(), reason=reason)
    _give_up(deps, desired, environment, accepted)
    store_mark.claim(deps.stores[environment.name], desired.project, environment.name)
    return replace(loss, accepted_by=accepted.who, reason=reason)


def _give_up(
    deps: Dependencies, desired: DesiredState, environment: Environment, accepted: Acceptance | None = None
) -> None:
    """Register that a person accepts the loss of what is gone of an environment's journals, as if they never were.

    What a target still serves of them is in the way until it is removed, too. `accepted`: by whom and why, where no
    entry of the controls says so.
    """
    name, observer, journals = environment.name, LossObserver(deps, desired), journals_of(deps, desired)
    store = deps.stores[name]
    lost = {model for model, _ in lost_among(journals, name, observer.traced(name))}
    if observer.store(name) is not None:
        lost |= {EVERYTHING, CONTROLS, *observer.traced(name), *observer.pinned(name)}
    if CONTROLS in register.read(store, name).journals and not numbered_log.begun(store, store_layout.controls(name)):
        lost |= {CONTROLS}
    anchors = checkpoints.read(deps.tags).anchors if deps.tags is not None else {}
    register.add(store, name, given_up=lost, anchor=max(anchors, default=None), accepted=accepted)
