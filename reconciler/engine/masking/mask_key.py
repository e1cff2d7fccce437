"""Read the key of pseudonyms where a copy needs it, and name it by its short id."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from reconciler.engine.dependencies import Dependencies
from reconciler.errors import DataError

SHORTEST = 16  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskKey:
    """A key of pseudonyms, in hexadecimal digits, and its short id, which tells two keys apart and no more."""

    digits: str = field(repr=False)
    id: str


def read_key(deps: Dependencies, reference: str | None) -> MaskKey:
    """Return the key that `maskKey` names. Raises DataError E451 where it is missing, empty or too short."""
    if reference is None:
        hint = "declare `maskKey: env:NAME` beside `mask` in the environment that has the tables"
        raise DataError("a column becomes a pseudonym, and no `maskKey` says where its key is", code="E451", hint=hint)
    text = deps.secret(reference)
    kind, _, place = reference.partition(":")
    where = f"the environment variable {place}" if kind == "env" else f"the file {place}"
    hint = f"set {where} to a secret of {SHORTEST} bytes or more, such as one of `openssl rand -hex 32`"
    if text is None:
        raise DataError(f"the key of pseudonyms is missing: {where} is not set, or empty", code="E451", hint=hint)
    key = text.encode()
    if len(key) < SHORTEST:
        message = f"the key of pseudonyms is too short: {where} holds fewer than {SHORTEST} bytes"
        raise DataError(message, code="E451", hint=hint)
    return MaskKey(digits=key.hex(), id=_id(key))


def _id(key: bytes) -> str:
    return hmac.new(key, b"reconciler: the id of a mask key", hashlib.sha256).hexdigest()[:12]
