"""Stores and targets by the name that a manifest uses: ours, and those that installed packages bring.

A table of texts: an implementation, and the library below it, is imported when an environment uses it. A package
brings one as an entry point of the group `reconciler.stores` or `reconciler.targets`: a function of (Place, Opening)
that gives a `ports.Store` or `ports.Target`. Ours cannot be replaced.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from reconciler.core.spec.environment import StorageLocation
from reconciler.errors import UsageError
from reconciler.ports import StorageAccess, Store, Target

STORES = {
    "files": "reconciler.adapters.filesystem.store:open_store",
    "s3": "reconciler.adapters.object_storage.store:open_store",
    "gcs": "reconciler.adapters.object_storage.store:open_store",
    "azure": "reconciler.adapters.object_storage.store:open_store",
}
TARGETS = {
    "directory": "reconciler.adapters.filesystem.target:open_target",
    "s3": "reconciler.adapters.object_storage.target:open_target",
    "gcs": "reconciler.adapters.object_storage.target:open_target",
    "azure": "reconciler.adapters.object_storage.target:open_target",
}


def store(place: StorageLocation, opening: StorageAccess) -> Store:
    """UsageError E610 when nothing here knows such a store, or what it is built on is not installed."""
    return cast("Store", _opened(STORES, "reconciler.stores", place, opening))


def target(place: StorageLocation, opening: StorageAccess) -> Target:
    """As `store`."""
    return cast("Target", _opened(TARGETS, "reconciler.targets", place, opening))


def _opened(table: dict[str, str], group: str, place: StorageLocation, opening: StorageAccess) -> object:
    if place.uses in table:
        module, _, name = table[place.uses].partition(":")
        return getattr(import_module(module), name)(place, opening)
    from importlib.metadata import entry_points

    found = next(iter(entry_points(group=group, name=place.uses)), None)
    if found is None:
        raise UsageError(
            f"environment {opening.environment} uses {place.uses!r}, and no installed package brings it",
            hint=f"install the package that has the entry point {place.uses} of {group}",
            code="E610",
        )
    return found.load()(place, opening)
