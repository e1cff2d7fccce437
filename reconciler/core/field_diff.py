"""List field changes between two values, for explanations; nothing is decided by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum

from reconciler.core.number_text import declared

PRESENT = "yes"  # the text of a list's item that is a name alone, such as a feature


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One changed field: `path` dotted, `old` and `new` as text; None where the field is absent."""

    path: str
    old: str | None
    new: str | None


def changes(old: object, new: object) -> tuple[FieldChange, ...]:
    """Return every leaf that differs, sorted by path. Named list items are paired by name, others by position."""
    before, after = dict(_leaves(old, "")), dict(_leaves(new, ""))
    return tuple(
        FieldChange(path=path, old=before.get(path), new=after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    )


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name != "format":
                yield from _leaves(getattr(value, field.name), f"{path}.{field.name}" if path else field.name)
    elif isinstance(value, tuple):
        yield from _items(value, path)
    else:
        yield path, _text(value)


def _items(items: tuple[object, ...], path: str) -> Iterator[tuple[str, str]]:
    for position, item in enumerate(items):
        match item:
            case (str(name), rest):
                yield from _leaves(rest, f"{path}.{name}")
            case str(name):
                yield f"{path}.{name}", PRESENT
            case _ if isinstance(label := getattr(item, "name", None), str):
                yield f"{path}.{label}", _summary(item)
            case _ if called := _called(item):
                count = sum(_called(other) == called for other in items[:position])
                yield from _leaves(item, f"{path}.{called} #{count + 1}" if count else f"{path}.{called}")
            case _:
                yield from _leaves(item, f"{path}.{position}")


def _called(item: object) -> str:
    """Return what an item without a name is called by, such as a gate: what it uses, and its metric; else nothing."""
    uses = getattr(item, "uses", None)
    return " ".join(filter(None, (uses, getattr(item, "metric", None)))) if isinstance(uses, str) else ""


def _summary(item: object) -> str:
    """Return a named item on one line: all fields that are set, except the name."""
    if not is_dataclass(item):
        return _text(item)
    parts = [
        _text(part)
        for field in fields(item)
        if field.name != "name" and (part := getattr(item, field.name)) is not None
    ]
    return "; ".join(parts) or PRESENT


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return declared(value) if isinstance(value, float) else str(value)
