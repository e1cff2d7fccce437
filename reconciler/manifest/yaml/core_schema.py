"""Resolve unquoted scalars by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema)."""

from __future__ import annotations

import math
import re
from typing import Any

MAX_DIGITS = 40
_FIRST_CHARACTERS = frozenset("~nNtTfF+-.0123456789")  # of every scalar that is not text
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def resolved(text: str) -> Any:
    """Return the value of an unquoted scalar by the core schema. Raises OverflowError for too many digits."""
    if text and text[0] not in _FIRST_CHARACTERS:
        return text
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        prefix = _short(text)[:2]
        return int(text[2:], {"0x": 16, "0o": 8}[prefix]) if prefix in ("0x", "0o") else int(text)
    if _FLOAT.fullmatch(text):
        return float(_short(text))
    if _INFINITE.fullmatch(text):
        return math.nan if "n" in text.lower()[-1:] and "nan" in text.lower() else math.inf
    return text


def _short(number: str) -> str:
    if len(number) > MAX_DIGITS:
        raise OverflowError(f"a number of {len(number):,} digits")
    return number


def kind_of(value: Any) -> str:
    """Return the type of a value in plain words."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case _:
            return "text"
