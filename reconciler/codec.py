"""Core values <-> canonical JSON (RFC 8785), and digests of values.

One rule for every dataclass of `core` and `ports`: field names become camelCase keys, None is left out, everything
else is written even where it equals its default, `tuple[tuple[str, X], ...]` is an object (its keys sorted), any other
tuple an array, times are `2026-11-23T16:05:04Z`. Reading is strict: an unknown or missing key, a wrong type, a key
given twice or a non-canonical byte is refused, so that one value has exactly one form and one digest. The stored form
of a `Sealed` record has one member more, its last: the digest of the form without it.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import rfc8785

from reconciler.core.digest import Digest, Sealed, digest_of_bytes, hex_of, is_digest
from reconciler.errors import IntegrityError

T = TypeVar("T")
Json = Any

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def canonical(document: Json) -> bytes:
    """RFC 8785 bytes of plain JSON data; ValueError for NaN, infinities and integers beyond 2^53."""
    if _plain(document):
        return _PLAIN.encode(document).encode()
    return rfc8785.dumps(document)


# Thirty times faster than rfc8785, and the same bytes wherever `_plain` says so.
_PLAIN = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


def _plain(document: Json) -> bool:
    """Whether Python's own encoder gives the canonical form: keys in ASCII (so that their order is that of UTF-16), and
    no number that JavaScript writes otherwise (1.0 as 1, 0.00001 as 0.00001, 1e-07 as 1e-7)."""
    kind = type(document)
    if kind is str or kind is bool or document is None:
        return True
    if kind is int:
        return bool(-_MOST <= document <= _MOST)
    if kind is float:
        return bool(1e-4 <= abs(document) < _MOST and not document.is_integer())
    if kind is dict:
        return all(type(key) is str and key.isascii() and _plain(item) for key, item in document.items())
    return kind is list and all(map(_plain, document))


_MOST = 2**53 - 1


def encode(value: object) -> bytes:
    """The canonical JSON of a core value, with its seal where it has one."""
    body = canonical(to_json(value))
    return sealed(body) if isinstance(value, Sealed) else body


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


@lru_cache(maxsize=4096)
def _decoded(kind: type, body: bytes) -> object:
    """The same bytes are the same value, and values never change: documents that many steps read are read once."""
    if issubclass(kind, Sealed):
        body = _unsealed(body)
    document = json.loads(body, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    value: object = _read(document, kind, kind.__name__)
    if canonical(to_json(value)) != body:
        raise ValueError("bytes are not the canonical form of their value")
    return value


_DAMAGED = "restore the file from a backup; `reconciler audit` lists everything that is damaged"


def _first_line(error: Exception) -> str:
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "not JSON"
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document


def _no_constant(text: str) -> Json:
    raise ValueError(f"{text} is not a JSON number")


def to_json(value: object) -> Json:
    """Plain JSON data of a core value."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            key: item if type(item) in _SCALARS else _write(item, hint)
            for name, key, hint in members(cast("Any", kind))
            if (item := getattr(value, name)) is not None
        }
    return _write(value, kind)


_SCALARS = frozenset([bool, int, float, str])


def _write(value: object, kind: object) -> Json:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a time without a zone")
        return value.astimezone(UTC).strftime(_TIME)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        item, inner = form_of_tuple(kind)
        if inner is not None:
            entries = {name: _write(one, inner) for name, one in value}
            if len(entries) != len(value):
                raise ValueError("a name is given twice")
            return entries
        return [_write(one, item) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _write(one, type(one)) for name, one in value.items()}
    return to_json(value)


def from_json(kind: type[T], document: Json) -> T:
    """The value of type `kind` that plain JSON data describe; ValueError says what does not fit."""
    return cast("T", _read(document, kind, kind.__name__))


