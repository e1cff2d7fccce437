"""Say where manifests name a plug-in that no installed package provides, and what that stops: the same at every door.

Nothing of packages is looked at where no manifest names a plug-in.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reconciler import plugins
from reconciler.app.manifest_paths import ResolvedFolders
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import PluginGate
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.load_desired import Checkout, environment_path
from reconciler.errors import UsageError
from reconciler.ports import GatePlugin, StorageAccess, Store, Target

T = TypeVar("T")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPlugIn:
    """A plug-in that a manifest names. `kind`: store, target, source or gate; `file`, `place`: where; `stops`: what
    cannot be done without it."""

    kind: str
    name: str
    file: str
    place: Path
    stops: str


def named(desired: DesiredState) -> Iterator[NamedPlugIn]:
    """Yield every plug-in that a manifest names."""
    for environment in desired.environments:
        yield from _of_environment(environment)
    for model in desired.models:
        for index, gate in enumerate(model.gates):
            if isinstance(gate, PluginGate):
                stops = f"no candidate of {model.name} can be verified here"
                yield NamedPlugIn(
                    kind="gate", name=gate.name, file=model.file, place=("spec", "gates", index, "name"), stops=stops
                )


def _of_environment(environment: Environment) -> Iterator[NamedPlugIn]:
    file, name = environment_path(environment.name), environment.name
    places = (
        ("store", environment.store, plugins.STORES, f"no command can look at {name} here"),
        ("target", environment.target, plugins.TARGETS, f"{name} can be neither planned nor applied here"),
    )
    for kind, place, known, stops in places:
        if place is not None and place.uses not in known:
            yield NamedPlugIn(kind=kind, name=place.uses, file=file, place=("spec", kind, "uses"), stops=stops)
    for title, table in environment.data.tables:
        if table.uses not in plugins.SOURCES:
            yield NamedPlugIn(
                kind="source",
                name=table.uses,
                file=file,
                place=("spec", "data", "tables", title, "uses"),
                stops=f"table {title} cannot be read here",
            )
    for index, gate in enumerate(environment.policy.gates):
        if isinstance(gate, PluginGate):
            yield NamedPlugIn(
                kind="gate",
                name=gate.name,
                file=file,
                place=("spec", "policy", "gates", index, "name"),
                stops=f"no candidate for {name} can be verified here",
            )


def notes(checkout: Checkout) -> Iterator[str]:
    """Say of each plug-in that is not installed here where it is named first, what it stops, and what to do."""
    first: dict[tuple[str, str], NamedPlugIn] = {}
    others: dict[tuple[str, str], int] = {}
    for each in named(checkout.desired):
        key = (each.kind, each.name)
        first.setdefault(key, each)
        others[key] = others.get(key, -1) + 1
    for key, each in first.items():
        installed = plugins.installed(each.kind)
        if each.name in installed:
            continue
        close = difflib.get_close_matches(each.name, installed, n=1)
        advice = f"did you mean {close[0]}?" if close else plugins.advice(each.kind, each.name)
        more = f" (and in {others[key]:,} more places)" if others[key] else ""
        where = checkout.position(each.file, each.place)
        yield f"{where}: no installed package provides the {each.kind} {each.name}{more}, so {each.stops}: {advice}"


def gate(checkout: Checkout, name: str) -> GatePlugin:
    """Return the plug-in gate of a name; UsageError E610, with where it is named first, where it is not installed."""
    try:
        return plugins.gate(name)
    except UsageError as error:
        place = next((each for each in named(checkout.desired) if (each.kind, each.name) == ("gate", name)), None)
        error.where = checkout.position(place.file, place.place) if place is not None else error.where
        raise


def opened_on_use(
    checkout: Checkout, opening: Callable[..., StorageAccess], folders: ResolvedFolders
) -> tuple[Mapping[str, Store], Mapping[str, Target], Mapping[str, Store]]:
    """Return the stores, the targets and the mirrors by environment; errors about what is not installed say where it
    is named."""
    declared = checkout.desired.environments
    stores = {each.name: each.store for each in declared}
    targets = {each.name: each.target for each in declared if each.target is not None}
    mirrors = {each.name: each.mirror for each in declared if each.mirror is not None}
    return (
        plugins.OpenedOnUse(stores, _located(checkout, "store", plugins.store), opening, folders.stores),
        plugins.OpenedOnUse(targets, _located(checkout, "target", plugins.target), opening, folders.targets),
        plugins.OpenedOnUse(mirrors, _located(checkout, "store", plugins.store), opening, folders.mirrors),
    )


def _located(
    checkout: Checkout, kind: str, opener: Callable[[StorageLocation, StorageAccess], T]
) -> Callable[[StorageLocation, StorageAccess], T]:
    def opened(location: StorageLocation, access: StorageAccess) -> T:
        try:
            return opener(location, access)
        except UsageError as error:
            if error.code == "E610" and error.where is None:
                error.where = checkout.position(environment_path(access.environment), ("spec", kind, "uses"))
            raise

    return opened
