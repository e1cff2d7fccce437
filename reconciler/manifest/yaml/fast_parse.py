"""YAML bytes -> plain data, at half the price of `read`, for documents of which there is nothing to say.

One pass over libyaml's events with the checks of `read` and without its positions. What does not pass has no answer
here: `read` is asked, and says what is wrong and where. Both give the same data for every document (a property test).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml

from reconciler.manifest.yaml import secret_scan
from reconciler.manifest.yaml.parse import MAX_BYTES, MAX_DEPTH, MAX_NODES, resolved

_LOADER = getattr(yaml, "CSafeLoader", None)
_PARSER: Any = _LOADER and _LOADER.__bases__[0]  # without what a loader adds to it


class _OddError(Exception):
    """Something that `read` has to look at."""


def data_of(body: bytes) -> dict[str, Any] | None:
    """What `read(...).data()` gives; None for a document that something is wrong with, that may hold a secret, or that
    has more than plain ASCII in it."""
    if _PARSER is None or len(body) > MAX_BYTES:
        return None
    try:
        text = body.decode()
        return None if text.startswith("\ufeff") else _Document(_PARSER(text).get_event).data()
    except (_OddError, yaml.YAMLError, OverflowError, UnicodeDecodeError):
        return None


class _Document:
    def __init__(self, event: Callable[[], Any]) -> None:
        self._event = event
        self._texts: list[str] = []
        self._depth = 0

    def data(self) -> dict[str, Any]:
        self._expect(yaml.StreamStartEvent)
        self._expect(yaml.DocumentStartEvent)
        self._expect(yaml.MappingStartEvent)
        found = self._mapping()
        self._expect(yaml.DocumentEndEvent)
        self._expect(yaml.StreamEndEvent)
        if len(self._texts) > MAX_NODES or secret_scan.likely("\n".join(self._texts)):
            raise _OddError
        return found

    def _expect(self, kind: type) -> None:
        event = self._event()
        if event.__class__ is not kind or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise _OddError

    def _mapping(self) -> dict[str, Any]:
        self._texts.append("")  # it counts as a node
        self._depth += 1
        found: dict[str, Any] = {}
        while (event := self._event()).__class__ is yaml.ScalarEvent:
            key = self._scalar(event)
            if key.__class__ is not str or key in found or key == "<<":
                raise _OddError
            found[key] = self._value(self._event())
        if event.__class__ is not yaml.MappingEndEvent:  # a key that is no scalar
            raise _OddError
        self._depth -= 1
        return found

    def _list(self) -> list[Any]:
        self._texts.append("")
        self._depth += 1
        found = []
        while (event := self._event()).__class__ is not yaml.SequenceEndEvent:
            found.append(self._value(event))
        self._depth -= 1
        return found

    def _value(self, event: Any) -> Any:
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            return self._scalar(event)
        if kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None or self._depth >= MAX_DEPTH:
            raise _OddError
        return self._mapping() if kind is yaml.MappingStartEvent else self._list()

    def _scalar(self, event: Any) -> Any:
        if event.anchor is not None or event.tag is not None:
            raise _OddError
        text = event.value
        self._texts.append(text)
        return _meaning(text, event.implicit[0])


@lru_cache(maxsize=4096)
def _meaning(text: str, plain: bool) -> Any:
    """The same words come in thousands of manifests."""
    if not text.isascii() or not text.replace("\n", "").isprintable():
        raise _OddError
    return resolved(text) if plain else text
