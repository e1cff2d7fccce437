"""Refresh the data of a sandbox by itself, without training anything."""

from __future__ import annotations

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.plan.plan import REFRESH_ASKED
from reconciler.core.snapshots.results import RefreshResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply.apply import claim, may_apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan.make_plan import refresh_step, requested_by
from reconciler.engine.refresh.take_snapshot import take_snapshot
from reconciler.engine.storage import data_snapshots, references
from reconciler.errors import UsageError


def due(deps: Dependencies, desired: DesiredState, environment: Environment, *, force: bool = False) -> str | None:
    """Return why a refresh would be taken now; None where none is due. Raises UsageError E801 for no sandbox."""
    if not environment.trains:
        hint = "name a sandbox, which has"
        raise UsageError(f"{environment.name} has no data snapshots", hint=hint, code="E801")
    store = deps.stores[environment.name]
    newest = data_snapshots.newest(store)
    references.check_snapshot(store, newest, environment.name, copied_again=force)
    declared = data_snapshots.declared_now(deps, desired, environment, newest)
    now = deps.clock()
    step = refresh_step(environment.data, newest, now, declared, requested_by(desired, environment, now))
    if step is not None:
        return step.reason
    return REFRESH_ASKED if force else None


def refresh_data(
    deps: Dependencies, desired: DesiredState, environment: Environment, *, force: bool = False
) -> RefreshResult:
    """Take a snapshot where one is due, or `force` asks for it; else say so and do nothing.

    Raises ConflictError E702 when another process took one meanwhile, DataError where a table cannot be read: the last
    snapshot then stays in use.
    """
    may_apply(deps, desired, environment)
    claim(deps, desired, environment)
    reason = due(deps, desired, environment, force=force)
    before = data_snapshots.newest(deps.stores[environment.name])
    if reason is None and before is not None:
        return _result(environment, before, None, reason="none is due", taken=False)
    taken = take_snapshot(deps, desired, environment)
    return _result(environment, taken, before, reason=reason or REFRESH_ASKED, taken=True)


def _result(
    environment: Environment, newest: Snapshot, before: Snapshot | None, *, reason: str, taken: bool
) -> RefreshResult:
    earlier = {table.name: table.digest for table in before.tables} if before is not None else {}
    sampled = newest.declaration is not None and newest.declaration.sample is not None
    return RefreshResult(
        environment=environment.name,
        snapshot=newest.n,
        taken=taken,
        reason=reason,
        as_of=newest.as_of,
        rows=sum(table.rows for table in newest.tables),
        tables=len(newest.tables),
        same=tuple(table.name for table in newest.tables if earlier.get(table.name) == table.digest),
        whole=tuple(table.name for table in newest.tables if sampled and taken and table.sampled_by is None),
    )
