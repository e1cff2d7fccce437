"""Broken versions of the controls, each with one way in which a request configures its own judge.

No code of ours is patched: a broken version sees the controls log, git or the forge otherwise than it is, or applies
other commits than it should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import FirstParentChange
from reconciler.core.controls.controls import (
    ControlsEntry,
    EnvironmentControls,
    ModelControls,
    ModelRecord,
    ModelRecords,
)
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Policy, Role
from reconciler.ports import Source, Store
from reconciler.testing.fault_injection import FaultyStore
from reconciler.testing.memory_git import MemorySource
from tests.simulation.unchanged_git import UnchangedGit

Rewrite = Callable[[EnvironmentControls], EnvironmentControls]
RewriteRecord = Callable[[int, ModelRecord], ModelRecord]


class LooseControls:
    """A sound version. The broken ones override how a process sees commits, git and the controls log."""

    def commits(self, last: int, at: int) -> tuple[int, ...]:
        """Return the commits of production that are applied where `at` is to be, and `last` was recorded."""
        del last
        return (at,)

    def desired(self, desired: DesiredState) -> DesiredState:
        return desired

    def log(self, store: FaultyStore, desired: DesiredState) -> Store:
        del desired
        return store

    def source(self, source: MemorySource, desired: DesiredState) -> Source:
        del desired
        return source


class _EndsHere(UnchangedGit):
    """Git in which every commit is the newest of its branch."""

    def __init__(self, source: MemorySource, revision: str | None) -> None:
        super().__init__(source)
        self._revision = revision

    def tip(self, branch: str) -> str | None:
        return self._revision or super().tip(branch)


class _WithoutHistory(UnchangedGit):
    """Git that knows no earlier version of any environment, as in a shallow clone."""

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:
        del folder, at
        return ()


class _FirstChange(UnchangedGit):
    """Git that takes the branch's first commit, which everybody approved, for what changed the controls."""

    def touching(
        self, paths: tuple[str, ...], *, after: str | None, at: str, branch: str
    ) -> tuple[FirstParentChange, ...]:
        del paths, after, at, branch
        return (FirstParentChange(commit=self._source.line[0], before=None),)


class _RewrittenLog:
    """A store whose controls log says something else than was recorded."""

    def __init__(self, store: FaultyStore, rewrite: Rewrite, record: RewriteRecord) -> None:
        self._store = store
        self._rewrite = rewrite
        self._record = record
        self.create = store.create
        self.path = store.path

    def keys(self, prefix: str) -> Iterator[str]:
        return self._store.keys(prefix)

    def read(self, key: str) -> bytes | None:
        body = self._store.read(key)
        if body is None or not key.startswith("controls/"):
            return body
        entry = codec.decode(ControlsEntry, body, what=key)
        in_force = tuple(self._put(self._rewrite(self._blob(EnvironmentControls, old))) for old in entry.in_force)
        parts = []
        for part, digest in entry.parts:
            models = self._blob(ModelRecords, digest).models
            parts.append((part, self._put(ModelRecords(models=tuple(self._record(entry.n, one) for one in models)))))
        return codec.encode(replace(entry, in_force=in_force, parts=tuple(parts)))

    def _blob(self, kind: type, digest: Digest):  # type: ignore[no-untyped-def]
        return codec.decode(kind, self.read(store_layout.blob(digest)) or b"", what=digest)

    def _put(self, value: EnvironmentControls | ModelRecords) -> Digest:
        body = codec.encode(value)
        digest = digest_of_bytes(body)
        self._store.store.objects.setdefault(store_layout.blob(digest), body)
        return digest


def _as_it_is(controls: EnvironmentControls) -> EnvironmentControls:
    return controls


def _as_recorded(n: int, record: ModelRecord) -> ModelRecord:
    del n
    return record


