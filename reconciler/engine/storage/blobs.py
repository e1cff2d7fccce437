"""Blobs by digest: written once, read back and hashed; never used before their digest is checked."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.oci_artifact import Artifact
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, short
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import numbered_log, oci_manifest
from reconciler.errors import AmbiguousWriteError, IntegrityError
from reconciler.ports import Store

T = TypeVar("T")


def put(store: Store, body: bytes) -> Digest:
    """Store bytes under their digest; what is there afterwards has been read back and hashed."""
    digest = digest_of_bytes(body)
    numbered_log.once(store, store_layout.blob(digest), body)
    get(store, digest)
    return digest


def put_file(store: Store, path: Path) -> Digest:
    """As `put`, for a file that may be large."""
    digest = digest_of_file(path)
    for _ in range(numbered_log.ATTEMPTS):
        with contextlib.suppress(AmbiguousWriteError):
            store.create(store_layout.blob(digest), path)
        if store.path(store_layout.blob(digest)) is not None:
            file_of(store, digest)
            return digest
    raise AmbiguousWriteError(
        f"the store did not say whether blob {short(digest)} was written, {numbered_log.ATTEMPTS} times in a row",
        hint="check the store's health and run the same command again: it is safe",
    )


def get(store: Store, digest: Digest) -> bytes:
    body = store.read(store_layout.blob(digest))
    if body is None:
        raise absent(digest)
    if digest_of_bytes(body) != digest:
        raise damaged(digest)
    return body


def file_of(store: Store, digest: Digest) -> Path:
    """A local read-only file with the blob's bytes, hashed just now."""
    path = store.path(store_layout.blob(digest))
    if path is None:
        raise absent(digest)
    if digest_of_file(path) != digest:
        raise damaged(digest)
    return path


def holds(store: Store, digest: Digest) -> bool:
    """Whether the blob is there at all (not whether it is whole)."""
    return store.path(store_layout.blob(digest)) is not None


def damaged(digest: Digest) -> IntegrityError:
    return IntegrityError(
        f"blob {digest} has other bytes than its digest says",
        code="E501",
        hint="restore the blob from a backup or another environment's store; nothing was changed",
    )


def absent(digest: Digest) -> IntegrityError:
    return IntegrityError(
        f"blob {digest} is not in the store",
        code="E604",
        hint="restore the blob from a backup or another environment's store; nothing was changed",
    )


def artifact(store: Store, digest: Digest) -> Artifact:
    """The artifact of this digest, from its verified manifest."""
    return oci_manifest.parse(get(store, digest))


def document(store: Store, one: Artifact, path: str) -> bytes:
    """A file of an artifact, verified."""
    return get(store, one.file(path).digest)


def copy(origin: Store, destination: Store, one: Artifact) -> None:
    """Every blob of an artifact, by digest, its manifest last: a manifest in a store means a whole artifact."""
    for file in (one.config, *one.files):
        if holds(destination, file.digest):
            file_of(destination, file.digest)
        else:
            put_file(destination, file_of(origin, file.digest))
    put(destination, get(origin, one.digest))


def release(store: Store, one: Artifact) -> Mapping[str, Path]:
    """What a target places: package path -> file, with the manifest and its config, so that anybody can re-hash it."""
    files = {file.path: file_of(store, file.digest) for file in one.files}
    files[oci_manifest.MANIFEST_FILE] = file_of(store, one.digest)
    files[oci_manifest.CONFIG_FILE] = file_of(store, one.config.digest)
    return files


def unpack(store: Store, one: Artifact, into: Path) -> Path:
    """The artifact's files below `into` under their package paths, each verified."""
    into.mkdir(parents=True, exist_ok=True)
    for path, blob in release(store, one).items():
        shutil.copyfile(blob, into / path)
    return into


def record(store: Store, digest: Digest, kind: type[T]) -> T:
    """A core value stored as a blob (provenance)."""
    return codec.decode(kind, get(store, digest), what=f"blob {short(digest)}")


def origin_of(deps: Dependencies, environment: Environment, artifact: Digest) -> Store | None:
    """The store that holds this artifact: our own, else the first source's that does."""
    for name in (environment.name, *environment.promotes_from):
        store = deps.stores.get(name)
        if store is not None and holds(store, artifact):
            return store
    return None
