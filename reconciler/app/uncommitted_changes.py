"""Manifests on disk that differ from the commit that is read: worth a word, since they have no effect."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from reconciler.adapters.git.worktree_source import WorkTree
from reconciler.app.locations import NOTICED
from reconciler.errors import ReconcilerError
from reconciler.ports import Source
from reconciler.report.layout.escaping import plain

READ = ("reconciler.yaml", "manifests", "environments")
NAMED = 3


def notes(source: Source, root: Path, revision: str) -> Iterator[str]:
    """At most one line."""
    try:
        changed = _changed(source, root, revision)
    except (ReconcilerError, OSError):
        return
    if changed:
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        names = ", ".join(plain(name) for name in changed[:NAMED])
        yield f"note: uncommitted changes in {names}{more} are not seen; commit them, or use --working-tree"


def _changed(source: Source, root: Path, revision: str) -> list[str]:
    committed = {one.path: one.id for one in source.tree(revision, READ) if _counts(one.path)}
    if len(committed) > NOTICED:
        return []
    disk = WorkTree(root)
    found = {one.path: one.id for one in disk.tree("", READ) if _counts(one.path)}
    bodies = disk.read(found[path] for path in found if path in committed)
    changed = committed.keys() ^ found.keys()
    changed |= {path for path in committed.keys() & found.keys() if not _same(committed[path], bodies[found[path]])}
    return sorted(changed)


def _counts(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _same(blob: str, body: bytes) -> bool:
    """Whether git would give these bytes this id; a checkout may have turned line ends into CRLF."""
    return blob == _id(body, len(blob)) or blob == _id(body.replace(b"\r\n", b"\n"), len(blob))


def _id(body: bytes, length: int) -> str:
    kind = hashlib.sha1 if length == 40 else hashlib.sha256  # git's object formats
    return kind(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
