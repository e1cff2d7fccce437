"""The journal's entries that a target keeps in a bucket, by model and number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.adapters.object_storage.bucket import ObjectTooLargeError
from reconciler.core.artifact.object_sizes import too_large
from reconciler.core.artifact.target_ownership import ENTRIES
from reconciler.core.size_limits import RECORD_BYTES

if TYPE_CHECKING:
    from reconciler.adapters.object_storage.bucket import Bucket


def keep(bucket: Bucket, model: str, n: int, body: bytes) -> bool:
    """Write the bytes of an entry; False where another program wrote there meanwhile."""
    key = _key(model, n)
    try:
        answer = bucket.get(key, RECORD_BYTES)
    except ObjectTooLargeError as error:
        return bucket.swap(key, body, error.tag)
    if answer is None:
        return bucket.create(key, body)
    return answer[0] == body or bucket.swap(key, body, answer[1])


def read(bucket: Bucket, model: str, n: int) -> bytes | None:
    """Return the bytes that are kept, or None. Raises IntegrityError E612."""
    key = _key(model, n)
    try:
        answer = bucket.get(key, RECORD_BYTES)
    except ObjectTooLargeError as error:
        raise too_large(f"{key} of {bucket.address}", error.size, error.largest) from error
    return answer[0] if answer is not None else None


def _key(model: str, n: int) -> str:
    return f"{model}/{ENTRIES}/{n}.json"
