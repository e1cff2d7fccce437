"""Check that what a journal's head names is in its store: a record that is gone was once there, and is never made anew.

Only whether it is there; bytes are hashed when they are used, and by `audit`.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.artifact.oci_artifact import Artifact
from reconciler.core.digest import Digest
from reconciler.engine.storage import blobs, numbered_log
from reconciler.errors import IntegrityError
from reconciler.ports import Store


def check_deployed(store: Store, head: JournalHead, package: Artifact | None = None) -> None:
    """Check the artifact, the provenance and the verification of what is deployed; IntegrityError E604 for the first
    that is gone. `package`: an artifact that was just read, perhaps from another store."""
    entry, state = head.entry, head.state
    if state.artifact is not None:
        if package is not None and package.digest == state.artifact:
            _check_blobs(store, (package.digest, package.config.digest, *(file.digest for file in package.files)))
        else:
            _check_artifact(store, state.artifact)
        if entry.verification is not None:
            _check_record(store, store_layout.verification(state.artifact, entry.verification))
    if state.build is not None:
        _check_blobs(store, (state.build.provenance,))


def check_trained(store: Store, head: JournalHead, newest: Snapshot | None) -> None:
    """Check the artifact, the build, its rows and the verifications of what a sandbox trained; IntegrityError E604 for
    the first that is gone, E603 for a data snapshot. `newest`: the newest data snapshot."""
    state, build = head.state, head.state.build
    if state.artifact is not None:
        _check_artifact(store, state.artifact)
        for result in state.judged:
            _check_record(store, store_layout.verification(state.artifact, result.gate_set))
    if build is not None:
        _check_record(store, store_layout.build(build.fingerprint))
        _check_record(store, store_layout.member(store_layout.builds_of(build.recipe), 0))
        _check_blobs(store, (build.provenance, build.evaluation_rows, build.training_keys))
        if newest is None or build.taken > newest.taken:
            _check_snapshot(store, build)


def check_snapshot(store: Store, newest: Snapshot | None, environment: str, *, copied_again: bool = False) -> None:
    """Check the tables of the newest data snapshot; IntegrityError E604 for the first that is gone, unless they are
    `copied_again` anyway. Where there is no snapshot, E603 if anything was built from one."""
    if newest is not None:
        for table in newest.tables if not copied_again else ():
            if not blobs.holds(store, table.digest):
                raise IntegrityError(
                    f"table {table.name} of data snapshot {newest.n} is gone from its store: blob {table.digest}",
                    code="E604",
                    hint="restore the blob from a backup of the store; or copy the tables again, as they are now:"
                    f" reconciler data refresh {environment} --force",
                )
    elif any(True for _ in store.keys("builds/")):
        raise IntegrityError(
            f"every data snapshot is gone from its store ({store_layout.SNAPSHOTS}/), though builds are there",
            code="E603",
            hint="restore them from a backup of the store; nothing is refreshed before",
        )


def _check_snapshot(store: Store, build: Build) -> None:
    """Check the data snapshot that a build was made from; by times alone, a clock that was set back would look so."""
    n = blobs.record(store, build.provenance, Provenance).snapshot
    if store.read(store_layout.member(store_layout.SNAPSHOTS, n)) is None:
        raise IntegrityError(
            f"data snapshot {n} is gone from its store ({store_layout.SNAPSHOTS}/), though a model was made from it",
            code="E603",
            hint="restore it from a backup of the store; nothing is refreshed before",
        )


def _check_artifact(store: Store, artifact: Digest) -> None:
    package = blobs.artifact(store, artifact)
    _check_blobs(store, (package.config.digest, *(file.digest for file in package.files)))


def _check_blobs(store: Store, digests: Iterable[Digest]) -> None:
    for digest in digests:
        if not blobs.holds(store, digest):
            raise blobs.absent(digest)


def _check_record(store: Store, key: str) -> None:
    if not blobs.has_key(store, key):
        raise numbered_log.gone(key)
