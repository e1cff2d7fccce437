"""What a plan found settled, kept for the next one: one JSON file outside the work tree, safe to delete.

A hint: one that is damaged, of another version or too old is as good as none. Never read by `apply`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
DAY = 86_400  # seconds for which what was hashed is believed


@dataclass(slots=True, kw_only=True)
class Settled:
    """A model with nothing to do: what its part depended on (`blobs`: of manifest and card; `paths`, and what the disk
    said of them), until when time alone cannot change it (seconds since 1970), and what is shown of it."""

    blobs: str
    signature: str
    until: int
    digest: str
    sync: str
    health: str
    reason: str
    paths: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Memo:
    """`basis`: everything that all models share, by name. `valid`: path and blob of every manifest and card that was
    found valid. `unsettled`: models with something to do or to say."""

    basis: dict[str, str]
    saved: int
    until: int
    signature: str
    paths: tuple[str, ...]
    worktree: str | None
    unsettled: tuple[str, ...] = ()
    settled: dict[str, Settled] = field(default_factory=dict)
    valid: dict[str, str] = field(default_factory=dict)


def packed(one: Settled) -> list[Any]:
    """As plain JSON data, shorter than with names."""
    return [one.blobs, one.signature, one.until, one.digest, one.sync, one.health, one.reason, *one.paths]


def unpacked(fields: list[Any]) -> Settled:
    blobs, signature, until, digest, sync, health, reason, *paths = fields
    return Settled(
        blobs=blobs,
        signature=signature,
        until=until,
        digest=digest,
        sync=sync,
        health=health,
        reason=reason,
        paths=tuple(paths),
    )


def load(path: Path) -> Memo | None:
    try:
        body = path.read_bytes()
        checksum, _, text = body.partition(b"\n")
        if checksum != _checksum(text):
            return None
        document = json.loads(text)
        if document["format"] != FORMAT:
            return None
        settled = {name: unpacked(one) for name, one in document["settled"].items()}
        return Memo(
            basis=document["basis"],
            saved=document["saved"],
            until=document["until"],
            signature=document["signature"],
            paths=tuple(document["paths"]),
            worktree=document["worktree"],
            unsettled=tuple(document["unsettled"]),
            settled=settled,
            valid=document["valid"],
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def save(path: Path, memo: Memo) -> None:
    """Replaced in one rename; where that cannot be, nothing is remembered."""
    document = {
        "format": FORMAT,
        "basis": memo.basis,
        "saved": memo.saved,
        "until": memo.until,
        "signature": memo.signature,
        "paths": memo.paths,
        "worktree": memo.worktree,
        "unsettled": memo.unsettled,
        "settled": {name: packed(one) for name, one in memo.settled.items()},
        "valid": memo.valid,
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(_checksum(text) + b"\n" + text)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _checksum(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).hexdigest().encode()