def _read(document: Json, kind: Any, place: str) -> Any:  # noqa: PLR0911
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _read_union(document, typing.get_args(kind), place)
    if kind is Digest:
        if not (isinstance(document, str) and is_digest(document)):
            raise ValueError(f"{place}: expected sha256:<64 hex>")
        return document
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(document, cast("type", kind), place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(document)
    if kind is datetime:
        return datetime.strptime(_expect(document, str, place), _TIME).replace(tzinfo=UTC)
    if kind is Path:
        return Path(_expect(document, str, place))
    if kind is float:
        if isinstance(document, bool) or not isinstance(document, (int, float)):
            raise ValueError(f"{place}: expected a number, found {type(document).__name__}")
        return float(document)
    if kind is int:
        if isinstance(document, bool) or not isinstance(document, int):
            raise ValueError(f"{place}: expected a whole number, found {type(document).__name__}")
        return document
    if kind in (str, bool):
        return _expect(document, kind, place)
    if kind is type(None):
        if document is not None:
            raise ValueError(f"{place}: expected nothing")
        return None
    if origin is tuple:
        item, inner = form_of_tuple(kind)
        if inner is not None:
            pairs = _expect(document, dict, place)
            return tuple((name, _read(pairs[name], inner, f"{place}.{name}")) for name in sorted(pairs))
        items = _expect(document, list, place)
        return tuple(_read(one, item, f"{place}[{i}]") for i, one in enumerate(items))
    raise TypeError(f"{place}: no JSON form for {kind}")


def _read_union(document: Json, members: tuple[Any, ...], place: str) -> Any:
    if isinstance(document, dict):
        for member in members:
            if dataclasses.is_dataclass(member):
                uses = {f.name: f.default for f in dataclasses.fields(member)}.get("uses")
                if not isinstance(uses, str) or document.get("uses") == uses:
                    return _read(document, member, place)
        raise ValueError(f"{place}: unknown kind {str(document.get('uses'))[:40]!r}")
    if document is None and type(None) in members:
        return None
    for wanted in (bool, int, float, str):
        if wanted in members and type(document) is wanted:
            return document
    for member in members:
        if member in (bool, int, float, str, type(None)) or dataclasses.is_dataclass(member):
            if member is float and type(document) is int:
                return float(document)
            continue
        return _read(document, member, place)
    raise ValueError(f"{place}: found {type(document).__name__}")


def _read_dataclass(document: Json, kind: type, place: str) -> Any:
    fields = _expect(document, dict, place)
    hints = _hints(kind)
    known = {_camel(name): name for name in hints}
    if unknown := sorted(set(fields) - set(known)):
        raise ValueError(f"{place}: unknown field {unknown[0][:60]!r}")
    values = {}
    for key, name in known.items():
        if key in fields:
            values[name] = _read(fields[key], hints[name], f"{place}.{key}")
        elif type(None) not in typing.get_args(hints[name]):
            raise ValueError(f"{place}: {key} is missing")
        else:
            values[name] = None
    return kind(**values)


def _expect(document: Json, kind: type, place: str) -> Any:
    if not isinstance(document, kind):
        raise ValueError(f"{place}: expected {kind.__name__}, found {type(document).__name__}")  # noqa: TRY004
    return document


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def members(kind: type) -> tuple[tuple[str, str, Any], ...]:
    """(attribute, key, declared type) of every field."""
    return tuple((name, _camel(name), hint) for name, hint in _hints(kind).items())


@cache
def form_of_tuple(kind: Any) -> tuple[Any, Any]:
    """(declared type of an item, type of an entry's value where the tuple is an object, else None)."""
    item = _item_of_tuple(kind)
    return item, _pair(item)


def _item_of_tuple(kind: object) -> Any:
    """X of tuple[X, ...], also inside `tuple[X, ...] | None`; the value's own types when nothing is declared."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(one for one in typing.get_args(kind) if typing.get_origin(one) is tuple)
    arguments = typing.get_args(kind)
    return arguments[0] if arguments else object


def _pair(item: Any) -> Any:
    """X when `item` is tuple[str, X] (a pair, hence an object's entry), else None."""
    arguments = typing.get_args(item)
    if typing.get_origin(item) is tuple and len(arguments) == 2 and arguments[0] is str and arguments[1] is not ...:
        return arguments[1]
    return None


@cache
def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)
