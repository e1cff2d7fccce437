"""Tell what of a store is erased: its builds, artifacts, snapshots and prediction logs. Reads only.

An entity that came back ends its erasure: what was found for it counts no more, but for a build whose bytes are gone
by then, which is made again from the same inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest, short
from reconciler.core.erasure.erased_objects import ErasedObjects, RewrittenLog
from reconciler.core.erasure.tombstone import in_force
from reconciler.engine.storage import blobs, numbered_log
from reconciler.engine.storage.erasures import tombstones
from reconciler.errors import GateRefusedError, ReconcilerError
from reconciler.ports import Store


@dataclass(slots=True, kw_only=True)
class Erased:
    """What is erased in one store, each with the name of its erasure. `gone`: artifacts that were erased at some time,
    also of an entity that came back since; `logs`: by the key of the record; `due`: the day by which each erasure is
    carried out."""

    builds: dict[Digest, str] = field(default_factory=dict)
    artifacts: dict[Digest, str] = field(default_factory=dict)
    gone: dict[Digest, str] = field(default_factory=dict)
    snapshots: dict[int, str] = field(default_factory=dict)
    logs: dict[str, RewrittenLog] = field(default_factory=dict)
    due: dict[str, str] = field(default_factory=dict)

    def to_be_replaced(self, artifact: Digest | None) -> tuple[str, ...]:
        """Say by when an artifact that is deployed has to be replaced; nothing where nobody erased what it learnt."""
        name = self.artifacts.get(artifact) if artifact is not None else None
        if name is None:
            return ()
        return (f"it learnt data of an entity that was erased ({name}): replace it by {self.due[name]}",)


def found(store: Store) -> tuple[ErasedObjects, ...]:
    """Return everything that erasures were found to concern in a store, in order."""
    last = numbered_log.last(store, store_layout.ERASED)
    return tuple(_members(store, last[0] + 1 if last is not None else 0))


def _members(store: Store, count: int) -> Iterator[ErasedObjects]:
    for n in range(count):
        key = store_layout.member(store_layout.ERASED, n)
        if (body := store.read(key)) is None:
            raise numbered_log.missing(store_layout.ERASED, n)
        yield codec.decode(ErasedObjects, body, what=key)


def erased(store: Store) -> Erased:
    """Return what is erased in a store."""
    result, members = Erased(), found(store)
    if not members:
        return result
    lasting = {
        (origin, tombstone.n)
        for origin in {member.origin for member in members}
        for tombstone in in_force(tombstones.read(store, origin))
    }
    for member in members:
        lasts = (member.origin, member.erasure) in lasting
        result.builds |= {
            build.fingerprint: member.name
            for build in member.builds
            if lasts or not _is_whole(store, build.fingerprint)
        }
        result.snapshots |= {n: member.name for n in member.snapshots if lasts or not _has_tables(store, n)}
        if lasts:
            result.artifacts |= dict.fromkeys(member.artifacts, member.name)
        result.due[member.name] = f"{member.due:%Y-%m-%d}"
        result.gone |= dict.fromkeys(member.artifacts, member.name)
        result.logs |= {log.key: log for log in member.predictions}
    return result


def erased_if_readable(store: Store) -> Erased:
    """Return what is erased in a store; nothing where that cannot be read, which an audit's walk tells."""
    try:
        return erased(store)
    except ReconcilerError:
        return Erased()


def _has_tables(store: Store, n: int) -> bool:
    """Tell whether the tables of a snapshot are there."""
    if (body := store.read(key := store_layout.member(store_layout.SNAPSHOTS, n))) is None:
        return False
    return all(blobs.holds(store, table.digest) for table in codec.decode(Snapshot, body, what=key).tables)


def _is_whole(store: Store, fingerprint: Digest) -> bool:
    """Tell whether all that a build names is there."""
    if (body := store.read(store_layout.build(fingerprint))) is None:
        return False
    build = codec.decode(Build, body, what=store_layout.build(fingerprint))
    named = (build.artifact, build.evaluation_rows, build.training_keys)
    if not all(blobs.holds(store, digest) for digest in named):
        return False
    artifact = blobs.artifact(store, build.artifact)
    return all(blobs.holds(store, file.digest) for file in (artifact.config, *artifact.files))


def forgotten_since(store: Store, snapshot: Snapshot) -> bool:
    """Tell whether an entity was forgotten, or came back, since a snapshot was taken."""
    known = snapshot.declaration.erasures if snapshot.declaration is not None else 0
    return tombstones.count(store, snapshot.source) > known


def check_artifact(store: Store, artifact: Digest, remedy: str) -> None:
    """Raise GateRefusedError E709 where an artifact learnt data of an entity that was erased."""
    if (name := erased(store).artifacts.get(artifact)) is not None:
        raise GateRefusedError(
            f"{short(artifact)} learnt data of an entity that was erased ({name})",
            code="E709",
            hint=remedy,
        )
