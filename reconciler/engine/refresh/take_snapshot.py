"""Take a data snapshot, and tell of it: the only effect of a refresh, from `apply` and from `data refresh` alike."""

from __future__ import annotations

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.quality.checked_refresh import take_checked
from reconciler.engine.refresh.kept_snapshots import remove_old
from reconciler.errors import ReconcilerError


def take_snapshot(deps: Dependencies, desired: DesiredState, environment: Environment) -> Snapshot:
    """Take a data snapshot, and tell of it; raises what `take_checked` does."""
    deps.progress.start("refresh", "copy the tables")
    taken = take_checked(deps, desired, environment)
    rows = sum(table.rows for table in taken.tables)
    tables = len(taken.tables)
    holds = f"{tables} table{'s' * (tables != 1)}, {rows:,} row{'s' * (rows != 1)}"
    deps.progress.done("refresh", f"data snapshot {taken.n}: {holds}, as of {taken.as_of}")
    for line in remove_old(deps, environment):
        deps.progress.done("refresh", line)
    deps.progress.leave("refresh")
    return taken


def try_snapshot(
    deps: Dependencies, desired: DesiredState, environment: Environment
) -> tuple[Snapshot | None, ReconcilerError | None]:
    """Return the snapshot that was taken, or why none was though one is due."""
    try:
        return take_snapshot(deps, desired, environment), None
    except ReconcilerError as error:
        deps.progress.leave("refresh")
        return None, error
