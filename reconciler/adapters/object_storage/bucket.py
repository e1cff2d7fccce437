"""A part of a bucket, through obstore: S3, Google Cloud Storage, Azure, memory. What stores and targets share.

Three verbs decide everything: read; create unless it is there; swap unless it changed. A create or swap is sent once
and never repeated here: an answer that does not come, or a server's error, may mean that it was done, and only the
caller can tell (AmbiguousWriteError). Reads are repeated, a few times, with jitter. Nothing is kept in memory, and
nothing that obstore says of an error is shown but status and code: its messages hold addresses, which may hold keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
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
from reconciler.errors import AmbiguousWriteError, StoreError, TargetError

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ObjectStore

LARGEST = 5 * 1024**3  # bytes; what S3 takes in one request, and only one request creates or fails as a whole
SMALL = 8 * 1024**2  # bytes that are sent within the patience for one answer
_NOTHING = ".nothing"
_CHUNK = 8 * 1024**2
_STATUS = re.compile(r"status code: ([1-5][0-9]{2})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_GONE = ("NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted")
_MAYBE = (408, 409, 425, 429)  # may be otherwise the next time, or may have been done


@dataclass(frozen=True, slots=True, kw_only=True)
class ETag:
    """What tells one state of an object from all others; a store uses one of them, or both."""

    e_tag: str | None
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The same bucket as three clients: `reader` repeats, the writers do not; `heavy` has the time for large bodies."""

    reader: ObjectStore
    writer: ObjectStore
    heavy: ObjectStore


class Bucket:
    """`address` is what people are told it is. Errors are StoreErrors or TargetErrors, as `kind` says."""

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
        """Once per process: that the bucket is there. An answer "no such object" would otherwise hide that it is
        not."""
        with self._reaching:
            if not self._reached:
                with self._explained("list", _NOTHING):
                    next(iter(obstore.list(self._clients.reader, prefix=_NOTHING)), None)
                self._reached = True

    @interruptible
    def get(self, key: str) -> tuple[bytes, ETag] | None:
        self.reach()
        try:
            with self._explained("read", key):
                found = obstore.get(self._clients.reader, key)
                return bytes(found.bytes()), _tag(found.meta)
        except FileNotFoundError:
            return None

    @interruptible
    def head(self, key: str) -> tuple[int, ETag] | None:
        """Size in bytes, and tag."""
        self.reach()
        try:
            with self._explained("read", key):
                found = obstore.head(self._clients.reader, key)
                return found["size"], _tag(found)
        except FileNotFoundError:
            return None

    @interruptible
    def download(self, key: str, into: Path) -> bool:
        """Write the bytes to a new file; False when there is no such object."""
        self.reach()
        try:
            with self._explained("read", key):
                found = obstore.get(self._clients.reader, key)
        except FileNotFoundError:
            return False
        try:
            with into.open("xb") as stream, self._explained("read", key):
                for part in found.stream(min_chunk_size=_CHUNK):
                    stream.write(part)
        except BaseException:
            into.unlink(missing_ok=True)
            raise
        return True

    @interruptible
    def digest(self, key: str) -> tuple[str, int, ETag] | None:
        """SHA-256 in hexadecimal, size and tag of what is there now, read whole."""
        self.reach()
        try:
            with self._explained("read", key):
                found = obstore.get(self._clients.reader, key)
                sha, size = hashlib.sha256(), 0
                for part in found.stream(min_chunk_size=_CHUNK):
                    sha.update(part)
                    size += len(part)
                return sha.hexdigest(), size, _tag(found.meta)
        except FileNotFoundError:
            return None

    @interruptible
    def keys(self, prefix: str) -> list[str]:
        """Names that start with `prefix`, in no order. A hint."""
        self.reach()
        folder = prefix.rpartition("/")[0]
        with self._explained("list", prefix):
            pages = obstore.list(self._clients.reader, prefix=folder or None)
            return [one["path"] for page in pages for one in page if one["path"].startswith(prefix)]

    @interruptible
    def folders(self) -> tuple[str, ...]:
        """First parts of the names that have more than one. A hint."""
        self.reach()
        with self._explained("list", ""):
            return tuple(obstore.list_with_delimiter(self._clients.reader)["common_prefixes"])

    # --- writing ---------------------------------------------------------------------------------------------------

    @interruptible
    def create(self, key: str, body: bytes | Path) -> bool:
        """True: we created it. False: it is there."""
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        if size > LARGEST:
            raise self._kind(
                f"{key} has {size:,} bytes; {self.address} takes {LARGEST:,}",
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
            if self.head(key) is None:  # S3 answers 409 when two create at once: no word on who wins, or whether
                raise self._ambiguous(key, "it is neither there nor free") from None
            return False

    @interruptible
    def swap(self, key: str, body: bytes, tag: ETag) -> bool:
        """True: what had this tag is now these bytes. False: it had changed."""
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
        """Whatever is there. For mending what is known by its digest."""
        with self._explained("write", key):
            obstore.put(self._clients.heavy, key, body, use_multipart=False)

    @interruptible
    def remove(self, key: str) -> None:
        with self._explained("remove", key), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._clients.writer, key)

    # --- errors ----------------------------------------------------------------------------------------------------

    def unsafe(self, what: str) -> StoreError | TargetError:
        """That it cannot be relied on, because of what was seen."""
        return self._kind(
            f"{self.address} cannot protect against two writers: it was tried, and {what}",
            code="E601",
            hint="take a store that honours conditional writes (If-None-Match, If-Match): S3, Google Cloud Storage, "
            "Azure Blob Storage, SeaweedFS, Ceph; nothing was written but the object .probe",
        )

    @contextlib.contextmanager
    def _explained(self, verb: str, key: str) -> Iterator[None]:
        """obstore's errors as ours; those that say "is there", "has changed" and "is not there" pass."""
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
            raise self._refused(verb, key, _said(str(error)) or "forbidden") from None
        except (NotSupportedError, NotImplementedError):
            raise self.unsafe("it knows no conditional writes") from None
        except (BaseError, TimeoutError) as error:
            raise self._broken(verb, key, str(error)) from None

    def _refused(self, verb: str, key: str, said: str) -> StoreError | TargetError:
        return self._kind(
            f"{self.address} refuses to {verb} {key}: {said}",
            code="E602",
            hint="check the bucket's name and region, the credentials in the environment, their rights, and the clock; "
            "it was not taken for an empty one",
        )

    def _broken(self, verb: str, key: str, text: str) -> StoreError | TargetError:
        said = _said(text)
        status = int(said[:3]) if said else 0
        if 300 <= status < 500 and status not in _MAYBE:
            return self._refused(verb, key, said)
        what = said or ("it did not answer in time" if "kind: Timeout" in text else "the connection failed")
        if verb in ("create", "swap"):
            return self._ambiguous(key, what)
        return self._kind(
            f"{self.address} cannot {verb} {key}: {what}",
            code="E611",
            hint="nothing was concluded from it; run the same command again, or check the service and the network",
        )

    def _ambiguous(self, key: str, what: str) -> AmbiguousWriteError:
        return AmbiguousWriteError(
            f"{self.address} did not say whether {key} was written: {what}",
            code="E611",
            hint="run the same command again: it is safe",
        )


def _said(text: str) -> str:
    """Status and code of an answer, such as "403 AccessDenied"; nothing else of it."""
    status, code = _STATUS.search(text), _CODE.search(text)
    return " ".join(found[1] for found in (status, code) if found is not None)


def _tag(meta: object) -> ETag:
    return ETag(e_tag=meta["e_tag"], version=meta["version"])  # type: ignore[index]
