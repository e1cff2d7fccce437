"""Ask a store and a target who else may write their folders, where they can tell. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.status_codes import ResultStatus
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


def open_status(kind: str, folder: OpenFolder) -> ResultStatus:
    """Return the status of a folder that others may write. Where everybody may: of a store, nothing is read from it; in
    a target, it is a change of what stands around the served bytes. A target that is not safe to read as a whole says
    so itself."""
    if not folder.by_everybody:
        return ResultStatus.CLEAN
    return ResultStatus.PENDING if kind == "target" else ResultStatus.FAILED
