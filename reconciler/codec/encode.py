"""Encode core values as plain JSON data: one writer per class, built when it is first needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.codec.exit_codes import EXIT_CODES
from reconciler.codec.fields import defaults, form_of_tuple, members
from reconciler.core.status_codes import ResultStatus

Json = Any


def to_json(value: object) -> Json:
    """Return the plain JSON data of a core value. Raises TypeError for a type without a JSON form."""
    kind = type(value)
    return _writer(kind)(value, kind)


_SCALARS = frozenset([bool, int, float, str])
_Write = Callable[[Any, Any], Json]
"""(value, its declared type) -> JSON data"""


def _new_writer(kind: Any) -> _Write:
    if kind is ResultStatus:
        return lambda value, hint: EXIT_CODES[value]  # noqa: ARG005
    if issubclass(kind, Enum):
        return lambda value, hint: value.value  # noqa: ARG005
    if kind is type(None) or issubclass(kind, (bool, int, float)):
        return lambda value, hint: value  # noqa: ARG005
    if issubclass(kind, (str, Path)):
        return lambda value, hint: str(value)  # noqa: ARG005
    if issubclass(kind, datetime):
        return _write_time
    if issubclass(kind, tuple):
        return _write_tuple
    if issubclass(kind, Mapping):
        return lambda value, hint: {str(name): to_json(item) for name, item in value.items()}  # noqa: ARG005
    if dataclasses.is_dataclass(kind):
        return _dataclass_writer(kind)
    raise TypeError(f"no JSON form for {kind.__name__}")


_writer: Callable[[Any], _Write] = cache(_new_writer)


def _write_time(value: datetime, hint: Any) -> str:  # noqa: ARG001
    if value.tzinfo is None:
        raise TypeError("a time without a time zone")
    return value.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def _write_tuple(value: tuple[Any, ...], hint: Any) -> Json:
    item, inner = form_of_tuple(hint)
    if inner is None:
        return [element if type(element) in _SCALARS else _writer(type(element))(element, item) for element in value]
    entries = {name: _writer(type(element))(element, inner) for name, element in value}
    if len(entries) != len(value):
        raise ValueError("a name is given twice")
    return entries


def _write_without_defaults(value: Any, hint: Any) -> Json:  # noqa: ARG001
    kind: Any = type(value)
    left_out = defaults(kind)
    return {
        key: _writer(type(item))(item, declared)
        for name, key, declared in members(kind)
        if (item := getattr(value, name)) is not None and not (name in left_out and left_out[name] == item)
    }


def _dataclass_writer(kind: Any) -> _Write:
    fields, left_out = members(kind), defaults(kind)
    if left_out:
        return _write_without_defaults

    def write(value: Any, hint: Any) -> Json:  # noqa: ARG001
        return {
            key: item if type(item) in _SCALARS else _writer(type(item))(item, declared)
            for name, key, declared in fields
            if (item := getattr(value, name)) is not None
        }

    return write
