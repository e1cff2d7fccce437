"""Read and write blobs by digest: written once, then read back and hashed; used only after a check of their digest."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.oci_artifact import Artifact, ArtifactFile
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, hex_of, short
from reconciler.core.spec.environment import Environment
from reconciler.engine.storage import numbered_log, oci_manifest
from reconciler.errors import AmbiguousWriteError, IntegrityError
from reconciler.ports import Store

T = TypeVar("T")


def put(store: Store, body: bytes) -> Digest:
    """Store bytes under their digest, read them back and check them; return the digest."""
    digest = digest_of_bytes(body)
    numbered_log.create_or_read(store, store_layout.blob(digest), body)
    get(store, digest)
    return digest


def put_file(store: Store, path: Path) -> Digest:
    """Store a file, which may be large, as `put` does; return its digest."""
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
    """Return a blob's bytes; IntegrityError E604 when it is missing, E501 when it has another digest."""
    body = store.read(store_layout.blob(digest))
    if body is None and (key := next(taken_out(store, digest), None)) is not None:
        body = store.read(key)
    if body is None:
        raise absent(digest)
    if digest_of_bytes(body) != digest:
        raise damaged(digest)
    return body


def file_of(store: Store, digest: Digest) -> Path:
    """Return a local read-only file with the blob's bytes, hashed just now; raises as `get` does."""
    path = store.path(store_layout.blob(digest))
    if path is None and (key := next(taken_out(store, digest), None)) is not None:
        path = store.path(key)
    if path is None:
        raise absent(digest)
    if digest_of_file(path) != digest:
        raise damaged(digest)
    return path


def holds(store: Store, digest: Digest) -> bool:
    """Tell whether the store can hand out the blob, without checking its bytes: also one that `gc` took out before the
    record was there that names it."""
    return is_stored(store, digest) or next(taken_out(store, digest), None) is not None


def is_stored(store: Store, digest: Digest) -> bool:
    """Tell whether the blob has its place in the store: what a writer relies on."""
    return has_key(store, store_layout.blob(digest))


def taken_out(store: Store, digest: Digest) -> Iterator[str]:
    """Yield the keys of a blob that `gc` took out. It costs a listing: only asked where the blob is absent."""
    name = f"/{hex_of(digest)}"
    return (key for key in store.keys(f"{store_layout.GARBAGE}/") if key.endswith(name))


def has_key(store: Store, key: str) -> bool:
    """Tell whether the store has an object, without reading it where the store can tell (`ports.KeyCheck`)."""
    ask = getattr(store, "holds", None)  # asked for each file of each model: an isinstance costs several times that
    return bool(ask(key)) if ask is not None else store.path(key) is not None


def damaged(digest: Digest) -> IntegrityError:
    """Return the error E501 for a blob with other bytes than its digest says."""
    return IntegrityError(
        f"blob {digest} is damaged: its bytes have another digest",
        code="E501",
        hint="restore the blob from a backup or another environment's store",
    )


def absent(digest: Digest) -> IntegrityError:
    """Return the error E604 for a blob that the store does not have."""
    return IntegrityError(
        f"blob {digest} is not in the store",
        code="E604",
        hint="restore the blob from a backup or another environment's store",
    )


def artifact(store: Store, digest: Digest) -> Artifact:
    """Read the artifact of this digest from its verified manifest."""
    return oci_manifest.parse(get(store, digest))


def document(store: Store, artifact: Artifact, path: str) -> bytes:
    """Read a file of an artifact and check its digest. `path` is its name in the package."""
    return get(store, artifact.file(path).digest)


def copy(origin: Store, destination: Store, artifact: Artifact) -> None:
    """Copy every blob of an artifact, its manifest last: a manifest in a store means a complete artifact."""
    for file in (artifact.config, *artifact.files):
        if is_stored(destination, file.digest):
            _file_of(destination, file)
        else:
            put_file(destination, _file_of(origin, file))
    put(destination, get(origin, artifact.digest))


def release(store: Store, artifact: Artifact) -> Mapping[str, Path]:
    """Return the files of a release by package path, with manifest and config, so that anybody can hash them again."""
    files = {file.path: _file_of(store, file) for file in artifact.files}
    files[oci_manifest.MANIFEST_FILE] = file_of(store, artifact.digest)
    files[oci_manifest.CONFIG_FILE] = _file_of(store, artifact.config)
    return files


def _file_of(store: Store, file: ArtifactFile) -> Path:
    """Return an artifact's file, as `file_of` does; one of another size is not hashed."""
    path = store.path(store_layout.blob(file.digest))
    if path is not None and path.stat().st_size != file.size:
        raise damaged(file.digest)
    return file_of(store, file.digest)


def unpack(store: Store, artifact: Artifact, into: Path) -> Path:
    """Copy the artifact's files, each verified, into the folder `into` under their package paths."""
    into.mkdir(parents=True, exist_ok=True)
    for path, blob in release(store, artifact).items():
        shutil.copyfile(blob, into / path)
    return into


def record(store: Store, digest: Digest, kind: type[T]) -> T:
    """Read a core value that is stored as a blob, such as provenance."""
    return codec.decode(kind, get(store, digest), what=f"blob {short(digest)}")


def origin_of(stores: Mapping[str, Store], environment: Environment, artifact: Digest) -> Store | None:
    """Return the store that holds the artifact: the environment's own, else the first source's; None if none does."""
    names = (environment.name, *environment.promotes_from)
    near = [stores[name] for name in names if name in stores]
    has = next((store for store in near if is_stored(store, artifact)), None)
    return has if has is not None else next((store for store in near if holds(store, artifact)), None)
