"""Observed facts of a journal, a target and git's order. `plan` decides by them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reconciler.core.artifact.journal import Entry, ReleasePointer, State
from reconciler.core.digest import Digest, short


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


class DriftType(StrEnum):
    """How what is served differs from what was applied, worst first."""

    TAMPERED = "tampered"  # a served file of the artifact is not what its digest says
    WRONG_DIGEST = "wrong-digest"  # another artifact is served than was applied
    UNREADABLE = "unreadable"  # pointer, journal or store cannot be read, so that nothing can be said
    MISSING = "missing"  # nothing is served, or the newest journal entry was not deployed
    UNHEALTHY = "unhealthy"  # the served artifact does not load, gives other outputs, or today's policy denies it
    CONFIG_CHANGED = "config-changed"  # the right bytes; what stands around them is not as it was applied
    UNMANAGED = "unmanaged"  # neither declared in git nor in the journal, or another project's or environment's


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDeployment:
    """The deployment that a target serves for one model, re-hashed.

    `current` is None when the pointer cannot be used. `drift`: the type that no journal could excuse: TAMPERED,
    UNREADABLE, or UNMANAGED for a pointer of another project or environment. `files`: the paths that differ. `around`:
    differences outside the bytes, such as the right to write them.
    """

    model: str
    current: ReleasePointer | None
    drift: DriftType | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference between a target and its journal's head, and the sentence for it.

    `pending_rollout`: the head was recorded and not deployed yet, so nobody interfered. `in_place`: False where the
    target has no pointer, or an older entry's, or none that can be read: then the head is put in place, and nothing is
    to be recorded that the journal does not say already.
    """

    type: DriftType
    message: str
    pending_rollout: bool = False
    in_place: bool = True

    @property
    def is_committed_only(self) -> bool:
        """Tell whether the next apply finishes what the head says, with nothing that a hand has damaged."""
        return not self.in_place and self.type is DriftType.MISSING

    def __str__(self) -> str:
        return self.message if self.pending_rollout else f"{self.type}: {self.message}"


def drift_of(
    head: JournalHead | None, served: LiveDeployment | None, artifact_files: Collection[str] = ()
) -> Drift | None:
    """Compare a target with its journal's head; None when it serves exactly that (which may be nothing).

    `artifact_files`: names of the applied artifact's files, where they are known; other differing files were added.
    """
    if served is not None and served.drift in (DriftType.UNREADABLE, DriftType.UNMANAGED):
        pointer = ", ".join(f"{served.model}/{name}" for name in served.files) or "the file"
        return Drift(
            type=DriftType.UNREADABLE,
            message=f"{pointer}, which names the deployed release, is damaged, or reconciler did not write it",
            in_place=False,
        )
    current = served.current if served is not None else None
    wanted = head.state.artifact if head is not None else None
    actual = current.artifact if current is not None else None
    if wanted is None and actual is None:
        return None
    if head is not None and current is not None and current.n < head.entry.n:
        return _pending_rollout(head, actual)
    if served is None or current is None or head is None or actual is None or actual != wanted:
        return _another_artifact(wanted, actual, in_place=current is not None)
    if current.entry != head.digest:
        message = "the target names the applied artifact, but not the journal entry that deployed it"
        return Drift(type=DriftType.CONFIG_CHANGED, message=message)
    return _differing_files(served, actual, artifact_files) if served.drift is DriftType.TAMPERED else None


def _pending_rollout(head: JournalHead, actual: Digest | None) -> Drift:
    message = f"rollout incomplete: journal entry {head.entry.n} was recorded but not deployed"
    served = f"; {short(actual)} is served" if actual is not None else ""
    return Drift(type=DriftType.MISSING, message=message + served, pending_rollout=True, in_place=False)


def _another_artifact(wanted: Digest | None, actual: Digest | None, *, in_place: bool) -> Drift:
    applied = f"{short(wanted)} was applied" if wanted is not None else "nothing was applied"
    if actual is None:
        return Drift(type=DriftType.MISSING, message=f"nothing is served; {applied}", in_place=in_place)
    return Drift(type=DriftType.WRONG_DIGEST, message=f"{short(actual)} is served; {applied}")


def _differing_files(served: LiveDeployment, artifact: Digest, artifact_files: Collection[str]) -> Drift:
    names = ", ".join(served.files)
    if artifact_files and not set(artifact_files).intersection(served.files):
        message = f"{names}: added to the files of {short(artifact)}"
        return Drift(type=DriftType.CONFIG_CHANGED, message=message)
    return Drift(type=DriftType.TAMPERED, message=f"{names or 'a served file'}: not the bytes that were deployed")


class SeenHead(NamedTuple):
    """The parts of the last entry that are kept of every model. `data_as_of`: the day of the artifact's data;
    `checks`: what the checks of its rows found, by name."""

    n: int
    artifact: Digest | None
    when: datetime
    data_as_of: str | None
    checks: tuple[str, ...] | None = None

    @classmethod
    def of(cls, head: JournalHead) -> SeenHead:
        entry, state = head.entry, head.state
        as_of = state.build.as_of if state.build is not None else None
        return cls(n=entry.n, artifact=state.artifact, when=entry.when, data_as_of=as_of, checks=state.checks)
