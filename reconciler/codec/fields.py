"""Describe the fields of a dataclass and the forms of its tuples, as `codec` writes and reads them."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, cast

from reconciler.codec.exit_codes import KEY
from reconciler.core.digest import DefaultsLeftOut
from reconciler.core.status_codes import ResultStatus


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def members(kind: type) -> tuple[tuple[str, str, Any], ...]:
    """Return (attribute, JSON key, declared type) of every field."""
    return tuple((name, KEY if hint is ResultStatus else _camel(name), hint) for name, hint in _hints(kind).items())


@cache
def defaults(kind: type) -> dict[str, Any]:
    """Return the defaults of the fields that are left out where they have them, by attribute."""
    if not issubclass(kind, DefaultsLeftOut):
        return {}
    described = dataclasses.fields(cast("Any", kind))
    return {field.name: field.default for field in described if field.default is not dataclasses.MISSING}


@cache
def form_of_tuple(kind: Any) -> tuple[Any, Any]:
    """Return the declared type of a tuple's items, and of an entry's value where JSON writes an object (else None)."""
    item = _item_of_tuple(kind)
    return item, _pair(item)


def _item_of_tuple(kind: object) -> Any:
    """Return X of tuple[X, ...], also inside `tuple[X, ...] | None`; `object` when nothing is declared."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(member for member in typing.get_args(kind) if typing.get_origin(member) is tuple)
    arguments = typing.get_args(kind)
    return arguments[0] if arguments else object


def _pair(item: Any) -> Any:
    """Return X when `item` is tuple[str, X] (a pair, hence an object's entry), else None."""
    arguments = typing.get_args(item)
    if typing.get_origin(item) is tuple and len(arguments) == 2 and arguments[0] is str and arguments[1] is not ...:
        return arguments[1]
    return None


@cache
def _camel(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)
