"""Remove the tables of data snapshots that are not kept: neither among the `keep` newest nor named by a provenance.

Only blobs of tables are removed, never a record: the number, the time and the digests of every snapshot stay. Order of
effects: a member of the log of removals, then the blobs. A crash leaves blobs that the next refresh removes; what is
told as removed and still there harms nobody. What cannot be read stops it before anything is removed.

A snapshot stays for a day after the next one was taken: a training that began with it has long ended by then, and
`train` records no build of a snapshot whose tables are gone. A refresh at the same time may find a table that is about
to go, and not store it again: so it looks again once its snapshot is recorded (`data_snapshots.take`), and this looks
again once a blob is gone, and puts it back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.digest import Digest, hex_of
from reconciler.core.snapshots.removed_tables import RemovedTables
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import blobs, data_snapshots, numbered_log
from reconciler.engine.storage.erasures.erased import erased
from reconciler.errors import ConflictError, ReconcilerError
from reconciler.ports import BlobRemoval, Store

GRACE = 86_400  # seconds that a snapshot stays after the next one was taken


def removed_snapshots(store: Store) -> frozenset[int]:
    """Return the numbers of the snapshots whose tables are not kept any more, or hold an entity that was forgotten."""
    return frozenset(n for removal in _removals(store) for n in removal.snapshots) | erased(store).snapshots.keys()


def remove_old(deps: Dependencies, environment: Environment) -> tuple[str, ...]:
    """Remove what is not kept, and return what was done or why not, a line each; nothing without a `keep`."""
    store, keep = deps.stores[environment.name], environment.data.keep
    if keep is None:
        return ()
    if not isinstance(store, BlobRemoval):
        return ("`keep` removes nothing: this kind of store cannot remove a blob",)
    try:
        done = _finish(deps, store) + (_remove(deps, store, environment, keep) or ())
    except ReconcilerError as error:
        return (f"the tables of old data snapshots were not all removed, which the next refresh does: {error}",)
    return tuple(done)


def _remove(deps: Dependencies, store: Store, environment: Environment, keep: int) -> tuple[str, ...] | None:
    """Choose the snapshots that go, record that, and remove their tables."""
    newest, gone, now = data_snapshots.newest(store), removed_snapshots(store), deps.clock()
    if newest is None:
        return None
    candidates = [n for n in range(newest.n + 1 - keep) if n not in gone]
    if not candidates:
        return None
    named = {provenance.snapshot for _, provenance in builds_of_store(store)}
    old = tuple(
        n
        for n in candidates
        if n not in named and (now - data_snapshots.numbered(store, n + 1).taken).total_seconds() > GRACE
    )
    if not old:
        return None
    removal = RemovedTables(environment=environment.name, when=now, who=deps.actor(), keep=keep, snapshots=old)
    last = numbered_log.last(store, store_layout.REMOVALS)
    body = codec.encode(removal)
    try:
        numbered_log.append(
            store, store_layout.REMOVALS, last[0] + 1 if last is not None else 0, body, ours=body.__eq__
        )
    except ConflictError:
        return None  # another process is at it
    return _finish(deps, store)


def _finish(deps: Dependencies, store: Store) -> tuple[str, ...]:
    """Remove the tables of the last removal that are still there and that nothing names."""
    removals = tuple(_removals(store))
    if not removals:
        return ()
    going = {table.digest for n in removals[-1].snapshots for table in data_snapshots.numbered(store, n).tables}
    there = sorted(digest for digest in going if blobs.holds(store, digest))
    named = _named(store) if there else frozenset[Digest]()
    free = [digest for digest in there if digest not in named]
    for digest in free:
        remove_blob(deps, store, digest)
    if not free:
        return ()
    count = len(removals[-1].snapshots)
    snapshots = f"{count} data snapshot{'s' * (count != 1)} that {'are' if count != 1 else 'is'} not kept"
    return (f"removed {len(free)} table{'s' * (len(free) != 1)} of {snapshots}",)


def _named(store: Store) -> frozenset[Digest]:
    """Return every blob that a kept snapshot or a build names. Raises where one of them cannot be read."""
    newest, gone = data_snapshots.newest(store), removed_snapshots(store)
    named: set[Digest] = set()
    for n in range(newest.n + 1 if newest is not None else 0):
        if n not in gone:
            named |= {table.digest for table in data_snapshots.numbered(store, n).tables}
    erasing = erased(store).builds
    for build, provenance in builds_of_store(store):
        if build.fingerprint in erasing and not blobs.holds(store, build.artifact):
            continue  # what it named was removed with an entity that was forgotten
        named |= {build.provenance, build.evaluation_rows, build.training_keys, build.artifact}
        artifact = blobs.artifact(store, build.artifact)
        named |= {artifact.config.digest, *(file.digest for file in artifact.files)}
        if provenance.snapshot in gone:  # it was recorded meanwhile
            named |= {table.digest for table in data_snapshots.numbered(store, provenance.snapshot).tables}
    return frozenset(named)


def remove_blob(deps: Dependencies, store: Store, digest: Digest) -> None:
    """Remove a blob, unless a snapshot that was recorded meanwhile names it."""
    kept = deps.scratch / f"removed-{deps.new_id()}-{hex_of(digest)[:12]}"
    if not isinstance(store, BlobRemoval) or _newest_names(store, digest):
        return
    for key in tuple(blobs.taken_out(store, digest)):
        store.remove(key)
    if (path := store.path(store_layout.blob(digest))) is None:
        return
    _keep_copy(path, kept)
    try:
        if _newest_names(store, digest):
            return
        store.remove(store_layout.blob(digest))
        if _newest_names(store, digest):
            blobs.put_file(store, kept)
    finally:
        kept.unlink(missing_ok=True)


def _keep_copy(path: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        os.link(path, kept)
        return
    shutil.copyfile(path, kept)


def _newest_names(store: Store, digest: Digest) -> bool:
    newest = data_snapshots.newest(store)
    return newest is not None and any(table.digest == digest for table in newest.tables)


def _removals(store: Store) -> Iterator[RemovedTables]:
    last = numbered_log.last(store, store_layout.REMOVALS)
    for n in range(last[0] + 1 if last is not None else 0):
        key = store_layout.member(store_layout.REMOVALS, n)
        if (body := store.read(key)) is None:
            raise numbered_log.missing(store_layout.REMOVALS, n)
        yield codec.decode(RemovedTables, body, what=key)


def builds_of_store(store: Store) -> Iterator[tuple[Build, Provenance]]:
    """Yield every build of a store with its provenance."""
    for key in store.keys("builds/"):
        if (body := store.read(key)) is not None:
            build = codec.decode(Build, body, what=key)
            yield build, blobs.record(store, build.provenance, Provenance)


def made_from(store: Store) -> dict[int, int]:
    """Return how many artifacts were made from each snapshot, by what their provenance says."""
    used: dict[int, int] = {}
    for _, provenance in builds_of_store(store):
        used[provenance.snapshot] = used.get(provenance.snapshot, 0) + 1
    return used
