"""Decode plain JSON data as core values, strictly: one reader per declared type, built when it is first needed."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from reconciler.codec.exit_codes import STATUSES
from reconciler.codec.fields import defaults, form_of_tuple, members
from reconciler.core.digest import Digest, is_digest
from reconciler.core.status_codes import ResultStatus

T = TypeVar("T")
Json = Any


class _MisfitError(ValueError):
    """A value that does not fit. Its place is assembled on the way up, so that valid documents pay nothing for it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.place = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.args[0]}" if self.place else self.args[0]


_Read = Callable[[Json], Any]


def from_json(kind: type[T], document: Json) -> T:
    """Decode plain JSON data as a value of type `kind`. Raises ValueError with the place and the mismatch."""
    try:
        return cast("T", _at(getattr(kind, "__name__", "value"), _reader(cast("Any", kind)), document))
    except _MisfitError as error:
        raise ValueError(str(error)) from None


@cache
def _reader(kind: Any) -> _Read:
    if (known := _READERS.get(kind)) is not None:
        return known
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union_reader(typing.get_args(kind))
    if origin is tuple:
        return _tuple_reader(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(cast("type", kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    raise TypeError(f"no JSON form for {kind}")


def _expecting(kind: type, description: str | None = None) -> _Read:
    def read(document: Json) -> Any:
        if type(document) is not kind:
            raise _MisfitError(f"expected {description or kind.__name__}, found {type(document).__name__}")
        return document

    return read


def _read_digest(document: Json) -> Any:
    if type(document) is str and is_digest(document):
        return document
    raise _MisfitError("expected sha256:<64 hex>")


def _read_number(document: Json) -> Any:
    if type(document) in (int, float):
        return float(document)
    raise _MisfitError(f"expected a number, found {type(document).__name__}")


def _read_time(document: Json) -> Any:
    if type(document) is str and _TIME.fullmatch(document) is not None:
        return datetime.fromisoformat(document)
    raise _MisfitError("expected a time such as 2026-11-23T16:05:04Z")


_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def _read_status(document: Json) -> Any:
    if type(document) is int and document in STATUSES:
        return STATUSES[document]
    raise _MisfitError("expected an exit code")


_expect_text, _expect_list, _expect_object = _expecting(str), _expecting(list), _expecting(dict)
_READERS: dict[Any, _Read] = {
    str: _expect_text,
    bool: _expecting(bool),
    int: _expecting(int, "a whole number"),
    type(None): _expecting(type(None), "nothing"),
    float: _read_number,
    Digest: _read_digest,
    ResultStatus: _read_status,
    datetime: _read_time,
    Path: lambda document: Path(_expect_text(document)),
}


def _at(place: str, read: _Read, document: Json) -> Any:
    """Read the value at `place` of a larger document."""
    try:
        return read(document)
    except _MisfitError as error:
        error.place = place + error.place
        raise


def _enum_reader(kind: type[Enum]) -> _Read:
    known = {member.value: member for member in kind}

    def read(document: Json) -> Any:
        if type(document) not in (str, int) or document not in known:
            raise _MisfitError(f"{str(document)[:60]!r} is not a valid {kind.__name__}")
        return known[document]

    return read


def _tuple_reader(kind: Any) -> _Read:
    item, inner = form_of_tuple(kind)
    read = _reader(item if inner is None else inner)
    if inner is not None:
        return lambda document: tuple(
            (name, _at(f".{name}", read, entry)) for name, entry in sorted(_expect_object(document).items())
        )
    return lambda document: tuple(_at(f"[{index}]", read, entry) for index, entry in enumerate(_expect_list(document)))


def _union_reader(members: tuple[Any, ...]) -> _Read:
    scalars = tuple(member for member in members if member in (bool, int, float, str, type(None)))
    classes = tuple(member for member in members if dataclasses.is_dataclass(member))
    # A union has at most one member that is neither a scalar nor a class (a list, a time, an enum).
    others = tuple(_reader(member) for member in members if member not in scalars and member not in classes)

    def read(document: Json) -> Any:
        kind = type(document)
        if kind is dict and classes:
            return _reader(_chosen(classes, document))(document)
        if kind in scalars:
            return document
        if kind is int and float in scalars:
            return float(document)
        if others:
            return others[0](document)
        raise _MisfitError(f"found {kind.__name__}")

    return read


def _chosen(classes: tuple[Any, ...], document: Json) -> Any:
    """Return the class that the document's `uses` names; a class without `uses` accepts any document."""
    for candidate in classes:
        uses = next((field.default for field in dataclasses.fields(candidate) if field.name == "uses"), None)
        if not isinstance(uses, str) or document.get("uses") == uses:
            return candidate
    raise _MisfitError(f"unknown kind {str(document.get('uses'))[:40]!r}")


def _dataclass_reader(kind: type) -> _Read:
    @cache
    def fields() -> tuple[tuple[str, str, _Read, bool], ...]:
        """Return (attribute, key, reader, optional) per field; computed late, since a class may contain itself."""
        return tuple(
            (name, key, _reader(hint), type(None) in typing.get_args(hint)) for name, key, hint in members(kind)
        )

    known = frozenset(key for _, key, _ in members(kind))
    left_out = defaults(kind)

    def read(document: Json) -> Any:
        if not known.issuperset(_expect_object(document)):
            raise _MisfitError(f"unknown field {min(document.keys() - known)[:60]!r}")
        values: dict[str, Any] = {}
        key = ""
        try:
            for name, key, read_one, optional in fields():
                if (item := document.get(key)) is not None:
                    values[name] = read_one(item)
                elif key in document:
                    raise _MisfitError("null is not allowed; leave the field out")
                elif name in left_out:
                    values[name] = left_out[name]
                elif optional:
                    values[name] = None
                else:
                    raise _MisfitError("is missing")
        except _MisfitError as error:
            error.place = f".{key}{error.place}"
            raise
        return kind(**values)

    return read
