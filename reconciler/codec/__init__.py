"""Core values <-> canonical JSON (RFC 8785), and digests of values.

One rule for every dataclass of `core` and `ports`: field names become camelCase keys, None is left out, everything
else is written even where it equals its default, `tuple[tuple[str, X], ...]` is an object (its keys sorted), any other
tuple an array, times are `2026-11-23T16:05:04Z`. Reading is strict: an unknown or missing key, a wrong type, a key
given twice or a non-canonical byte is refused, so that one value has exactly one form and one digest. The stored form
of a `Checksummed` record has one member more, its last: the digest of the form without it.
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

__all__ = ["canonical", "decode", "digest_of", "encode", "form_of_tuple", "from_json", "members", "sealed", "to_json"]

T = TypeVar("T")
Json = Any


def canonical(document: Json) -> bytes:
    """RFC 8785 bytes of plain JSON data; ValueError for NaN, infinities and integers beyond 2^53."""
    if _plain(document):
        return _PLAIN.encode(document).encode()
    import rfc8785  # most programs never meet a number that needs it

    return rfc8785.dumps(document)


# Thirty times faster than rfc8785, and the same bytes wherever `_plain` says so.
_PLAIN = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


def _plain(document: Json) -> bool:
    """Whether Python's own encoder gives the canonical form: keys in ASCII (so that their order is that of UTF-16), and
    no number that JavaScript writes otherwise (1.0 as 1, 0.00001 as 0.00001, 1e-07 as 1e-7)."""
    kind = type(document)
    if kind is str or kind is bool or document is None:
        return True
    if kind is dict:
        for key, item in document.items():
            if type(key) is not str or not key.isascii() or (type(item) is not str and not _plain(item)):
                return False
        return True
    if kind is list:
        return all(map(_plain, document))
    if kind is int:
        return bool(-_MOST <= document <= _MOST)
    return kind is float and bool(1e-4 <= abs(document) < _MOST and not document.is_integer())


_MOST = 2**53 - 1


def encode(value: object) -> bytes:
    """The canonical JSON of a core value, with its seal where it has one."""
    body = canonical(to_json(value))
    return sealed(body) if isinstance(value, Checksummed) else body


def sealed(document: bytes) -> bytes:
    """A JSON object's canonical bytes, with the seal as its last member."""
    return document[:-1] + _SEAL + _seal_of(document)


_SEAL = b',"~sha256":"'  # sorts behind the key of every field


def _seal_of(body: bytes) -> bytes:
    return f'{hex_of(digest_of_bytes(body))}"}}'.encode()


def _unsealed(body: bytes) -> bytes:
    """The document without its seal; ValueError when that is another document's."""
    before, mark, seal = body.rpartition(_SEAL)
    if not mark:
        raise ValueError("it has no seal: it is cut, or an older version wrote it")
    document = before + b"}"
    if seal != _seal_of(document):
        raise ValueError("it is not what was written: its seal does not fit")
    return document


def digest_of(value: object) -> Digest:
    return digest_of_bytes(canonical(to_json(value)))


def decode(kind: type[T], body: bytes, *, what: str) -> T:
    """The value that `body` is the canonical form of; IntegrityError naming `what` otherwise."""
    if not body:
        raise IntegrityError(f"{what} is empty", code="E604", hint=_DAMAGED)
    try:
        return cast("T", _decoded(cast("Any", kind), body))
    except (ValueError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: {_first_line(error)}", code="E508", hint=_DAMAGED) from error


@lru_cache(maxsize=1024)
def _decoded(kind: type, body: bytes) -> object:
    """The same bytes are the same value, and values never change: documents that many steps read are read once."""
    if issubclass(kind, Checksummed) and (_SEAL in body or not issubclass(kind, ChecksummedUnlessByHand)):
        body = _unsealed(body)
    text = body.decode()
    document = _READ.decode(text)
    value: object = from_json(kind, document)
    # What `from_json` takes it gives back unchanged: where JSON has one form for it, that is the value's own.
    if (_PLAIN.encode(document).encode() if _plain(document) else canonical(to_json(value))) != body:
        json.loads(text, object_pairs_hook=_no_duplicates)  # one reason for it, which has words of its own
        raise ValueError("bytes are not the canonical form of their value")
    return value


_DAMAGED = "restore the file from a backup; `reconciler audit` lists everything that is damaged"


def _first_line(error: Exception) -> str:
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "not JSON"
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _no_duplicates(pairs: list[tuple[str, Json]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is given twice")


def _no_constant(text: str) -> Json:
    raise ValueError(f"{text} is not a JSON number")


_READ = json.JSONDecoder(parse_constant=_no_constant)
