"""A part of a bucket, for stores and targets, through obstore: S3, Google Cloud Storage, Azure, memory.

Three operations matter: read; create unless it exists; swap unless it changed. A create or swap is sent once and never
repeated here: after a lost answer or a server's error it may have been done, and only the caller can find out
(AmbiguousWriteError). Reads are repeated a few times, with jitter. Nothing is kept in memory. Of obstore's errors only
status and code are shown: their messages contain addresses, which may contain keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from reconciler.adapters.executors.thread_map import interruptible
from reconciler.core.artifact import object_sizes
from reconciler.core.size_limits import BLOB_BYTES, OBJECT_BYTES
from reconciler.errors import AmbiguousWriteError, StoreError, TargetError

if TYPE_CHECKING:
    from obstore import ObjectMeta, UpdateVersion

    from reconciler.adapters.object_storage.clients import Clients

SMALL = 8 * 1024**2  # bytes that are sent within the patience for one answer
_NOTHING = ".nothing"
_CHUNK = 8 * 1024**2
_PAGE = 1000  # names that a listing hands over at once
_STATUS = re.compile(r"status code: ([1-5][0-9]{2})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_GONE = ("NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted")
_MAYBE = (408, 409, 425, 429)  # may succeed the next time, or may have been done


@dataclass(frozen=True, slots=True, kw_only=True)
class ETag:
    """The identity of one state of an object; a store uses one of the fields, or both."""

    e_tag: str | None
    version: str | None


class ObjectTooLargeError(Exception):
    """An object with more bytes than are read of it; none of them was."""

    def __init__(self, size: int, largest: int, tag: ETag) -> None:
        super().__init__(f"{size:,} bytes; at most {largest:,} are read")
        self.size = size
        self.largest = largest
        self.tag = tag


class Bucket:
    """`address` names it in messages. `kind` is the class of its errors."""

    def __init__(
        self, clients: Clients, address: str, *, kind: type[StoreError] | type[TargetError] = StoreError
    ) -> None:
        self.address = address
        self._clients = clients
        self._kind = kind
        self._reached = False
        self._reaching = threading.Lock()

    # --- reading ---------------------------------------------------------------------------------------------------

    @interruptible
    def reach(self) -> None:
        """Check once per process that the bucket exists: the answer "no such object" would hide that it does not."""
        with self._reaching:
            if not self._reached:
                with self._explained("list", _NOTHING):
                    next(iter(obstore.list(self._clients.reader, prefix=_NOTHING)), None)
                self._reached = True

    @interruptible
    def get(self, key: str, largest: int = BLOB_BYTES) -> tuple[bytes, ETag] | None:
        """Return (bytes, tag); ObjectTooLargeError, before any of them comes, for more than `largest` bytes."""
        self.reach()
        try:
            with self._explained("read", key):
                answer = obstore.get(self._clients.reader, key)
                _check_size(answer.meta, largest)
                return bytes(answer.bytes()), _tag(answer.meta)
        except FileNotFoundError:
            return None

    @interruptible
    def head(self, key: str) -> tuple[int, ETag] | None:
        """Return (size in bytes, tag)."""
        self.reach()
        try:
            with self._explained("read", key):
                meta = obstore.head(self._clients.reader, key)
                return meta["size"], _tag(meta)
        except FileNotFoundError:
            return None

    @interruptible
    def written(self, key: str) -> datetime | None:
        """Return when the object was last written, by the server's clock."""
        self.reach()
        try:
            with self._explained("read", key):
                return obstore.head(self._clients.reader, key)["last_modified"]
        except FileNotFoundError:
            return None

    @interruptible
    def download(self, key: str, into: Path, largest: int = OBJECT_BYTES) -> bool:
        """Write the bytes to a new file; return False when there is no such object.

        Raises ObjectTooLargeError, before any of them comes, for more than `largest` bytes.
        """
        self.reach()
        try:
            with self._explained("read", key):
                answer = obstore.get(self._clients.reader, key)
                _check_size(answer.meta, largest)
        except FileNotFoundError:
            return False
        try:
            with into.open("xb") as stream, self._explained("read", key):
                for part in answer.stream(min_chunk_size=_CHUNK):
                    stream.write(part)
        except BaseException:
            into.unlink(missing_ok=True)
            raise
        return True

    @interruptible
    def digest(self, key: str, expected: int) -> tuple[str, int, ETag] | None:
        """Return (SHA-256 in hexadecimal, size, tag) of an object, read whole.

        One that has not the `expected` size in bytes is not read; its hexadecimal text is empty.
        """
        self.reach()
        try:
            with self._explained("read", key):
                answer = obstore.get(self._clients.reader, key)
                if answer.meta["size"] != expected:
                    return "", answer.meta["size"], _tag(answer.meta)
                sha, size = hashlib.sha256(), 0
                for part in answer.stream(min_chunk_size=_CHUNK):
                    sha.update(part)
                    size += len(part)
                return sha.hexdigest(), size, _tag(answer.meta)
        except FileNotFoundError:
            return None

    @interruptible
    def keys(self, prefix: str) -> list[str]:
        """Return the names that start with `prefix`, in no order. A listing may lag behind."""
        self.reach()
        folder = prefix.rpartition("/")[0]
        with self._explained("list", prefix):
            pages = obstore.list(self._clients.reader, prefix=folder or None)
            names = (meta["path"] for page in pages for meta in page if meta["path"].startswith(prefix))
            return object_sizes.listed(names, prefix)

    @interruptible
    def folders(self, folder: str = "") -> tuple[str, ...]:
        """Return the first parts of the names below `folder` that have several. A listing may lag behind."""
        self.reach()
        with self._explained("list", folder):
            answer = obstore.list_with_delimiter(self._clients.reader, prefix=folder or None)
        return tuple(prefix.removeprefix(f"{folder}/") for prefix in answer["common_prefixes"])

    @interruptible
    def each_object(self, folder: str, take: Callable[[str, int, str | None], None]) -> None:
        """Tell `take` name, size in bytes and tag of each object below `folder` ("": of all) while the next are asked.

        One request names a thousand. Here an error tells a missing bucket from an empty one.
        """
        names = []
        with self._explained("list", folder):
            for page in obstore.list(self._clients.reader, prefix=folder or None, chunk_size=_PAGE):
                for meta in page:
                    names.append(meta["path"])
                    take(meta["path"], meta["size"], meta["e_tag"])
        object_sizes.listed(names, folder)

    # --- writing ---------------------------------------------------------------------------------------------------

    @interruptible
    def create(self, key: str, body: bytes | Path) -> bool:
        """Return True when this call created it, False when it exists already."""
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        if size > OBJECT_BYTES:
            raise self._kind(
                f"{key} has {size:,} bytes; {self.address} takes {OBJECT_BYTES:,}",
                code="E608",
                hint="one object is written in one request, so that two writers cannot both succeed",
            )
        self.reach()
        client = self._clients.writer if size <= SMALL else self._clients.heavy
        try:
            with self._explained("create", key):
                obstore.put(client, key, body, mode="create", use_multipart=False)
                return True
        except AlreadyExistsError:
            if self.head(key) is None:  # S3 answers 409 when two create at once, and does not say who won
                raise self._ambiguous(key, "it does not exist, but cannot be created") from None
            return False

    @interruptible
    def swap(self, key: str, body: bytes, tag: ETag) -> bool:
        """Return True when the object had this tag and now has these bytes, False when it had changed."""
        self.reach()
        try:
            with self._explained("swap", key):
                mode: UpdateVersion = {"e_tag": tag.e_tag}
                if tag.version is not None:
                    mode["version"] = tag.version
                obstore.put(self._clients.writer, key, body, mode=mode, use_multipart=False)
                return True
        except (PreconditionError, AlreadyExistsError, FileNotFoundError):
            return False

    @interruptible
    def put(self, key: str, body: Path) -> None:
        """Write unconditionally: to mend an object that is named by its digest."""
        with self._explained("write", key):
            obstore.put(self._clients.heavy, key, body, use_multipart=False)

    @interruptible
    def remove(self, key: str) -> None:
        with self._explained("remove", key), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._clients.writer, key)

    # --- errors ----------------------------------------------------------------------------------------------------

    def unsafe(self, observation: str) -> StoreError | TargetError:
        """Return the error that this bucket is not safe for two writers."""
        return self._kind(
            f"{self.address} cannot protect against two writers: a trial showed that {observation}",
            code="E601",
            hint="take a store that honours conditional writes (If-None-Match, If-Match): S3, Google Cloud Storage, "
            "Azure Blob Storage, SeaweedFS, Ceph; nothing was written but the object .probe",
        )

    @contextlib.contextmanager
    def _explained(self, verb: str, key: str) -> Iterator[None]:
        """Raise obstore's errors as ours, except "exists", "has changed" and "does not exist"."""
        try:
            yield
        except (AlreadyExistsError, PreconditionError):
            if verb in ("create", "swap"):
                raise
            raise self._refused(verb, key, "412") from None
        except FileNotFoundError as error:
            if verb in ("read", "swap", "remove") and not any(name in str(error) for name in _GONE):
                raise
            raise self._refused(verb, key, "there is no such bucket") from None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._refused(verb, key, _status_of(str(error)) or "forbidden") from None
        except (NotSupportedError, NotImplementedError):
            raise self.unsafe("it knows no conditional writes") from None
        except (BaseError, TimeoutError) as error:
            raise self._broken(verb, key, str(error)) from None

    def _refused(self, verb: str, key: str, reason: str) -> StoreError | TargetError:
        return self._kind(
            f"{self.address} refuses to {verb} {key}: {reason}",
            code="E602",
            hint="check the bucket's name and region, the credentials in the environment, their rights, and the clock; "
            "it counts as unknown, not as empty",
        )

    def _broken(self, verb: str, key: str, text: str) -> StoreError | TargetError:
        reason = _status_of(text)
        status = int(reason[:3]) if reason else 0
        if 300 <= status < 500 and status not in _MAYBE:
            return self._refused(verb, key, reason)
        failure = reason or ("it did not answer in time" if "kind: Timeout" in text else "the connection failed")
        if verb in ("create", "swap"):
            return self._ambiguous(key, failure)
        return self._kind(
            f"{self.address} cannot {verb} {key}: {failure}",
            code="E611",
            hint="it counts as unknown; run the same command again, or check the service and the network",
        )

    def _ambiguous(self, key: str, reason: str) -> AmbiguousWriteError:
        return AmbiguousWriteError(
            f"{self.address} did not say whether {key} was written: {reason}",
            code="E611",
            hint="run the same command again: it is safe",
        )


def _status_of(text: str) -> str:
    """Return status and code of an error, such as "403 AccessDenied", and nothing else of its text."""
    status, code = _STATUS.search(text), _CODE.search(text)
    return " ".join(match[1] for match in (status, code) if match is not None)


def _check_size(meta: ObjectMeta, largest: int) -> None:
    if meta["size"] > largest:
        raise ObjectTooLargeError(meta["size"], largest, _tag(meta))


def _tag(meta: object) -> ETag:
    return ETag(e_tag=meta["e_tag"], version=meta["version"])  # type: ignore[index]
