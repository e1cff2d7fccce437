"""The ports of storage: stores, which keep artifacts and records, targets, which serve models, what packages are in
outside a store (archives and registries), and the signatures of what is kept."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.digest import Digest
from reconciler.core.trust.keys import PublicKey, Signature


class Store(Protocol):
    """Immutable objects under keys (`a/b/c`, only [A-Za-z0-9._/-]); correctness needs only that create is exclusive.

    Bodies are never empty. Every method raises StoreError when the store cannot answer; that is never read as an absent
    key. Reads may be repeated.
    """

    def create(self, key: str, body: bytes | Path) -> bool:
        """Create `key` durably with these bytes, or this file's, unless it exists; True when this call created it.

        Raises StoreError E604, E612 for a size that could not be read back (`core.artifact.object_sizes`), and
        AmbiguousWriteError when the create may or may not have happened: read the key before trying again.
        """

    def read(self, key: str) -> bytes | None:
        """Return the bytes, or None when there is no such key.

        Raises IntegrityError E604 when the object is empty, E612, before its bytes are read, when it is larger than an
        object of its kind (`core.artifact.object_sizes`).
        """

    def path(self, key: str) -> Path | None:
        """Return a local read-only file with the object's bytes (in a local store the object itself), or None."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below `prefix`, sorted. Only for reports and as a hint: a listing may be stale."""


@runtime_checkable
class NameListing(Protocol):
    """Optional: a store that can name what lies directly below a prefix without listing what lies further below."""

    def folders(self, prefix: str) -> frozenset[str]:
        """Return the names directly below `prefix`, which ends without a slash; also those without any object."""


@runtime_checkable
class KeyCheck(Protocol):
    """Optional: a store that can tell whether an object is there at a lower cost than handing out its bytes."""

    def holds(self, key: str) -> bool:
        """Tell whether there is an object; IntegrityError E604 when it is empty."""


@runtime_checkable
class WriteTimes(Protocol):
    """Optional: a store that can tell when an object was written."""

    def written(self, key: str) -> datetime | None:
        """Return when the object was created, by the store's clock; None where there is none."""


@runtime_checkable
class BlobRemoval(Protocol):
    """Optional: a store that can remove blobs. Records are never removed."""

    def remove(self, key: str) -> None:
        """Remove a blob durably; nothing where there is none. Raises StoreError E607 for another key than a blob's."""


class Target(Protocol):
    """The place that models are served from. The target is the authority on what is deployed.

    Every method raises TargetError when the target cannot answer, IntegrityError E609 when it belongs to another
    project or environment.
    """

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        """Return the deployments of `models` and, with `others`, of every other model, sorted by model.

        A model without a deployment is absent. Damaged files are reported in the result, not raised.
        """

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        """Write a release (path in the package -> file with its bytes), then swap the pointer to it atomically.

        Idempotent. With `current.artifact` None, the pointer is swapped to "nothing is served" and the release folders
        stay. Raises ConflictError when the pointer has a higher n, or the same n with another entry.
        """

    def release(self, model: str) -> Path | None:
        """Return the folder with the served release's files, or None."""


@runtime_checkable
class LabelledTarget(Protocol):
    """Optional: a target that shows people what a release rests on."""

    def place_labelled(self, current: ReleasePointer, files: Mapping[str, Path], labels: Mapping[str, str]) -> None:
        """Place a release as `Target.place` does. `labels`: texts by name, for people alone."""


@runtime_checkable
class TracedTarget(Protocol):
    """Optional: a target that tells of what it keeps although no pointer names it."""

    def traces(self) -> frozenset[str]:
        """Return the models of which a pointer or a release is there, and `owner.json` where the owner's mark is.

        All of them are written only after a journal entry. Raises TargetError when the target cannot answer.
        """


@runtime_checkable
class EntryKeeping(Protocol):
    """Optional: a target that keeps the journal entries of what it serves beside the releases, for the day on which
    the store is lost."""

    def keep_entry(self, model: str, n: int, body: bytes) -> None:
        """Keep the exact bytes of entry `n` durably, in the place of others that were kept under this number.

        Raises what `place` raises.
        """

    def kept_entry(self, model: str, n: int) -> bytes | None:
        """Return the bytes that were kept under this number, which anybody may have changed; None where there are none.

        Raises TargetError when the target cannot answer, IntegrityError E612 for more bytes than an entry has.
        """


@runtime_checkable
class PointerWatch(Protocol):
    """Optional: a target that can tell at a low cost which of its pointers changed."""

    def pointers(self) -> Mapping[str, str]:
        """Return for each model with a pointer a text that changes whenever the pointer is replaced.

        Reads no release. Raises TargetError when the target cannot answer.
        """


