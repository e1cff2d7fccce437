"""What was just read: of a journal, of a target, of git's order. Facts only; `plan` decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.artifact.journal import Entry, ReleasePointer, State
from reconciler.core.digest import Digest


class CommitOrder(StrEnum):
    """Where commit b stands against commit a on one branch's first-parent line."""

    SAME = "same"
    AFTER = "after"
    BEFORE = "before"
    OFF = "off"  # one of the two is not on the line


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstParentChange:
    """One change as a branch has it: `commit` on its first-parent line, and `before`, the one before it there (None:
    the branch begins with it). For a commit beside the line, what it would be if it were merged."""

    commit: str
    before: str | None


class Trouble(StrEnum):
    """What is wrong with what a target serves."""

    TAMPERED = "tampered"  # bytes differ from their digest
    FOREIGN = "foreign"  # not ours: another project's or environment's mark
    UNREADABLE = "unreadable"  # the pointer is empty or damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDeployment:
    """What a target serves for one model, re-hashed. `current` is None when the pointer is unreadable; `files` are the
    paths that differ; `around`: what is otherwise than it was put there, though every byte is right, such as who may
    write it."""

    model: str
    current: ReleasePointer | None
    trouble: Trouble | None = None
    files: tuple[str, ...] = ()
    around: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHead:
    """The last entry of a journal and the digest of its bytes."""

    entry: Entry
    digest: Digest

    @property
    def state(self) -> State:
        return self.entry.state


class DriftKind(StrEnum):
    """How a target differs from its journal's head."""

    MISSING = "missing"
    TAMPERED = "tampered"
    WRONG_DIGEST = "wrong digest"
    BEHIND = "behind"  # the head's entry was committed but never placed
    UNREADABLE = "unreadable"


def drift_of(head: JournalHead | None, served: LiveDeployment | None) -> DriftKind | None:
    """None when the target serves exactly what the head says (which may be: nothing)."""
    wanted = head.state.artifact if head else None
    current = served.current if served else None
    if served is not None and served.trouble in (Trouble.UNREADABLE, Trouble.FOREIGN):
        return DriftKind.UNREADABLE
    if wanted is None:
        if current is None or current.artifact is None:
            return None
        return DriftKind.BEHIND if head and current.n < head.entry.n else DriftKind.WRONG_DIGEST
    if served is None or current is None or current.artifact is None:
        return DriftKind.BEHIND if current is not None and head and current.n < head.entry.n else DriftKind.MISSING
    if head and current.n < head.entry.n:
        return DriftKind.BEHIND
    if current.artifact != wanted or (head and current.entry != head.digest):
        return DriftKind.WRONG_DIGEST
    return DriftKind.TAMPERED if served.trouble is Trouble.TAMPERED else None
