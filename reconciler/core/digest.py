"""Content addresses: `sha256:<64 lower-case hex>`, the form of the OCI image specification."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NewType

Digest = NewType("Digest", str)


class Checksummed:
    """A record whose name is not its digest: what is written of it ends in the digest of all that stands before, so
    that no byte of it can change unnoticed (`codec`)."""

    __slots__ = ()


class ChecksummedUnlessByHand(Checksummed):
    """A record that people may write by hand, and then without a seal: it is taken for what it says, and is no less
    held against the journal."""

    __slots__ = ()


SMALL = 1 << 16  # bytes; `file_digest` clears four times as many before it reads the first one
_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of_bytes(body: bytes) -> Digest:
    return Digest("sha256:" + hashlib.sha256(body).hexdigest())


def digest_of_file(path: Path) -> Digest:
    with path.open("rb") as stream:
        start = stream.read(SMALL)
        if len(start) < SMALL:
            return digest_of_bytes(start)
        stream.seek(0)
        return Digest("sha256:" + hashlib.file_digest(stream, "sha256").hexdigest())


def is_digest(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None


def hex_of(digest: Digest) -> str:
    """The 64 hexadecimal digits, as used in file names."""
    return digest.removeprefix("sha256:")


def short(digest: Digest) -> str:
    """Twelve digits: for people and branch names, never for looking something up."""
    return hex_of(digest)[:12]
