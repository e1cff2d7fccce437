"""Parse YAML bytes as plain data in half the time of `read`, for documents without problems.

One pass over libyaml's events with the checks of `read` and without its positions. A document that fails a check has no
result here: `read` then reports the problem and its place. Both give the same data for every document (property test).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml

from reconciler.core.size_limits import MANIFEST_BYTES
from reconciler.manifest.yaml import secret_scan
from reconciler.manifest.yaml.core_schema import resolved
from reconciler.manifest.yaml.parse import MAX_DEPTH, MAX_NODES, hidden_break

_LOADER = getattr(yaml, "CSafeLoader", None)
_PARSER: Any = _LOADER and _LOADER.__bases__[0]  # the bare parser, without constructor and resolver


class _NotSimpleError(Exception):
    """A document that `read` has to check."""


def data_of(body: bytes) -> dict[str, Any] | None:
    """Return the data that `read(...).data()` gives, or None where `read` is needed.

    That is a document with a problem, one that may hold a secret, and one with characters beyond ASCII.
    """
    if _PARSER is None or len(body) > MANIFEST_BYTES:
        return None
    try:
        text = body.decode()
        if text.startswith("\ufeff") or hidden_break(text) is not None:
            return None
        return _Document(_PARSER(text).get_event).data()
    except (_NotSimpleError, yaml.YAMLError, OverflowError, UnicodeDecodeError):
        return None


class _Document:
    """Parser of one document from libyaml's events."""

    def __init__(self, event: Callable[[], Any]) -> None:
        self._event = event
        self._texts: list[str] = []
        self._depth = 0

    def data(self) -> dict[str, Any]:
        self._expect(yaml.StreamStartEvent)
        self._expect(yaml.DocumentStartEvent)
        self._expect(yaml.MappingStartEvent)
        data = self._mapping()
        self._expect(yaml.DocumentEndEvent)
        self._expect(yaml.StreamEndEvent)
        if len(self._texts) > MAX_NODES or secret_scan.likely("\n".join(self._texts)):
            raise _NotSimpleError
        return data

    def _expect(self, kind: type) -> None:
        event = self._event()
        if event.__class__ is not kind or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise _NotSimpleError

    def _mapping(self) -> dict[str, Any]:
        self._texts.append("")  # a collection counts as a node
        self._depth += 1
        mapping: dict[str, Any] = {}
        while (event := self._event()).__class__ is yaml.ScalarEvent:
            key = self._scalar(event)
            if key.__class__ is not str or key in mapping or key == "<<":
                raise _NotSimpleError
            mapping[key] = self._value(self._event())
        if event.__class__ is not yaml.MappingEndEvent:  # a key that is not a scalar
            raise _NotSimpleError
        self._depth -= 1
        return mapping

    def _list(self) -> list[Any]:
        self._texts.append("")
        self._depth += 1
        items = []
        while (event := self._event()).__class__ is not yaml.SequenceEndEvent:
            items.append(self._value(event))
        self._depth -= 1
        return items

    def _value(self, event: Any) -> Any:
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None or self._depth >= MAX_DEPTH:
            raise _NotSimpleError
        return self._mapping() if kind is yaml.MappingStartEvent else self._list()

    def _scalar(self, event: Any) -> Any:
        if event.anchor is not None or event.tag is not None:
            raise _NotSimpleError
        text = event.value
        self._texts.append(text)
        return _value_of(text, event.implicit[0])


@lru_cache(maxsize=4096)
def _value_of(text: str, unquoted: bool) -> Any:
    """Return the value of a scalar; cached, since thousands of manifests repeat the same words."""
    if not text.isascii() or not text.replace("\n", "").isprintable():
        raise _NotSimpleError
    return resolved(text) if unquoted else text
