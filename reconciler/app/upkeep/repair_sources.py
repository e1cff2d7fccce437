"""Open what a repair takes from: the target, the stores of other environments, a folder with a backup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from reconciler import plugins
from reconciler.app.wiring import OpenProject
from reconciler.core.artifact import store_layout
from reconciler.core.spec.environment import Environment
from reconciler.core.storage.location import StorageLocation
from reconciler.core.upkeep.repair import MIRROR, TARGET
from reconciler.engine.storage import store_mark
from reconciler.engine.upkeep.repair_sources import RepairSource, StoreSource, TargetSource
from reconciler.errors import IntegrityError, UsageError
from reconciler.ports import StorageAccess


def repair_sources(project: OpenProject, environment: Environment, names: Sequence[str]) -> tuple[RepairSource, ...]:
    """Return the sources of these names, in order; without names, all that are declared.

    Raises UsageError E801 for a name that is no source, IntegrityError E603, E609 for a folder that holds no copy of
    the store.
    """
    declared = _declared(project, environment)
    return tuple(
        declared[name]() if name in declared else _backup(project, environment, name, tuple(declared))
        for name in dict.fromkeys(names or declared)
    )


def _declared(project: OpenProject, environment: Environment) -> dict[str, Callable[[], RepairSource]]:
    """Return what opens each source that is declared, by name: those first that hold more of the store itself."""
    name, deps = environment.name, project.deps
    sources: dict[str, Callable[[], RepairSource]] = {}
    if name in deps.mirrors:
        sources[MIRROR] = partial(_mirror, project, name)
    if name in deps.targets:
        sources[TARGET] = partial(_target, project, name)
    for other in project.desired.environments:
        if other.name != name:
            sources[other.name] = partial(_other, project, other.name)
    return sources


def _mirror(project: OpenProject, name: str) -> RepairSource:
    """Open the mirror; IntegrityError E609 where it is another environment's."""
    mirror = project.deps.mirrors[name]
    if (body := mirror.read(store_layout.MARK)) is not None:
        store_mark.check(body, project.desired.project, name)
    return StoreSource(name=MIRROR, store=mirror, copies=True)


def _target(project: OpenProject, name: str) -> RepairSource:
    target = project.deps.targets[name]
    served = target.observe((), others=True)
    pointers = {each.model: each.current for each in served if each.current is not None}
    return TargetSource(target=target, environment=name, pointers=pointers)


def _other(project: OpenProject, name: str) -> RepairSource:
    return StoreSource(name=name, store=project.deps.stores[name])


def _backup(project: OpenProject, environment: Environment, path: str, known: tuple[str, ...]) -> RepairSource:
    """Open a folder with a copy of the environment's store."""
    folder = Path(path)
    if not path or "\0" in path or not folder.is_dir():
        raise UsageError(
            f"--from {path[:100]!r} is neither a source of {environment.name} nor a folder",
            hint=f"name one of {', '.join(known)}, or the folder of a backup of the store",
            code="E801",
        )
    deps, folder = project.deps, folder.resolve()
    access = StorageAccess(
        root=project.root,
        project=project.desired.project,
        environment=environment.name,
        scratch=deps.scratch,
        folder=folder,
    )
    store = plugins.store(StorageLocation(uses="files", root=str(folder)), access)
    body = store.read(store_layout.MARK)
    if body is None:
        raise IntegrityError(
            f"{path} has no {store_layout.MARK}: it is no copy of a store",
            code="E603",
            hint="name the folder that holds store.json, journal and blobs",
        )
    store_mark.check(body, project.desired.project, environment.name)
    return StoreSource(name=path, store=store, copies=True, whole=True)
