"""Put the controls that git declares in force because a person accepts them, and record who and why.

Who may run this is trusted (docs/promises.md): it is the way for an environment, store or target that was moved or
renamed, for the store of an older program, and for those without a forge.
"""

from __future__ import annotations

from reconciler.core.controls.controls import Acceptance
from reconciler.core.controls.controls_status import ControlsStatus
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.engine.apply.record_controls import record_controls
from reconciler.engine.controls.controls_state import check_judges, controls_status
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe_loss
from reconciler.engine.storage import store_mark
from reconciler.engine.storage.journal import EntryWriter


def accept_controls(deps: Dependencies, desired: DesiredState, environment: Environment, reason: str) -> ControlsStatus:
    """Write an entry by which the declared controls are in force; return what is in force then.

    Raises UsageError E801 for a sandbox.
    """
    check_judges(desired, environment)
    observe_loss.give_up(deps, desired, environment)
    store_mark.claim(deps.stores[environment.name], desired.project, environment.name)
    who = deps.actor()
    writer = EntryWriter(
        project=desired.project, commit=desired.revision, actor=who, clock=deps.clock, new_id=deps.new_id
    )
    accepted = Acceptance(who=who, reason=reason)
    record_controls(deps, desired, environment, writer, ForgeQueries(None), accepted=accepted)
    return controls_status(deps, desired, environment, fresh=True)
