"""How large an object of a store may be, by its key: compared before it is read, and before it is written."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from reconciler.core.artifact.store_layout import GARBAGE, MARK, SNAPSHOTS, is_blob
from reconciler.core.size_limits import BLOB_BYTES, MARK_BYTES, OBJECT_BYTES, RECORD_BYTES, SNAPSHOT_BYTES, STORE_KEYS
from reconciler.errors import IntegrityError, StoreError

_BY_KIND = {MARK: MARK_BYTES, SNAPSHOTS: SNAPSHOT_BYTES, "blobs": BLOB_BYTES, GARBAGE: BLOB_BYTES}


def largest(key: str) -> int:
    """Return how many bytes are read into memory of the object under `key`."""
    return _BY_KIND.get(key.partition("/")[0], RECORD_BYTES)


def too_large(key: str, size: int, limit: int) -> IntegrityError:
    """Return the error E612 for an object that is larger than one of its kind is ever written."""
    return IntegrityError(
        f"{key} has {size:,} bytes in its store; an object of its kind has at most {limit:,}",
        code="E612",
        hint="this tool did not write it: restore it from a backup; nothing of it was read",
    )


def listed(keys: Iterable[str], prefix: str, *, most: int = STORE_KEYS) -> list[str]:
    """Return the keys below `prefix`; IntegrityError E612, without more of them, where there are more than `most`."""
    taken = list(islice(keys, most + 1))
    if len(taken) > most:
        raise IntegrityError(
            f"there are more than {most:,} objects or folders below {prefix or 'the root of the store'}",
            code="E612",
            hint="this tool did not write them: look for what fills that place, and remove it",
        )
    return taken


def check_removed(key: str) -> str:
    """Return the key of an object that may be removed, a blob; StoreError E607 for a record."""
    if not is_blob(key):
        raise StoreError(f"refusing to remove {key[:80]}: only blobs are ever removed from a store", code="E607")
    return key


def check_new(key: str, size: int, *, in_memory: bool) -> None:
    """Raise StoreError for an object that may not be written: E604 an empty one, E612 one that would not be read back.

    `in_memory`: its bytes are in memory, where they will be read again; else they are in a file.
    """
    if size == 0:
        raise StoreError(f"refusing to store an empty object as {key}", code="E604")
    limit = largest(key) if in_memory or not is_blob(key) else OBJECT_BYTES
    if size > limit:
        raise StoreError(
            f"refusing to store {size:,} bytes as {key}: an object of its kind has at most {limit:,}",
            code="E612",
            hint="docs/reference/limits.md has every limit; nothing was written",
        )
