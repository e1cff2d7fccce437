"""Values as JSON: the codec's canonical form, indented. Keys are camelCase and sorted; `format` is the version.

Only ASCII is written, so that the bytes are the same under every locale and no label reaches a terminal raw.
"""

from __future__ import annotations

import json as _json
from collections.abc import Callable, Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from reconciler import codec


class Written:
    """A list whose items are JSON text already, as `item` wrote them."""

    def __init__(self, items: Iterable[str]) -> None:
        self.items = items


def document(value: object, extra: Mapping[str, Any] | None = None) -> str:
    """Return `value` as a JSON document; `extra` are facts that follow from it, such as the exit code."""
    parts: list[str] = []
    _write(data(value, extra), "\n", parts.append)
    parts.append("\n")
    return "".join(parts)


def data(value: object, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return `value` and `extra` as plain JSON data, each number as the canonical form has it."""
    fields: dict[str, Any] = {**codec.to_json(value), **(extra or {})}
    return fields if codec.is_simple(fields) else dict(_json.loads(codec.canonical(fields)))


def item(value: object, *, depth: int) -> str:
    """Return `value` as an item of a list in a document; `depth`: how many lists and objects that one lies in."""
    parts: list[str] = []
    _write(data(value), "\n" + "  " * depth, parts.append)
    return "".join(parts)


def streamed(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of the document with these fields; a `Written` list among them is not held."""
    parts: list[str] = []
    for part in _parts(fields, "\n"):
        parts.append(part)
        if len(parts) == _AT_ONCE:
            yield "".join(parts)
            parts.clear()
    yield "".join((*parts, "\n"))


_AT_ONCE = 256


def _parts(fields: Mapping[str, Any], line: str) -> Iterator[str]:
    """Yield the parts of an object that may hold `Written` lists, in itself or in objects of its lists."""
    if not fields:
        yield "{}"
        return
    deeper = f"{line}  "
    start = f"{{{deeper}"
    for key in sorted(fields):
        yield f"{start}{_quoted(key)}: "
        yield from _value_parts(fields[key], deeper)
        start = f",{deeper}"
    yield f"{line}}}"


def _value_parts(value: Any, line: str) -> Iterator[str]:
    deeper = f"{line}  "
    if isinstance(value, Written):
        start = f"[{deeper}"
        for text in value.items:
            yield start + text
            start = f",{deeper}"
        yield "[]" if start[0] == "[" else f"{line}]"
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        start = f"[{deeper}"
        for each in value:
            yield start
            yield from _parts(each, deeper)
            start = f",{deeper}"
        yield f"{line}]"
    else:
        parts: list[str] = []
        _write(value, line, parts.append)
        yield "".join(parts)


def _write(value: Any, line: str, put: Callable[[str], None]) -> None:
    """Write plain JSON data as `json.dumps` does with an indent of 2 and sorted keys; its own encoder of indented text
    takes half as long again. `line`: a line break, with the indent of the line that the value begins in."""
    kind = type(value)
    if kind is str:
        put(_quoted(value))
    elif kind is dict and value:
        deeper = f"{line}  "
        start = f"{{{deeper}"
        for key in sorted(value):
            put(f"{start}{_quoted(key)}: ")
            _write(value[key], deeper, put)
            start = f",{deeper}"
        put(f"{line}}}")
    elif kind is list and value:
        deeper = f"{line}  "
        start = f"[{deeper}"
        for each in value:
            put(start)
            _write(each, deeper, put)
            start = f",{deeper}"
        put(f"{line}]")
    else:
        put(_json.dumps(value))
