"""Show the controls of an environment to a person, and choose those that are offered for acceptance. Reads only."""

from __future__ import annotations

from reconciler.core.controls.controls import ControlsHead, distinct
from reconciler.core.controls.controls_status import ControlsStatus, rules, timing
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.controls import declared
from reconciler.engine.controls.observe_controls import ControlsObserver, observe_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.load_desired import load
from reconciler.engine.storage import journal
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import Expressions


def controls_status(
    deps: Dependencies, desired: DesiredState, environment: Environment, *, fresh: bool = False
) -> ControlsStatus:
    """Return what is in force in an environment, and what git says otherwise. `fresh`: an entry was just written.

    Raises UsageError E801 for a sandbox.
    """
    check_judges(desired, environment)
    controls = observe_controls(desired, environment, store=deps.stores[environment.name], source=deps.source)
    return _status(controls, controls.head, fresh=fresh)


def check_judges(desired: DesiredState, environment: Environment) -> None:
    """Raise UsageError E801 for a sandbox: it deploys nothing that controls would judge."""
    if environment.trains:
        others = [other.name for other in desired.downstream(environment.name)]
        raise UsageError(
            f"{environment.name} is a sandbox: its models are judged by the environments that promote from it",
            hint=f"reconciler controls show {others[0]}" if others else "no environment promotes from it yet",
            code="E801",
        )


def _status(controls: ControlsObserver, head: ControlsHead | None, *, fresh: bool) -> ControlsStatus:
    entry = head.entry if head is not None else None
    sets = controls.before if head is not None else ()
    lines = tuple(dict.fromkeys(rule for each in distinct(sets) for rule in rules(each)))
    when = timing(controls.declared)
    held = entry.held_back if entry is not None else ()
    return ControlsStatus(
        environment=controls.environment.name,
        revision=controls.revision,
        digest=declared.digest_of(controls.declared),
        rules=(*lines, *when) if head is not None else (),
        declared=(*rules(controls.declared), *when),
        entry=entry.n if entry is not None else None,
        commit=entry.commit if entry is not None else None,
        when=entry.when if entry is not None else None,
        who=entry.who if entry is not None else None,
        accepted=entry.accepted if entry is not None else None,
        loosened=tuple(f"{item.what}: {item.old} -> {item.new}" for item in controls.loosened) or held,
        waits_for=controls.obstacle.reason if controls.obstacle is not None else None,
        unaccepted=controls.unaccepted,
        fresh=fresh,
    )


def offered(
    deps: Dependencies, desired: DesiredState, environment: Environment, expressions: Expressions
) -> tuple[DesiredState, Environment]:
    """Return the desired state whose controls are to be accepted.

    Today's; but of a store with deployments and no entry that at the commit of its newest deployment: what came after
    it is then judged by it.
    """
    store = deps.stores[environment.name]
    controls = observe_controls(desired, environment, store=store, source=deps.source, acts=False)
    if controls.head is not None or desired.revision is None:
        return desired, environment
    heads = [
        journal.head(store, project=desired.project, environment=environment.name, model=model)
        for model in journal.models(store, environment.name)
    ]
    newest = max((head.entry for head in heads if head is not None), key=lambda entry: entry.when, default=None)
    if newest is None or newest.commit is None or newest.commit == desired.revision:
        return desired, environment
    try:
        earlier = load(deps.source, expressions, revision=newest.commit).desired
        return earlier, environment_of(earlier, environment.name)
    except ReconcilerError:
        return desired, environment