class JudgedByCommit(LooseControls):
    """(a) It judges commit by commit: what a request loosens in one commit is in force for its next."""

    def commits(self, last: int, at: int) -> tuple[int, ...]:
        return tuple(range(last + 1, at + 1)) or (at,)

    def source(self, source: MemorySource, desired: DesiredState) -> Source:
        return _EndsHere(source, desired.revision)


class UnprotectedUnjudged(LooseControls):
    """(b) It compares nothing where git, by the same request, protects no branch."""

    def log(self, store: FaultyStore, desired: DesiredState) -> Store:
        environment = desired.environment("production")
        if environment is None or environment.protect is not None:
            return store
        return _RewrittenLog(store, self._nothing, self._no_gates)

    @staticmethod
    def _nothing(controls: EnvironmentControls) -> EnvironmentControls:
        return replace(controls, protect=None, policy=Policy(), promotes_from=("lab", "sandbox"), sources=())

    @staticmethod
    def _no_gates(n: int, record: ModelRecord) -> ModelRecord:
        del n
        return replace(record, in_force=(ModelControls(),))


class SourcesUnjudged(LooseControls):
    """(c) It takes evidence from wherever the request says."""

    def log(self, store: FaultyStore, desired: DesiredState) -> Store:
        del desired
        return _RewrittenLog(store, self._anywhere, _as_recorded)

    @staticmethod
    def _anywhere(controls: EnvironmentControls) -> EnvironmentControls:
        return replace(controls, promotes_from=("lab", "sandbox"), sources=())


class RenamedIsNew(LooseControls):
    """(d) It knows nothing of a model that was renamed: no gates, nothing to compare with."""

    def desired(self, desired: DesiredState) -> DesiredState:
        return replace(desired, models=tuple(replace(model, renamed_from=None) for model in desired.models))


class MovedIsNew(LooseControls):
    """(e) It takes an environment whose store was moved for a new one, whatever git's history says."""

    def source(self, source: MemorySource, desired: DesiredState) -> Source:
        del desired
        return _WithoutHistory(source)


class LetInUnasked(LooseControls):
    """(f) It lets a loosening in though those who decide did not agree to it: the next request pins."""

    def source(self, source: MemorySource, desired: DesiredState) -> Source:
        del desired
        return _FirstChange(source)


class PinRenewed(LooseControls):
    """(g) It takes a pin for new whenever anything else was changed since: the loosening is no part of its change."""

    def log(self, store: FaultyStore, desired: DesiredState) -> Store:
        del desired
        return _RewrittenLog(store, _as_it_is, self._newly)

    @staticmethod
    def _newly(n: int, record: ModelRecord) -> ModelRecord:
        return replace(record, since=n)


class WorkTreeApplied(LooseControls):
    """(h) It applies a work tree where the work tree itself says that nothing is protected."""

    def log(self, store: FaultyStore, desired: DesiredState) -> Store:
        return store if desired.revision is not None else _RewrittenLog(store, self._open, _as_recorded)

    @staticmethod
    def _open(controls: EnvironmentControls) -> EnvironmentControls:
        return replace(controls, protect=None, role=Role.TEST)


class OwnGatesForgotten(LooseControls):
    """It forgets what a model's own manifest demanded."""

    def log(self, store: FaultyStore, desired: DesiredState) -> Store:
        del desired
        return _RewrittenLog(store, _as_it_is, UnprotectedUnjudged._no_gates)


MUTANTS: dict[str, LooseControls] = {
    "none": LooseControls(),
    "a-judged-by-commit": JudgedByCommit(),
    "b-unprotected-unjudged": UnprotectedUnjudged(),
    "c-sources-unjudged": SourcesUnjudged(),
    "d-renamed-is-new": RenamedIsNew(),
    "e-moved-is-new": MovedIsNew(),
    "f-let-in-unasked": LetInUnasked(),
    "g-pin-renewed": PinRenewed(),
    "h-work-tree-applied": WorkTreeApplied(),
    "own-gates-forgotten": OwnGatesForgotten(),
}
