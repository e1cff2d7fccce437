"""Look at the data snapshots of a sandbox: all of them, one, or what differs between two. Writes nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from reconciler.core.artifact.data_snapshot import MaskedColumn, Snapshot, TableCopy
from reconciler.core.snapshots.declaration import changes, in_words
from reconciler.core.snapshots.results import (
    SnapshotDetail,
    SnapshotDifference,
    SnapshotLine,
    SnapshotList,
    SnapshotTable,
    TableDifference,
)
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe_loss
from reconciler.engine.refresh.kept_snapshots import made_from, removed_snapshots
from reconciler.engine.snapshots.refresh import due
from reconciler.engine.storage import data_snapshots
from reconciler.errors import UsageError
from reconciler.ports import Store


class _SnapshotUses(NamedTuple):
    """How many artifacts were made from each snapshot, and the snapshots whose tables are not kept any more."""

    artifacts: Mapping[int, int]
    removed: frozenset[int]


def list_snapshots(deps: Dependencies, desired: DesiredState, environment: Environment) -> SnapshotList:
    """Return every snapshot, newest first, and whether a refresh is due."""
    store, newest = _newest(deps, desired, environment)
    used = _SnapshotUses(made_from(store), removed_snapshots(store))
    numbers = range(newest.n, -1, -1) if newest is not None else ()
    return SnapshotList(
        environment=environment.name,
        snapshots=tuple(_line(data_snapshots.numbered(store, n), used) for n in numbers),
        due=due(deps, desired, environment),
    )


def show_snapshot(
    deps: Dependencies, desired: DesiredState, environment: Environment, n: int | None = None
) -> SnapshotDetail:
    """Return one snapshot, by default the newest. Raises UsageError E801 where there is none."""
    store, newest = _newest(deps, desired, environment)
    snapshot = _chosen(store, environment, newest, n)
    declaration, now = snapshot.declaration, data_snapshots.declared_now(deps, desired, environment, snapshot)
    return SnapshotDetail(
        environment=environment.name,
        snapshot=_line(snapshot, _SnapshotUses(made_from(store), removed_snapshots(store))),
        details=tuple(table_of(store, snapshot, table) for table in snapshot.tables),
        declared=tuple(in_words(declaration)) if declaration is not None else (),
        otherwise=data_snapshots.declared_otherwise(snapshot, now),
    )


def compare_snapshots(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    before: int | None = None,
    after: int | None = None,
) -> SnapshotDifference:
    """Return what differs between two snapshots: by default the newest and the one before, or `before` and the newest.

    Raises UsageError E801 where one is not there.
    """
    store, newest = _newest(deps, desired, environment)
    new = _chosen(store, environment, newest, after)
    if before is None and new.n == 0:
        hint = f"reconciler data refresh {environment.name} --force takes another one"
        raise UsageError(
            f"{environment.name} has one data snapshot, and a comparison needs two", hint=hint, code="E801"
        )
    old = _chosen(store, environment, newest, new.n - 1 if before is None else before)
    names = sorted({table.name for table in (*old.tables, *new.tables)})
    differing = {name: found for name in names if (found := _difference(name, old.table(name), new.table(name)))}
    declared = changes(old.declaration, new.declaration) if old.declaration and new.declaration else ()
    used = _SnapshotUses(made_from(store), removed_snapshots(store))
    return SnapshotDifference(
        environment=environment.name,
        before=_line(old, used),
        after=_line(new, used),
        declared=tuple(declared),
        tables=tuple(differing.values()),
        same=tuple(name for name in names if name not in differing),
    )


def _newest(deps: Dependencies, desired: DesiredState, environment: Environment) -> tuple[Store, Snapshot | None]:
    observe_loss.check_store(deps, desired, environment)
    due(deps, desired, environment)
    store = deps.stores[environment.name]
    return store, data_snapshots.newest(store)


def _chosen(store: Store, environment: Environment, newest: Snapshot | None, n: int | None) -> Snapshot:
    if newest is None:
        hint = f"reconciler data refresh {environment.name}"
        raise UsageError(f"{environment.name} has no data snapshot yet", hint=hint, code="E801")
    if n is None or n == newest.n:
        return newest
    if not 0 <= n < newest.n:
        hint = f"reconciler data list {environment.name}"
        raise UsageError(
            f"{environment.name} has no data snapshot {n}; the newest is {newest.n}", hint=hint, code="E801"
        )
    return data_snapshots.numbered(store, n)


def _line(snapshot: Snapshot, used: _SnapshotUses) -> SnapshotLine:
    return SnapshotLine(
        n=snapshot.n,
        taken=snapshot.taken,
        as_of=snapshot.as_of,
        source=snapshot.source,
        tables=len(snapshot.tables),
        rows=sum(table.rows for table in snapshot.tables),
        artifacts=used.artifacts.get(snapshot.n, 0),
        removed=snapshot.n in used.removed,
    )


def table_of(store: Store, snapshot: Snapshot, table: TableCopy) -> SnapshotTable:
    since = snapshot.n
    while since > 0:
        earlier = data_snapshots.numbered(store, since - 1).table(table.name)
        if earlier is None or earlier.digest != table.digest:
            break
        since -= 1
    return SnapshotTable(
        name=table.name,
        rows=table.rows,
        columns=tuple(f"{column.name} {column.type}" for column in table.columns),
        digest=table.digest,
        since=since,
        sampled_by=table.sampled_by,
        masked=tuple(map(_masked, table.masked or ())),
    )


def _masked(column: MaskedColumn) -> str:
    argument = f" {column.argument}" if column.argument is not None else ""
    return f"{column.column}: {column.treatment.value}{argument}"


def _difference(name: str, old: TableCopy | None, new: TableCopy | None) -> TableDifference | None:
    """Return what differs of a table; None where nothing does."""
    was = {column.name: column for column in old.columns} if old is not None else {}
    now = {column.name: column for column in new.columns} if new is not None else {}
    if old is not None and new is not None and old.digest == new.digest:
        return None
    both = [column for column in was if column in now] if old is not None and new is not None else []
    known = all(was[column].digest is not None and now[column].digest is not None for column in both)
    return TableDifference(
        name=name,
        rows_before=old.rows if old is not None else None,
        rows_after=new.rows if new is not None else None,
        added=_only(now, was) if old is not None and new is not None else (),
        removed=_only(was, now) if old is not None and new is not None else (),
        types=tuple(
            f"{column}: {was[column].type} -> {now[column].type}"
            for column in both
            if was[column].type != now[column].type
        ),
        values=tuple(
            column
            for column in both
            if was[column].type == now[column].type and was[column].digest != now[column].digest
        )
        if known
        else None,
    )


def _only(columns: Iterable[str], others: Container[str]) -> tuple[str, ...]:
    return tuple(column for column in columns if column not in others)