class ReadObserver(Protocol):
    """Records what a store or a target reads, so that a later run can tell whether any of it changed."""

    def about(self, subject: str) -> None:
        """Attribute the following reads of this thread to a subject, such as a model."""

    def saw(self, path: str) -> None:
        """Record that a file is about to be read, or was not found."""

    def saw_folder(self, path: str, entries: Mapping[str, os.stat_result]) -> None:
        """Record the entries of a folder, with their metadata, before they are used."""

    def saw_state(self, path: str, state: str | None) -> None:
        """Record the state of something that is on no disk, as it was read; None: no later run could compare it.

        `path` begins with NUL, as no path on a disk does.
        """


@runtime_checkable
class ReachabilityCheck(Protocol):
    """Optional checks of a remote store or target, for `doctor`."""

    def reach(self) -> None:
        """Check that it exists and may be read; StoreError or TargetError E602, E611 when not."""

    def probe(self) -> None:
        """Check that it protects against two writers, without the cached result of an earlier check.

        Leaves one small object, `.probe`. Raises StoreError (of a target TargetError) E601 when it cannot protect, E602
        when this user may not write.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFolder:
    """A folder, of a store or a target or on the way to it, that others may write: everybody, or some (a group, another
    owner). `remedy` is a command."""

    path: str
    problem: str
    remedy: str
    by_everybody: bool


@runtime_checkable
class RightsCheck(Protocol):
    """Optional: a store or a target that can tell who else may write its folders: for `doctor`, `audit`, `status`."""

    def open_folders(self, *, inside: bool = True) -> tuple[OpenFolder, ...]:
        """Return every folder that others may write; without `inside`, only of the root and above. Looks at no file.

        Raises StoreError or TargetError when they cannot be looked at.
        """


class PackageArchive(Protocol):
    """An archive whose structure was checked: every name, type and size in it, before any file is read.

    Its bytes are those of one open file: replacing the file meanwhile changes nothing.
    """

    @property
    def name(self) -> str:
        """Return what the archive is called in messages."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Return the size of each file by its name."""

    def where(self, name: str) -> str:
        """Return the position of a file in the archive, for messages."""

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; KeyError where there is none. The caller has looked at its size."""

    def extract(self, name: str, into: Path) -> Digest:
        """Write the bytes of a file to `into`, which must not exist, and return their digest."""


class PackageWriter(Protocol):
    """Writes archives."""

    def write(self, file: Path, members: Sequence[tuple[str, bytes | Path]]) -> Digest:
        """Write an archive of these files (name, bytes or a file with them) and return the digest of its bytes.

        The same members give the same bytes. The file is whole or absent, also after a crash. Raises UsageError E801
        where it exists already, StoreError E608 where it cannot be written.
        """


class PackageRegistry(Protocol):
    """One repository of an OCI registry. Every method raises StoreError E621 or E622 when it cannot answer."""

    @property
    def address(self) -> str:
        """Return `host/repository`, without a tag and without credentials."""

    def manifest(self, reference: str, largest: int) -> bytes | None:
        """Return a manifest by tag or digest, or None where there is none; one by digest has that digest."""

    def blob(self, digest: Digest, size: int, into: Path) -> None:
        """Write a blob to `into`, which must not exist; IntegrityError E501, E505 for another digest or size."""

    def holds_blob(self, digest: Digest) -> bool:
        """Tell whether there is a blob."""

    def put_blob(self, digest: Digest, body: bytes | Path) -> None:
        """Upload a blob."""

    def put_manifest(self, reference: str, media_type: str, body: bytes) -> bool:
        """Upload a manifest under a tag or its digest; tell whether the registry lists it by what it refers to."""

    def referrers(self, artifact: Digest) -> bytes | None:
        """Return the index of what refers to an artifact, as the API tells it; None where there is no such API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccess:
    """Access that a store or target is opened with, besides its location.

    `root` is the project's folder. `cache` is a folder of this user for files that can be fetched again; None where
    cached files may not be trusted. `scratch` is a private empty folder that this process removes. `read_observer`
    records reads. `folder` is the location's `root` with its links resolved; None where nobody resolved it.
    """

    root: Path
    project: str
    environment: str
    scratch: Path
    cache: Path | None = None
    read_observer: ReadObserver | None = None
    folder: Path | None = None


class Signer(Protocol):
    """Signs with one private key, wherever that is: a file, a KMS, an HSM. The encoding is that of DSSE."""

    @property
    def key(self) -> PublicKey:
        """Return the public key that belongs to it."""

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        """Sign a document of a type. Raises UsageError E523 where the key cannot be used."""


class Verifier(Protocol):
    """Checks signatures over the encoding of DSSE. Knows nothing of trust."""

    def signed_by(
        self, payload_type: str, payload: bytes, signatures: Collection[Signature], keys: Collection[PublicKey]
    ) -> frozenset[Digest]:
        """Return the ids of the keys, of these, whose signatures of this very document are right.

        A signature that is no signature is a wrong one. Raises UsageError E610 for a key that needs a library that is
        not installed.
        """
