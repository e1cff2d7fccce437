"""Tell which blobs of a store an erasure removes: those that erased things name, and nothing else that is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconciler import codec
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest
from reconciler.core.erasure.certificate import RemovedObject
from reconciler.core.erasure.erased_objects import ErasedObjects
from reconciler.engine.refresh.kept_snapshots import builds_of_store, removed_snapshots
from reconciler.engine.storage import blobs, data_snapshots, journal
from reconciler.engine.storage.erasures.erased import Erased
from reconciler.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreErasure:
    """What is erased in the store of `environment`. `waiting`: artifacts that are in use, which stay for now."""

    project: str
    environment: str
    store: Store
    erased: Erased
    waiting: Collection[Digest] = ()

    def going(self) -> tuple[RemovedObject, ...]:
        """Return the blobs that go, an artifact's manifest after its files: what is left of it can still be told."""
        kept, seen = self._kept(), set[Digest]()
        going = []
        for item in self._named():
            if item.before not in kept and item.before not in seen and blobs.holds(self.store, item.before):
                seen.add(item.before)
                going.append(item)
        return tuple(going)

    def gone(self, members: Iterable[ErasedObjects]) -> tuple[RemovedObject, ...]:
        """Return what these records name and what is not there any more."""
        named: list[RemovedObject] = []
        for member in members:
            named += (self._object("predictions", log.before, log.after) for log in member.predictions)
            for n in member.snapshots:
                tables = data_snapshots.numbered(self.store, n).tables
                named += (self._object("table", table.digest) for table in tables)
            fingerprints = {build.fingerprint for build in member.builds}
            for build, _ in builds_of_store(self.store) if fingerprints else ():
                if build.fingerprint in fingerprints:
                    named += (self._object("rows", build.evaluation_rows), self._object("keys", build.training_keys))
            named += (self._object("artifact", artifact) for artifact in member.artifacts)
        return tuple(item for item in named if not blobs.holds(self.store, item.before))

    def _named(self) -> Iterator[RemovedObject]:
        for log in self.erased.logs.values():
            yield self._object("predictions", log.before, log.after)
        newest = data_snapshots.newest(self.store)
        for n in sorted(self.erased.snapshots):
            if newest is not None and n < newest.n:
                yield from (
                    self._object("table", table.digest) for table in data_snapshots.numbered(self.store, n).tables
                )
        for build, _ in builds_of_store(self.store):
            if build.fingerprint in self.erased.builds and build.artifact not in self.waiting:
                yield self._object("rows", build.evaluation_rows)
                yield self._object("keys", build.training_keys)
        for artifact in sorted(set(self.erased.artifacts) - set(self.waiting)):
            yield from (self._object("artifact", digest) for digest in _files(self.store, artifact))

    def _object(self, kind: str, before: Digest, after: Digest | None = None) -> RemovedObject:
        return RemovedObject(environment=self.environment, kind=kind, before=before, after=after)

    def _kept(self) -> frozenset[Digest]:
        """Return every blob that something names which stays. Raises where one of them cannot be read."""
        store, erased = self.store, self.erased
        newest, gone = data_snapshots.newest(store), removed_snapshots(store)
        kept: set[Digest] = set()
        for n in range(newest.n + 1 if newest is not None else 0):
            if n not in gone or (newest is not None and n == newest.n):
                kept |= {table.digest for table in data_snapshots.numbered(store, n).tables}
        staying: set[Digest] = set(self.waiting)
        for build, _ in builds_of_store(store):
            kept.add(build.provenance)
            if build.fingerprint not in erased.builds or build.artifact in self.waiting:
                kept |= {build.evaluation_rows, build.training_keys}
                staying.add(build.artifact)
        for model in journal.models(store, self.environment):
            head = journal.head(store, project=self.project, environment=self.environment, model=model)
            if head is not None:
                staying |= {*head.state.vetted, *([head.state.artifact] if head.state.artifact is not None else [])}
        for artifact in staying - (set(erased.artifacts) - set(self.waiting)):
            kept |= set(_files(store, artifact))
        for key in store.keys("predictions/"):
            if key not in erased.logs and (body := store.read(key)) is not None:
                kept.add(codec.decode(PredictionLog, body, what=key).rows)
        return frozenset(kept | {log.after for log in erased.logs.values() if log.after is not None})


def _files(store: Store, artifact: Digest) -> Iterable[Digest]:
    """Return the blobs of an artifact, its manifest last; nothing where that is not there."""
    if not blobs.holds(store, artifact):
        return ()
    package = blobs.artifact(store, artifact)
    return (*(file.digest for file in package.files), package.config.digest, artifact)
