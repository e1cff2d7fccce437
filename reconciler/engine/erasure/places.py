"""Find the stores that an erasure concerns: where the data live, where they are copied, and what takes what was trained
there."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.erasure.tombstone import Tombstone
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.errors import StoreError, UsageError
from reconciler.ports import BlobRemoval


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


def is_before(snapshot: Snapshot, tombstone: Tombstone) -> bool:
    """Tell whether a snapshot of the tombstone's data was taken without leaving its entity out."""
    known = snapshot.declaration.erasures if snapshot.declaration is not None else 0
    return snapshot.source == tombstone.environment and known <= tombstone.n
