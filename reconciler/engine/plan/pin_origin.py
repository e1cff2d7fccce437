"""Find the change of the protected branch that introduced a pin or an override, to ask who approved it. Reads only.

A pin is introduced by the change by which the branch came to hold it: a later edit of the same file introduces none,
and can neither lend it its approval nor hide what came with it.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from reconciler.core.artifact.journal import RollbackHold
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange, JournalHead
from reconciler.core.size_limits import MIB
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Override
from reconciler.engine.controls.observe_controls import ControlsObserver
from reconciler.engine.load_desired import environment_path, manifest_path, with_sizes
from reconciler.manifest.loading.wanted_files import is_too_large
from reconciler.manifest.unchecked import past_manifest
from reconciler.ports import Source

FARTHEST = 100  # changes of one file that are looked through


def change_of_pin(
    source: Source, model: Model, *, branch: str | None, revision: str | None
) -> FirstParentChange | None:
    """Return the change of `branch` that introduced the model's pin, looking back from `revision`.

    None where no branch is protected, or it never held this pin.
    """

    def pins(body: bytes) -> bool:
        if (model.artifact or "").encode() not in body or past_manifest.pinned(body) != model.artifact:
            return False
        return past_manifest.proposed(body) == model.proposed

    return _introduced(source, manifest_path(model.environment, model.name), pins, branch=branch, revision=revision)


def change_of_override(
    source: Source, environment: str, override: Override, *, branch: str | None, revision: str | None
) -> FirstParentChange | None:
    """Return the change that introduced an override, as `change_of_pin` does for a pin."""

    def has_override(body: bytes) -> bool:
        return override in past_manifest.policy(body).overrides

    return _introduced(source, environment_path(environment), has_override, branch=branch, revision=revision)


def _introduced(
    source: Source, path: str, predicate: Callable[[bytes], bool], *, branch: str | None, revision: str | None
) -> FirstParentChange | None:
    """Return the most recent change of `path` from which `predicate` has held continuously, or None.

    None also where it has held for longer than `FARTHEST` changes: a later change must not answer for the first one.
    """
    introduced: FirstParentChange | None = None
    for _ in range(FARTHEST):
        if branch is None or revision is None:
            return introduced
        change = source.changed(path, at=revision, branch=branch)
        if change is None:
            return introduced
        introduced, revision = change, change.before
        if revision is None or not _holds(source, revision, path, predicate):
            return introduced
    return None


def _holds(source: Source, commit: str, path: str, predicate: Callable[[bytes], bool]) -> bool:
    body = _body(source, commit, path)
    try:
        return body is not None and predicate(body)
    except past_manifest.UnreadableError:
        return False


_READ: WeakKeyDictionary[Source, dict[tuple[str, str], dict[str, bytes | None]]] = WeakKeyDictionary()
"""Of each source: (commit, folder) -> path -> bytes that were read there. A commit never changes."""
_FOLDER = ""  # in place of a path: the folder was read completely
_NOT_READ = b"\0"  # in place of a manifest that is too large to be read: as unreadable as that one
_KEPT = 256 * MIB  # bytes of earlier manifests; beyond them, only the last folder's are kept


def _body(source: Source, commit: str, path: str) -> bytes | None:
    """Read one file of a commit. The second question about a folder reads all of it at once: many models come with one
    change, and each reading is a process."""
    folder = path.rpartition("/")[0]
    folders = _READ.setdefault(source, {})
    known = folders.setdefault((commit, folder), {})
    if path not in known and _FOLDER not in known:
        if known:
            known[_FOLDER] = b""
        listed = source.tree(commit, (folder if known else path,))
        files = with_sizes(source, tuple(file for file in listed if file.path.endswith(".yaml")))
        readable = [file for file in files if not is_too_large(file)]
        if _size(folders) + sum(file.size or 0 for file in readable) > _KEPT:
            folders.clear()
            folders[commit, folder] = known
        bodies = source.read(file.id for file in readable)
        known.update({path: None, **{file.path: bodies.get(file.id, _NOT_READ) for file in files}})
    return known.get(path)


def _size(folders: dict[tuple[str, str], dict[str, bytes | None]]) -> int:
    return sum(len(body or b"") for bodies in folders.values() for body in bodies.values())


def order_after(
    controls: ControlsObserver, source: Source, revision: str | None, head: JournalHead | None
) -> CommitOrder:
    """Compare a revision with the commit that the environment is at."""
    branch = controls.protect
    if branch is None or revision is None:
        return CommitOrder.SAME
    before = head.entry.commit if head is not None else None
    order = source.order(before or revision, revision, branch=branch)
    accepted = controls.accepted_commit
    if order is not CommitOrder.OFF or head is None or accepted is None or accepted[1] < head.entry.when:
        return order
    # A person accepted what git says on the line that the branch has by now.
    again = source.order(accepted[0], revision, branch=branch)
    return CommitOrder.AFTER if again in (CommitOrder.SAME, CommitOrder.AFTER) else order


def rollback_hold(
    source: Source,
    model: Model,
    head: JournalHead | None,
    branch: str | None,
    change: FirstParentChange | None = None,
) -> RollbackHold | None:
    """Return the hold of a `rollback --now` while git still declares that very pin.

    Introduced again (`change`), also by a request that is not merged yet, the pin is a new decision.
    """
    hold = head.state.hold if head is not None else None
    if hold is None or hold.pin != model.artifact:
        return None
    if change is None or hold.commit is None or branch is None:
        return hold
    order = source.order(hold.commit, change.commit, branch=branch)
    return hold if order in (CommitOrder.SAME, CommitOrder.BEFORE) else None
