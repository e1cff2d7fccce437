"""Find git's own folder of a repository, and what a clone remembers there."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.git.plumbing import Git
from reconciler.app import locations
from reconciler.ports import ReadObserver


def git_folder(root: Path) -> Path | None:
    """Return the folder that git keeps this repository in, or None outside of a repository."""
    code, out, _ = Git(root).call("rev-parse", "--git-common-dir")
    return (root / out.decode("utf-8", "surrogateescape").rstrip("\n")).resolve() if code == 0 else None


def witness(root: Path, observer: ReadObserver | None = None, *, folder: Path | None = None) -> FilesStore | None:
    """Return the store in git's own folder in which this clone remembers which journals its applies saw. `observer`
    records reads; `folder` is git's own, if known."""
    folder = folder or git_folder(root)
    return FilesStore(folder / locations.WITNESS / locations.key_of(root), observer) if folder is not None else None
