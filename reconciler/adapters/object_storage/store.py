"""A store in a bucket: one object per key, created by a conditional write; blobs that were read are kept on this disk.

Exclusive create is the bucket's own (If-None-Match, a generation of 0), tried out before the first write of a process
or of a day: a server that ignores the condition would let the second of two writers win, unseen.

A blob's key says what its bytes are, so a copy on this disk is as good as the object, once it has been hashed: it is,
each time. Whether the store has the object is asked of the store, once per process. Where nothing may be believed that
somebody could have left here (`apply` on a protected environment, `audit`), the copies are this process's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters.filesystem.durable_files import explained, temporary_name
from reconciler.adapters.object_storage.clients import bucket
from reconciler.adapters.object_storage.conditional_write_check import ConditionalWriteCheck
from reconciler.core.artifact.store_layout import is_key
from reconciler.core.digest import digest_of_bytes, digest_of_file
from reconciler.core.spec.environment import StorageLocation
from reconciler.errors import IntegrityError, StoreError
from reconciler.ports import StorageAccess

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket

_BLOBS = "blobs/sha256/"
_PROBED = "probed"
MOST = 4 * 1024**3  # bytes of copies; older ones give way
_UNUSED = 86_400  # seconds after which a copy is in nobody's hands


def open_store(place: StorageLocation, opening: StorageAccess) -> BucketStore:
    where = hashlib.sha256(place.address.encode()).hexdigest()[:16]
    lasting = opening.cache / where if opening.cache is not None else None
    copies = lasting or opening.scratch / f"store-{where}"
    return BucketStore(bucket(place), copies, known=lasting / _PROBED if lasting is not None else None)


class BucketStore:
    """`copies` is a folder for what was read. `known` is a file that says when the bucket was last tried out; None: it
    is, before the first write."""

    def __init__(self, inside: Bucket, copies: Path, *, known: Path | None = None) -> None:
        self.bucket = inside
        self._copies = copies
        self._probe = ConditionalWriteCheck(inside, known=known)
        self._there: set[str] = set()
        self._ready = False

    def create(self, key: str, body: bytes | Path) -> bool:
        _check(key)
        try:
            if (len(body) if isinstance(body, bytes) else body.stat().st_size) == 0:
                raise StoreError(f"refusing to store an empty object as {key}", code="E604")
            self._probe.once()
            if key.startswith(_BLOBS) and self.bucket.head(key) is not None:
                return False  # what is there is not sent again
            created = self.bucket.create(key, body)
        except OSError as error:
            raise explained(error, body if isinstance(body, Path) else self._copies, body) from error
        if created:  # it is read back from the store, not from here
            self._copy(key).unlink(missing_ok=True)
        return created

    def read(self, key: str) -> bytes | None:
        _check(key)
        if (copy := self._valid(key)) is not None:
            with contextlib.suppress(OSError):
                return copy.read_bytes()
        found = self.bucket.get(key)
        if found is None:
            return None
        body, _ = found
        if not body:
            raise _empty(key)
        if _is_blob(key, digest_of_bytes(body)):
            with contextlib.suppress(OSError):  # it was worth a try
                self._write(key, body)
        return body

    def path(self, key: str) -> Path | None:
        _check(key)
        if key in self._there and (copy := self._valid(key)) is not None:
            return copy
        there = self.bucket.head(key)
        if there is None:
            return None
        if there[0] == 0:
            raise _empty(key)
        if (copy := self._valid(key)) is not None:
            self._there.add(key)
            return copy
        try:
            return self._download(key)
        except OSError as error:
            raise explained(error, self._copies) from error

    def keys(self, prefix: str) -> Iterator[str]:
        if prefix.rstrip("/"):
            _check(prefix.removesuffix("/"))
        yield from sorted(key for key in self.bucket.keys(prefix) if is_key(key))

    def reach(self) -> None:
        self.bucket.reach()

    def probe(self) -> None:
        self._probe.now()

    # --- copies ------------------------------------------------------------------------------------------------------

    def _copy(self, key: str) -> Path:
        return self._copies / hashlib.sha256(key.encode()).hexdigest()

    def _valid(self, key: str) -> Path | None:
        """The copy of a blob, hashed just now; one that is not its bytes is thrown away."""
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
        """A new file. What is not the blob that its key says never gets the name of a copy."""
        fresh = self._folder() / temporary_name()
        if not self.bucket.download(key, fresh):
            return None
        fresh.chmod(0o444)
        if not _is_blob(key, digest_of_file(fresh)):
            return fresh
        self._there.add(key)
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
        """Ours alone, and not larger than it may be."""
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
    """Remove the copies that were not used for longest, as many as are too many; none that somebody may have in use."""
    found = []
    for one in folder.iterdir():
        with contextlib.suppress(OSError):
            found.append((one.lstat(), one))
    total = sum(stat.st_size for stat, _ in found)
    for stat, one in sorted(found, key=lambda pair: pair[0].st_mtime):
        stale = time.time() - stat.st_mtime > _UNUSED
        if stale and (total > MOST or one.name.startswith(".")):
            with contextlib.suppress(OSError):
                one.unlink()
                total -= stat.st_size
