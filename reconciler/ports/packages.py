"""The ports of model packages: an archive that somebody wrote, the place where one is written, and an OCI registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from reconciler.core.digest import Digest


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
    """One repository of an OCI registry. Every method raises StoreError E621, E622 or E623 when it cannot answer."""

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
