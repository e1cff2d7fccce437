"""Stores, targets and sources by the name that a manifest uses: built-in ones, and those of installed packages.

A table of texts: an implementation, and the library that it needs, is imported when an environment uses it. A package
provides one as an entry point of the group `reconciler.stores` or `reconciler.targets`: a function of (StorageLocation,
StorageAccess) that returns a `ports.Store` or `ports.Target`; or of the group `reconciler.sources`: a function of
(SourceAccess) that returns a `ports.TableSource`. Built-in names cannot be replaced. A gate is an entry point of the
group `reconciler.gates`: a function without arguments that returns a `ports.GatePlugin`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TypeVar, cast

from reconciler.core.spec.table_error import table_error
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import UsageError
from reconciler.ports import GatePlugin, SourceAccess, StorageAccess, Store, TableDestination, TableSource, Target

T = TypeVar("T")

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
    "oci": "reconciler.adapters.registries.oci_target:open_target",
    "mlflow": "reconciler.adapters.registries.mlflow_target:open_target",
}
SOURCES = {
    "csv": "reconciler.adapters.sources.files:open_source",
    "parquet": "reconciler.adapters.sources.files:open_source",
    "postgres": "reconciler.adapters.sources.postgres:open_source",
    "sql": "reconciler.adapters.sources.sql:open_source",
    "delta": "reconciler.adapters.sources.delta:open_source",
}
DESTINATIONS = {
    "postgres": "reconciler.adapters.sources.postgres_destination:open_destination",
    "sql": "reconciler.adapters.sources.sql_destination:open_destination",
}
"""Tables that predictions are written into."""


def store(location: StorageLocation, access: StorageAccess) -> Store:
    """Open a store; UsageError E610 for an unknown type, or where its library is not installed."""
    return cast("Store", _opened(STORES, "reconciler.stores", location, access))


def target(location: StorageLocation, access: StorageAccess) -> Target:
    """Open a target; raises as `store` does."""
    return cast("Target", _opened(TARGETS, "reconciler.targets", location, access))


def source(access: SourceAccess) -> TableSource:
    """Open the source of tables that are in one place; DataError E408 for an unknown format, E610 where its library is
    not installed."""
    name, table = access.tables[0]
    if table.uses in SOURCES:
        module, _, function = SOURCES[table.uses].partition(":")
        return cast("TableSource", getattr(import_module(module), function)(access))
    from importlib.metadata import entry_points

    plugin = next(iter(entry_points(group="reconciler.sources", name=table.uses)), None)
    if plugin is None:
        raise table_error(
            name,
            table,
            code="E408",
            message=f"no installed package provides the source {table.uses[:40]}",
            hint=f"declare `uses: csv` or `uses: parquet`, or {advice('source', table.uses)}",
        )
    return cast("TableSource", plugin.load()(access))


def destination(access: SourceAccess) -> TableDestination:
    """Open a table that rows are written into; DataError E408 for an unknown type, E610 as `source` does."""
    name, table = access.tables[0]
    if table.uses not in DESTINATIONS:
        message = f"nothing is written into `uses: {table.uses[:40]}`"
        raise table_error(name, table, code="E408", message=message, hint="declare `uses: postgres` or `uses: sql`")
    module, _, function = DESTINATIONS[table.uses].partition(":")
    return cast("TableDestination", getattr(import_module(module), function)(access))


_GROUPS = {kind: f"reconciler.{kind}s" for kind in ("store", "target", "source", "gate")}


def installed(kind: str) -> frozenset[str]:
    """Return the plug-ins of a kind (store, target, source or gate) that installed packages provide."""
    from importlib.metadata import entry_points

    return frozenset(found.name for found in entry_points(group=_GROUPS[kind]))


def advice(kind: str, name: str) -> str:
    """Say how to come to a plug-in that is not installed."""
    return f"install the package that has the entry point {name[:40]} of {_GROUPS[kind]}"


def gate(name: str) -> GatePlugin:
    """Return the plug-in gate of this name; UsageError E610 where no installed package provides it."""
    from importlib.metadata import entry_points

    found = next(iter(entry_points(group="reconciler.gates", name=name)), None)
    if found is None:
        raise UsageError(
            f"no installed package provides the plug-in gate {name[:40]!r}",
            hint=advice("gate", name),
            code="E610",
        )
    return cast("GatePlugin", found.load()())


def _opened(table: dict[str, str], group: str, location: StorageLocation, access: StorageAccess) -> object:
    if location.uses in table:
        module, _, name = table[location.uses].partition(":")
        try:
            kind = getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "obstore":
                raise
            raise UsageError(
                f"environment {access.environment} uses {location.uses!r}, which needs obstore",
                hint="pip install 'model-reconciler[stores]'",
                code="E610",
            ) from error
        return kind(location, access)
    from importlib.metadata import entry_points

    plugin = next(iter(entry_points(group=group, name=location.uses)), None)
    if plugin is None:
        raise UsageError(
            f"environment {access.environment} uses {location.uses!r}, and no installed package provides it",
            hint=f"install the package that has the entry point {location.uses} of {group}",
            code="E610",
        )
    return plugin.load()(location, access)


class OpenedOnUse(Mapping[str, T]):
    """Stores or targets by environment, each opened when it is used: until then, neither its library nor its
    credentials are needed."""

    def __init__(
        self,
        places: dict[str, StorageLocation],
        opener: Callable[[StorageLocation, StorageAccess], T],
        opening: Callable[..., StorageAccess],
        folders: Mapping[str, Path],
    ) -> None:
        self._places, self._made, self._opening, self._folders = places, opener, opening, folders
        self._open: dict[str, T] = {}
        self._lock = threading.Lock()

    def __getitem__(self, environment: str) -> T:
        with self._lock:
            if environment not in self._open:
                place = self._places[environment]
                access = self._opening(environment=environment, folder=self._folders.get(environment))
                self._open[environment] = self._made(place, access)
            return self._open[environment]

    def __contains__(self, environment: object) -> bool:
        return environment in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
