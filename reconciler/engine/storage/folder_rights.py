"""Ask a store and a target who else may write their folders, where they can tell. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.engine.dependencies import Dependencies
from reconciler.ports import OpenFolder, RightsCheck


def open_folders(deps: Dependencies, environment: str, *, inside: bool = True) -> Iterator[tuple[str, OpenFolder]]:
    """Yield "store" or "target" with each folder of it, or on the way to it, that others may write; each once."""
    told: set[str] = set()
    storages: tuple[tuple[str, object], ...] = (
        ("store", deps.stores.get(environment)),
        ("target", deps.targets.get(environment)),
    )
    for kind, storage in storages:
        if isinstance(storage, RightsCheck):
            for folder in storage.open_folders(inside=inside):
                if folder.path not in told:
                    yield kind, folder
                told.add(folder.path)
