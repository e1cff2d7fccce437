"""Faults at effects: what every write of a process can do wrong, at the very write that a test names.

An effect is a store's create or a target's place. A wrapped port asks its `Script` before each: go on, or one of the
faults. A crash is a `Crash`, which no handler of ordinary exceptions stops: the process is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.errors import AmbiguousWriteError, SourceError, StoreError, TargetError
from reconciler.ports import Proposal, Proposer
from reconciler.testing.memory import MemoryStore, MemoryTarget


class Crash(BaseException):
    """The end of a process by a crash; no handler of ordinary exceptions stops it."""


class Fault(StrEnum):
    NONE = "none"
    BEFORE = "crash before"
    AFTER = "crash after"
    TORN = "crash half way"
    ERROR = "error, not done"
    UNANSWERED = "no answer, not done"
    DONE_UNANSWERED = "no answer, done"


Script = Callable[[str], Fault]
"""Chooses the fault of an effect, by the effect's name."""


def at(index: int, fault: Fault) -> Script:
    """`fault` at effect number `index` (from 0), nothing before it; after it the process goes on."""
    count = -1

    def script(_: str) -> Fault:
        nonlocal count
        count += 1
        return fault if count == index else Fault.NONE

    return script


class Counter:
    """A script that only counts."""

    def __init__(self) -> None:
        self.effects: list[str] = []

    def __call__(self, effect: str) -> Fault:
        self.effects.append(effect)
        return Fault.NONE


class FaultyStore:
    """A process's view of a shared store, with faults at its writes."""

    def __init__(self, store: MemoryStore, script: Script, name: str = "store") -> None:
        self.store = store
        self.script = script
        self.name = name

    def create(self, key: str, body: bytes | Path) -> bool:
        fault = self.script(f"{self.name}: create {key}")
        match fault:
            case Fault.BEFORE | Fault.TORN:  # a torn create leaves a temporary object, which is no object
                raise Crash(key)
            case Fault.ERROR:
                raise StoreError(f"the store refused {key}")
            case Fault.UNANSWERED:
                raise AmbiguousWriteError(f"no answer for {key}")
        done = self.store.create(key, body)
        if fault is Fault.AFTER:
            raise Crash(key)
        if fault is Fault.DONE_UNANSWERED:
            raise AmbiguousWriteError(f"no answer for {key}")
        return done

    def read(self, key: str) -> bytes | None:
        return self.store.read(key)

    def path(self, key: str) -> Path | None:
        return self.store.path(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self.store.keys(prefix)

    def remove(self, key: str) -> None:
        fault = self.script(f"{self.name}: remove {key}")
        match fault:
            case Fault.BEFORE | Fault.TORN:
                raise Crash(key)
            case Fault.ERROR | Fault.UNANSWERED:
                raise StoreError(f"the store did not remove {key}")
        self.store.remove(key)
        if fault is Fault.AFTER:
            raise Crash(key)
        if fault is Fault.DONE_UNANSWERED:
            raise StoreError(f"no answer for {key}")


class FaultyTarget:
    """A process's view of a shared target, with faults. A torn place leaves half a release without a pointer to it."""

    def __init__(self, target: MemoryTarget, script: Script) -> None:
        self.target = target
        self.script = script

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        return self.target.observe(models, others=others)

    def release(self, model: str) -> Path | None:
        return self.target.release(model)

    def traces(self) -> frozenset[str]:
        return self.target.traces()

    def kept_entry(self, model: str, n: int) -> bytes | None:
        return self.target.kept_entry(model, n)

    def keep_entry(self, model: str, n: int, body: bytes) -> None:
        fault = self.script(f"target: keep entry {n} of {model}")
        match fault:
            case Fault.BEFORE | Fault.TORN:
                raise Crash(model)
            case Fault.ERROR | Fault.UNANSWERED:
                raise TargetError("the target did not answer")
        self.target.keep_entry(model, n, body)
        if fault is Fault.AFTER:
            raise Crash(model)
        if fault is Fault.DONE_UNANSWERED:
            raise TargetError("the target did not answer")

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        fault = self.script(f"target: place {current.model} {current.n}")
        match fault:
            case Fault.BEFORE:
                raise Crash(current.model)
            case Fault.ERROR | Fault.UNANSWERED:
                raise TargetError("the target did not answer")
            case Fault.TORN:
                self._half(current, files)
                raise Crash(current.model)
        self.target.place(current, files)
        if fault is Fault.AFTER:
            raise Crash(current.model)
        if fault is Fault.DONE_UNANSWERED:
            raise TargetError("the target did not answer")

    def _half(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        serving = self.target.current.get(current.model)
        if serving is not None and serving.artifact == current.artifact:
            return  # a release in use is replaced whole or not at all
        names = sorted(files)[: len(files) // 2]
        self.target.put_release(current, {name: files[name].read_bytes() for name in names})


class FaultyProposer:
    """A process's proposer, with faults. A torn proposal leaves objects without a branch, which have no effect."""

    def __init__(self, proposer: Proposer, script: Script) -> None:
        self.proposer = proposer
        self.place = proposer.place
        self.script = script

    def propose(self, proposal: Proposal) -> str:
        fault = self.script(f"git: propose {proposal.branch}")
        if fault in (Fault.BEFORE, Fault.TORN):
            raise Crash(proposal.branch)
        if fault in (Fault.ERROR, Fault.UNANSWERED):
            raise SourceError("git failed", code="E306")
        commit = self.proposer.propose(proposal)
        if fault is Fault.AFTER:
            raise Crash(proposal.branch)
        if fault is Fault.DONE_UNANSWERED:
            raise SourceError("git failed", code="E306")
        return commit
