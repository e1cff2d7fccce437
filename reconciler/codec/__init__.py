"""Encode core values as canonical JSON (RFC 8785), decode them strictly, and compute digests of values.

One rule for every dataclass of `core` and `ports`: field names become camelCase keys, None is left out, everything
else is written even where it equals its default, `tuple[tuple[str, X], ...]` is an object (its keys sorted), any other
tuple an array, times are `2026-11-23T16:05:04Z`. Reading is strict: an unknown or missing key, a wrong type, a key
given twice or a non-canonical byte is an error, so that one value has exactly one form and one digest. The stored form
of a `Checksummed` record has one more member, the last: its checksum, the digest of the form without it.

Why not cattrs, msgspec or pydantic: their import alone takes longer than most commands run.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, TypeVar, cast

from reconciler.codec.decode import from_json
from reconciler.codec.encode import to_json
from reconciler.codec.fields import form_of_tuple, members
from reconciler.core.digest import Checksummed, ChecksummedUnlessByHand, Digest, digest_of_bytes, hex_of
from reconciler.errors import IntegrityError

__all__ = [
    "canonical",
    "decode",
    "digest_of",
    "encode",
    "form_of_tuple",
    "from_json",
    "is_simple",
    "items_of",
    "members",
    "to_json",
    "with_checksum",
]

T = TypeVar("T")
Json = Any


def canonical(document: Json) -> bytes:
    """Return the RFC 8785 bytes of plain JSON data. Raises ValueError for NaN, infinities and integers beyond 2^53."""
    if is_simple(document):
        return _ENCODER.encode(document).encode()
    import rfc8785  # imported late: few documents hold a number that needs it

    return rfc8785.dumps(document)


# Thirty times faster than rfc8785, and the same bytes wherever `is_simple` holds.
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


def is_simple(document: Json) -> bool:
    """Return whether Python's own encoder gives the canonical form.

    Keys must be ASCII (so that their order is that of UTF-16), and no number one that JavaScript writes otherwise
    (1.0 as 1, 0.00001 as 0.00001, 1e-07 as 1e-7).
    """
    kind = type(document)
    if kind is str or kind is bool or document is None:
        return True
    if kind is dict:
        for key, item in document.items():
            if type(key) is not str or not key.isascii() or (type(item) is not str and not is_simple(item)):
                return False
        return True
    if kind is list:
        return all(map(is_simple, document))
    if kind is int:
        return bool(-_MAX_INTEGER <= document <= _MAX_INTEGER)
    return kind is float and bool(1e-4 <= abs(document) < _MAX_INTEGER and not document.is_integer())


_MAX_INTEGER = 2**53 - 1


def encode(value: object) -> bytes:
    """Return the canonical JSON of a core value, with its checksum where it has one."""
    body = canonical(to_json(value))
    return with_checksum(body) if isinstance(value, Checksummed) else body


def with_checksum(document: bytes) -> bytes:
    """Return a JSON object's canonical bytes with the checksum as its last member."""
    return document[:-1] + _CHECKSUM + _checksum_of(document)


_CHECKSUM = b',"~sha256":"'  # sorts behind the key of every field


def _checksum_of(body: bytes) -> bytes:
    return f'{hex_of(digest_of_bytes(body))}"}}'.encode()


def _without_checksum(body: bytes) -> bytes:
    """Return the document without its checksum. Raises ValueError when the checksum is missing or does not match."""
    before, mark, checksum = body.rpartition(_CHECKSUM)
    if not mark:
        raise ValueError("the checksum is missing: the file was cut short, or an older version wrote it")
    document = before + b"}"
    if checksum != _checksum_of(document):
        raise ValueError("the checksum does not match: the file was changed after it was written")
    return document


def items_of(body: bytes) -> int:
    """Return a number that the values of a JSON document do not exceed, without parsing it: a list of nothing takes
    twenty times its text in memory."""
    return body.count(b",") + body.count(b"[") + body.count(b"{") + 1


def digest_of(value: object) -> Digest:
    """Return the digest of a value's canonical JSON, without a checksum."""
    return digest_of_bytes(canonical(to_json(value)))


def decode(kind: type[T], body: bytes, *, what: str) -> T:
    """Decode canonical JSON as a value of type `kind`; `what` names the document in errors.

    Raises IntegrityError E604 (empty) or E508 (not the canonical form of such a value).
    """
    if not body:
        raise IntegrityError(f"{what} is empty", code="E604", hint=_DAMAGED)
    try:
        read = _kept if len(body) <= _KEPT else _decoded
        return cast("T", read(cast("Any", kind), body))
    except (ValueError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: {_first_line(error)}", code="E508", hint=_DAMAGED) from error


_KEPT = 64 * 1024  # bytes of a body that is kept; what others wrote may be larger


@lru_cache(maxsize=1024)
def _kept(kind: type, body: bytes) -> object:
    """Decode a body once: equal bytes give equal values, values never change, and many steps read the same file."""
    return _decoded(kind, body)


def _decoded(kind: type, body: bytes) -> object:
    if issubclass(kind, Checksummed) and (_CHECKSUM in body or not issubclass(kind, ChecksummedUnlessByHand)):
        body = _without_checksum(body)
    text = body.decode()
    document = _DECODER.decode(text)
    value: object = from_json(kind, document)
    # `from_json` changes nothing that it accepts, so a document with only one JSON form needs no second encoding.
    if (_ENCODER.encode(document).encode() if is_simple(document) else canonical(to_json(value))) != body:
        json.loads(text, object_pairs_hook=_no_duplicates)  # a duplicate key has a message of its own
        raise ValueError("bytes are not the canonical form of their value")
    return value


_DAMAGED = "restore the file from a backup; `reconciler audit` lists every damaged file"


def _first_line(error: Exception) -> str:
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "not JSON"
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _no_duplicates(pairs: list[tuple[str, Json]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is given twice")


def _no_constant(text: str) -> Json:
    raise ValueError(f"{text} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
