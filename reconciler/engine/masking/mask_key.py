"""Read the key of pseudonyms where a copy needs it, and name it by its short id."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from reconciler.engine.needed_secrets import ReadSecret, how_key_comes, is_unset
from reconciler.errors import DataError

SHORTEST = 16  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskKey:
    """A key of pseudonyms, in hexadecimal digits, and its short id, which tells two keys apart and no more."""

    digits: str = field(repr=False)
    id: str


def read_key(read: ReadSecret, reference: str | None, *, before: str | None = None) -> MaskKey:
    """Return the key that `maskKey` names; `before`: the id of the key that the last copy was made with.

    Raises DataError E451 where it is missing, empty or too short.
    """
    if reference is None:
        hint = "declare `maskKey: env:NAME` beside `mask` in the environment that has the tables"
        raise DataError("a column becomes a pseudonym, and no `maskKey` says where its key is", code="E451", hint=hint)
    text, hint = read(reference), how_key_comes(reference, before)
    if not text:
        raise DataError(f"there is no key of pseudonyms: {is_unset(reference)}", code="E451", hint=hint)
    key = text.encode()
    if len(key) < SHORTEST:
        place = reference.partition(":")[2]
        message = f"the key of pseudonyms is too short: {place} holds fewer than {SHORTEST} bytes"
        raise DataError(message, code="E451", hint=hint)
    return MaskKey(digits=key.hex(), id=_id(key))


def _id(key: bytes) -> str:
    return hmac.new(key, b"reconciler: the id of a mask key", hashlib.sha256).hexdigest()[:12]
