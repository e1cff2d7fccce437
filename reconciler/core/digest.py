"""Content addresses: `sha256:<64 lower-case hex>`, the digest form of the OCI image specification."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NewType

Digest = NewType("Digest", str)
DigestPrefix = NewType("DigestPrefix", str)
"""The beginning of a digest, as a person types it: `sha256:` and SHORTEST digits or more, up to a whole digest."""
SHORTEST = 6


class Checksummed:
    """A record whose name is not its digest: its text ends in a checksum of all text before, so that a change of any
    byte is noticed (`codec`)."""

    __slots__ = ()


class ChecksummedUnlessByHand(Checksummed):
    """A record that people may write by hand, then without a checksum; it is still compared with the journal."""

    __slots__ = ()


class DefaultsLeftOut:
    """A value whose stored form leaves out each field that has its default, and takes the default where one is missing
    (`codec`): so a later field changes no earlier digest, and earlier records stay readable."""

    __slots__ = ()


SMALL = 1 << 16  # bytes; `file_digest` clears four times as many before it reads the first one
_PREFIX = re.compile(rf"(?:sha256:)?([0-9a-f]{{{SHORTEST},64}})")
_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of_bytes(body: bytes) -> Digest:
    """Return the SHA-256 digest of these bytes."""
    return Digest("sha256:" + hashlib.sha256(body).hexdigest())


def digest_of_file(path: Path) -> Digest:
    """Return the SHA-256 digest of a file's bytes, without loading a large file into memory."""
    with path.open("rb") as stream:
        start = stream.read(SMALL)
        if len(start) < SMALL:
            return digest_of_bytes(start)
        stream.seek(0)
        return Digest("sha256:" + hashlib.file_digest(stream, "sha256").hexdigest())


def is_digest(text: str) -> bool:
    """Tell whether a text is a digest in full form."""
    return _PATTERN.fullmatch(text) is not None


def prefix_of(text: str) -> DigestPrefix | None:
    """Return the beginning of a digest that a text is, with or without `sha256:`; None where it is none."""
    match = _PREFIX.fullmatch(text.strip().lower())
    return DigestPrefix(f"sha256:{match[1]}") if match is not None else None


def hex_of(digest: Digest | DigestPrefix) -> str:
    """Return the hexadecimal digits, as used in file names: of a digest all 64."""
    return digest.removeprefix("sha256:")


def short(digest: Digest) -> str:
    """Return the first 12 digits, for messages and branch names."""
    return hex_of(digest)[:12]
