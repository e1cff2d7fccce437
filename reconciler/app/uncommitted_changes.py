"""Find manifests on disk that differ from the commit that is read: a warning, since they have no effect."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.app.locations import NOTICED
from reconciler.core.size_limits import MANIFEST_BYTES
from reconciler.errors import ReconcilerError
from reconciler.ports import Source
from reconciler.report.layout.escaping import plain

READ = ("reconciler.yaml", "manifests", "environments")
NAMED = 3


def notes(source: Source, root: Path, revision: str) -> Iterator[str]:
    """Return at most one warning, of one line."""
    try:
        changed = _changed(source, root, revision)
    except (ReconcilerError, OSError):
        return
    if changed:
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        names = ", ".join(plain(name) for name in changed[:NAMED])
        yield f"note: uncommitted changes in {names}{more} are ignored; commit them, or use --working-tree"


def _changed(source: Source, root: Path, revision: str) -> list[str]:
    committed = {file.path: file.id for file in source.tree(revision, READ) if _is_manifest(file.path)}
    if len(committed) > NOTICED:
        return []
    disk = WorkTree(root)
    on_disk = {file.path: file for file in disk.tree("", READ) if _is_manifest(file.path)}
    changed = committed.keys() ^ on_disk.keys()
    for path in committed.keys() & on_disk.keys():
        file = on_disk[path]
        if (file.size or 0) > MANIFEST_BYTES or not _same(committed[path], disk.read([file.id])[file.id]):
            changed.add(path)
    return sorted(changed)


def _is_manifest(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _same(blob: str, body: bytes) -> bool:
    """Return whether git would give these bytes this id; a checkout may have turned line ends into CRLF."""
    return blob == _id(body, len(blob)) or blob == _id(body.replace(b"\r\n", b"\n"), len(blob))


def _id(body: bytes, length: int) -> str:
    kind = hashlib.sha1 if length == 40 else hashlib.sha256  # git's object formats
    return kind(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
