"""Find the stores that an erasure concerns: where the data live, where they are copied, and what takes what was trained
there."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.erasure.tombstone import Tombstone
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import data_snapshots
from reconciler.engine.table_lookup import header_of
from reconciler.errors import DataError, StoreError, UsageError
from reconciler.ports import BlobRemoval, HeaderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlaces:
    """The environments that an erasure of data of `origin` concerns. `sandboxes` copy from it; `all` comes in the order
    in which tombstones are written: the origin, the sandboxes, what promotes from those."""

    origin: Environment
    sandboxes: tuple[Environment, ...]
    all: tuple[Environment, ...]


def places_of(deps: Dependencies, desired: DesiredState, origin: Environment) -> ErasurePlaces:
    """Return the places of an erasure, before anything is written.

    Raises UsageError E801 where the data do not live there, StoreError E456 where a store cannot remove anything.
    """
    if not origin.data.tables:
        hint = f"name the environment where the data live: {origin.data.copy_from}"
        raise UsageError(f"{origin.name} declares no tables", hint=hint, code="E801")
    sandboxes = tuple(
        each for each in desired.environments if each.trains and (each.data.copy_from or each.name) == origin.name
    )
    concerned = {origin.name: origin} | {each.name: each for each in sandboxes}
    for sandbox in sandboxes:
        concerned |= {each.name: each for each in desired.downstream(sandbox.name)}
    for name in concerned:
        if not isinstance(deps.stores[name], BlobRemoval):
            raise StoreError(
                f"the store of {name} cannot remove what it holds, so nothing can be erased from it",
                code="E456",
                hint="use a store of files or a bucket; nothing was written",
            )
    return ErasurePlaces(origin=origin, sandboxes=sandboxes, all=tuple(concerned.values()))


def check_column(deps: Dependencies, places: ErasurePlaces, table: str, column: str) -> None:
    """Raise UsageError E801 for a column that neither the table has, where that can be looked up, nor any copy of it.

    Its tombstone would stop each refresh: no row could be told by it.
    """
    declared = places.origin.data.table(table)
    if deps.headers is None or declared is None:
        return
    try:
        request = HeaderRequest(root=deps.data_root, name=table, table=declared)
        columns = header_of(deps.headers, deps.secret, request).columns
    except DataError:
        return  # a table that cannot be read is no reason to forget nobody
    if columns is None or column in columns:
        return
    for sandbox in places.sandboxes:
        store = deps.stores[sandbox.name]
        last = data_snapshots.newest(store)
        for n in range(last.n + 1 if last is not None else 0):
            copy = data_snapshots.numbered(store, n).table(table)
            if copy is not None and any(each.name == column for each in copy.columns):
                return
    hint = f"its columns: {', '.join(columns[:20])}{' and more' if len(columns) > 20 else ''}"
    raise UsageError(f"table {table} of {places.origin.name} has no column {column}", hint=hint, code="E801")


def is_before(snapshot: Snapshot, tombstone: Tombstone) -> bool:
    """Tell whether a snapshot of the tombstone's data was taken without leaving its entity out."""
    known = snapshot.declaration.erasures if snapshot.declaration is not None else 0
    return snapshot.source == tombstone.environment and known <= tombstone.n
