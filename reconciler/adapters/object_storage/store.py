"""A store in a bucket: one object per key, created by a conditional write; blobs are cached on this disk.

Exclusive create is the bucket's own (If-None-Match, a generation of 0), tried out before the first write of a process
or of a day: a server that ignores the condition would let the second of two writers win, unseen.

A blob's key is the digest of its bytes, so a copy on this disk, hashed at each use, is as good as the object. Whether
the object exists is asked of the store, once per process. Where no file of an earlier run may be trusted (`apply` on a
protected environment, `audit`), the copies are this process's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters.filesystem.durable_files import explained, read_regular, temporary_name
from reconciler.adapters.object_storage.bucket import ObjectTooLargeError
from reconciler.adapters.object_storage.conditional_write_check import ConditionalWriteCheck
from reconciler.adapters.object_storage.observed_objects import UNOBSERVED, ObservedObjects, store_part
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.core.artifact import object_sizes
from reconciler.core.artifact.object_sizes import check_new, largest, too_large
from reconciler.core.artifact.store_layout import is_key
from reconciler.core.digest import digest_of_bytes, digest_of_file
from reconciler.core.size_limits import OBJECT_BYTES
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import IntegrityError, StoreError
from reconciler.ports import StorageAccess

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket, ETag

_BLOBS = "blobs/sha256/"
_PROBED = "probed"
MOST = 4 * 1024**3  # bytes of copies; the oldest are removed
_UNUSED = 86_400  # seconds after which no process uses a copy any more


def open_store(location: StorageLocation, access: StorageAccess) -> BucketStore:
    folder = hashlib.sha256(location.address.encode()).hexdigest()[:16]
    cache = access.cache / folder if access.cache is not None else None
    copies = cache or access.scratch / f"store-{folder}"
    return BucketStore(
        open_bucket(location),
        copies,
        known=cache / _PROBED if cache is not None else None,
        observed=ObservedObjects(access.read_observer, store_part(access.environment)),
    )


class BucketStore:
    """Implements ports.Store. `copies`: a folder for blobs that were read. `known`: see ConditionalWriteCheck.
    `observed` records reads of everything but blobs, which are named by their content."""

    def __init__(
        self, bucket: Bucket, copies: Path, *, known: Path | None = None, observed: ObservedObjects = UNOBSERVED
    ) -> None:
        self.bucket = bucket
        self._observed = observed
        self._copies = copies
        self._probe = ConditionalWriteCheck(bucket, known=known)
        self._stored: set[str] = set()
        self._ready = False

    def create(self, key: str, body: bytes | Path) -> bool:
        _check(key)
        try:
            in_memory = isinstance(body, bytes)
            check_new(key, len(body) if isinstance(body, bytes) else body.stat().st_size, in_memory=in_memory)
            self._probe.once()
            if key.startswith(_BLOBS) and self.bucket.head(key) is not None:
                return False  # an existing blob is not sent again
            created = self.bucket.create(key, body)
        except OSError as error:
            raise explained(error, body if isinstance(body, Path) else self._copies, body) from error
        if created:  # it is read back from the store, not from a copy
            self._copy(key).unlink(missing_ok=True)
        return created

    def read(self, key: str) -> bytes | None:
        _check(key)
        if (copy := self._valid(key)) is not None:
            with contextlib.suppress(OSError):
                return read_regular(copy, largest(key))
        try:
            answer = self.bucket.get(key, largest(key))
        except ObjectTooLargeError as error:
            raise too_large(key, error.size, error.largest) from error
        self._saw(key, (len(answer[0]), answer[1]) if answer is not None else None)
        if answer is None:
            return None
        body, _ = answer
        if not body:
            raise _empty(key)
        if _is_blob(key, digest_of_bytes(body)):
            with contextlib.suppress(OSError):  # without a copy, it is read again
                self._write(key, body)
        return body

    def path(self, key: str) -> Path | None:
        _check(key)
        if key in self._stored and (copy := self._valid(key)) is not None:
            return copy
        head = self._head(key)
        if head is None:
            return None
        if head[0] == 0:
            raise _empty(key)
        if head[0] > OBJECT_BYTES:
            raise too_large(key, head[0], OBJECT_BYTES)
        if (copy := self._valid(key)) is not None:
            self._stored.add(key)
            return copy
        try:
            return self._download(key)
        except ObjectTooLargeError as error:  # another one since
            raise too_large(key, error.size, error.largest) from error
        except OSError as error:
            raise explained(error, self._copies) from error

    def holds(self, key: str) -> bool:
        _check(key)
        if key in self._stored:
            return True
        head = self._head(key)
        if head is not None and head[0] == 0:
            raise _empty(key)
        return head is not None

    def written(self, key: str) -> datetime | None:
        _check(key)
        return self.bucket.written(key)

    def remove(self, key: str) -> None:
        """Remove a blob; nothing where there is none."""
        self.bucket.remove(object_sizes.check_removed(key))
        self._stored.discard(key)
        self._copy(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[str]:
        if prefix.rstrip("/"):
            _check(prefix.removesuffix("/"))
        names = self.bucket.keys(prefix)
        self._observed.saw_names(prefix, names)
        yield from sorted(filter(is_key, names))

    def folders(self, prefix: str) -> frozenset[str]:
        _check(prefix)
        names = self.bucket.folders(prefix)
        self._observed.saw_folders(prefix, names)
        return frozenset(names)

    def reach(self) -> None:
        self.bucket.reach()

    def probe(self) -> None:
        self._probe.now()

    # --- reading -----------------------------------------------------------------------------------------------------

    def _head(self, key: str) -> tuple[int, ETag] | None:
        head = self.bucket.head(key)
        self._saw(key, head)
        return head

    def _saw(self, key: str, answer: tuple[int, ETag] | None) -> None:
        if not key.startswith(_BLOBS):
            self._observed.saw(key, answer)

    # --- copies ------------------------------------------------------------------------------------------------------

    def _copy(self, key: str) -> Path:
        return self._copies / hashlib.sha256(key.encode()).hexdigest()

    def _valid(self, key: str) -> Path | None:
        """Return the copy of a blob, hashed just now; a copy with other bytes is removed."""
        if not key.startswith(_BLOBS):
            return None
        copy = self._copy(key)
        try:
            if copy.is_symlink() or not copy.is_file():
                return None
            if not _is_blob(key, digest_of_file(copy)):
                copy.unlink()
                return None
            if time.time() - copy.stat().st_mtime > _UNUSED / 2:
                os.utime(copy)
        except OSError:
            return None
        return copy

    def _download(self, key: str) -> Path | None:
        """Download an object to a new file, which becomes a copy only if it is the blob that its key names."""
        fresh = self._folder() / temporary_name()
        if not self.bucket.download(key, fresh):
            return None
        fresh.chmod(0o444)
        if not _is_blob(key, digest_of_file(fresh)):
            return fresh
        self._stored.add(key)
        return fresh.replace(self._copy(key))

    def _write(self, key: str, body: bytes) -> None:
        fresh = self._folder() / temporary_name()
        try:
            fresh.write_bytes(body)
            fresh.chmod(0o444)
            fresh.replace(self._copy(key))
        finally:
            fresh.unlink(missing_ok=True)

    def _folder(self) -> Path:
        """Return the folder of copies, created and trimmed at first use."""
        if not self._ready:
            self._copies.mkdir(parents=True, exist_ok=True, mode=0o700)
            _trim(self._copies)
            self._ready = True
        return self._copies


def _check(key: str) -> None:
    if not is_key(key):
        raise StoreError(f"not a key: {key[:80]!r}", code="E607")


def _is_blob(key: str, digest: str) -> bool:
    return key == _BLOBS + digest.removeprefix("sha256:")


def _empty(key: str) -> IntegrityError:
    return IntegrityError(
        f"{key} is empty in its store",
        code="E604",
        hint="restore it from a backup; an empty object is never what was written",
    )


def _trim(folder: Path) -> None:
    """Remove the least recently used copies beyond the limit; none that a process may be using."""
    copies = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            copies.append((path.lstat(), path))
    total = sum(stat.st_size for stat, _ in copies)
    for stat, path in sorted(copies, key=lambda pair: pair[0].st_mtime):
        stale = time.time() - stat.st_mtime > _UNUSED
        if stale and (total > MOST or path.name.startswith(".")):
            with contextlib.suppress(OSError):
                path.unlink()
                total -= stat.st_size
