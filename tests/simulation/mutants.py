"""Broken ports, each with one well-known mistake. The simulation must tell every one of them from a sound port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.core.digest import Digest
from reconciler.core.forge.review import Account, Review, Verdict
from reconciler.core.spec.gates import GateResult, GateStatus, Threshold, Verification
from reconciler.errors import AmbiguousWriteError
from reconciler.ports import Forge, Source, Store, Target
from reconciler.testing.memory import MemoryStore, MemoryTarget
from reconciler.testing.memory_forge import MemoryForge
from tests.simulation.invariants import Oracle
from tests.simulation.sample_project import SampleProject
from tests.simulation.unchanged_git import UnchangedGit

Wrapped = tuple[dict[str, Store], Target, Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Broken ports. `store`, `target`: classes of the shared ones; the others wrap the view of each process."""

    store: type[MemoryStore] = MemoryStore
    target: type[MemoryTarget] = MemoryTarget
    seen_store: Callable[[Store], Store] | None = None
    seen_source: Callable[[Source], Source] | None = None
    seen_forge: Callable[[MemoryForge], Forge] | None = None

    def build(self, project: SampleProject, oracle: Oracle) -> None:
        def reported(environment: str) -> Callable[[str, bytes], None]:
            return lambda key, body: oracle.created(environment, key, body)

        project.stores = {name: self.store(project.folder / name, reported(name)) for name in ("sandbox", "production")}
        project.target = self.target(project.folder / "target", oracle.placed)

    def wrap(self, stores: dict[str, Store], target: Target, source: Source) -> Wrapped:
        if self.seen_store is not None:
            stores = {name: self.seen_store(store) for name, store in stores.items()}
        return stores, target, self.seen_source(source) if self.seen_source else source

    def forge(self, forge: MemoryForge | None) -> Forge | None:
        return self.seen_forge(forge) if self.seen_forge is not None and forge is not None else forge


class PlainPut(MemoryStore):
    """A store that takes "create" for "write": the last writer wins."""

    def create(self, key: str, body: bytes | Path) -> bool:
        self.put(key, body if isinstance(body, bytes) else body.read_bytes())
        return True


class EmptyIsNone(MemoryStore):
    """A store that takes an empty object for no object, as some clients of object stores do."""

    def create(self, key: str, body: bytes | Path) -> bool:
        if self.objects.get(key) == b"":
            del self.objects[key]
        return super().create(key, body)

    def read(self, key: str) -> bytes | None:
        return self.objects.get(key) or None

    def keys(self, prefix: str) -> Iterator[str]:
        return (key for key in super().keys(prefix) if self.objects[key])


class LowerWins(MemoryTarget):
    """A target that does not compare numbers: a process that resumes late restores an older entry."""

    def swap(self, current: ReleasePointer) -> None:
        self.put(current)


class NoOrder(UnchangedGit):
    """Git that takes every commit for a newer one."""

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        del a, b, branch
        return CommitOrder.AFTER


class AlwaysNew(UnchangedGit):
    """Git that reports every pin as introduced by the newest commit, and so as a new decision."""

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        del path, branch
        return FirstParentChange(commit=at, before=None)


class EverybodyApproves(MemoryForge):
    """A forge that reports an approval of everybody who may approve."""

    def __init__(self, forge: MemoryForge) -> None:
        super().__init__()
        self.pulls, self.teams, self.tips = forge.pulls, forge.teams, forge.tips

    def reviews(self, number: int) -> tuple[Review, ...]:
        everybody = (Account(login=name) for names in self.teams.values() for name in names)
        return tuple(
            Review(by=person, verdict=Verdict.APPROVED, commit=self.pulls[number].commit) for person in everybody
        )


class _Seen:
    """A process's unchanged view of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def create(self, key: str, body: bytes | Path) -> bool:
        return self.store.create(key, body)

    def read(self, key: str) -> bytes | None:
        return self.store.read(key)

    def path(self, key: str) -> Path | None:
        return self.store.path(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self.store.keys(prefix)


class TakenForOurs(_Seen):
    """A store that retries an unanswered create and reports success for whatever object is there by then."""

    def create(self, key: str, body: bytes | Path) -> bool:
        try:
            return self.store.create(key, body)
        except AmbiguousWriteError:
            self.store.create(key, body)
            return True


class SkippedVerification(_Seen):
    """A store that answers every read of a verification with one that passed."""

    def read(self, key: str) -> bytes | None:
        if not key.startswith("verifications/"):
            return self.store.read(key)
        _, artifact, gate_set = key.removesuffix(".json").split("/")
        gate = Threshold(metric="f1_macro", at_least=0.0)
        return codec.encode(
            Verification(
                artifact=Digest(f"sha256:{artifact}"),
                environment="production",
                gate_set=Digest(f"sha256:{gate_set}"),
                evaluation=Digest(f"sha256:{artifact}"),
                incumbent=None,
                results=(GateResult(gate=gate, verdict=GateStatus.PASSED, reason="nobody looked"),),
            )
        )


class JournalFirst(_Seen):
    """A store that writes blobs only after the next journal entry, as a write-behind cache would."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._behind: dict[str, bytes] = {}
        self._folder: Path | None = None

    def create(self, key: str, body: bytes | Path) -> bool:
        content = body if isinstance(body, bytes) else body.read_bytes()
        if key.startswith("blobs/"):
            self._behind.setdefault(key, content)
            return True
        done = self.store.create(key, content)
        if key.startswith("journal/"):
            for name, blob in sorted(self._behind.items()):
                self.store.create(name, blob)
            self._behind.clear()
        return done

    def read(self, key: str) -> bytes | None:
        return self._behind.get(key) or self.store.read(key)

    def path(self, key: str) -> Path | None:
        if key not in self._behind:
            return self.store.path(key)
        import tempfile

        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="behind-"))
        path = self._folder / key.replace("/", "-")
        path.write_bytes(self._behind[key])
        return path


MUTANTS: dict[str, Mutant] = {
    "none": Mutant(),
    "plain-put": Mutant(store=PlainPut),
    "lower-n": Mutant(target=LowerWins),
    "no-commit-order": Mutant(seen_source=NoOrder),
    "skipped-verification": Mutant(seen_store=SkippedVerification),
    "journal-before-blob": Mutant(seen_store=JournalFirst),
    "approvals-ignored": Mutant(seen_forge=EverybodyApproves),
    "hold-ignored": Mutant(seen_source=AlwaysNew),
    "empty-as-none": Mutant(store=EmptyIsNone),
    "retry-without-id": Mutant(seen_store=TakenForOurs),
}
