"""Secrets do not belong in a manifest: shapes of keys and passwords, found in any text of any document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.manifest.yaml.parse import Node

_SHAPES = (
    ("a cloud access key", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a password in an address", re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")),
    ("a forge's token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[\w-]{20,})")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
)

# One of these is in everything that has such a shape.
_MARKS = (
    "AKIA",
    "ASIA",
    "PRIVATE KEY-----",
    "://",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "eyJ",
)


def likely(text: str) -> bool:
    """Whether it is worth looking closer; certainly so where `found` would find something in a part of `text`."""
    return any(mark in text for mark in _MARKS)


def found(node: Node) -> Iterator[tuple[str, int, int]]:
    """(what it looks like, line, column) for each; the text itself is never repeated."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one.value, dict):
            pending.extend(one.value.values())
            for key, line, column in one.keys:
                yield from _shapes(key, line, column)
        elif isinstance(one.value, list):
            pending.extend(one.value)
        elif isinstance(one.value, str):
            yield from _shapes(one.value, one.line, one.column)


def _shapes(text: str, line: int, column: int) -> Iterator[tuple[str, int, int]]:
    for what, shape in _SHAPES:
        if shape.search(text):
            yield what, line, column
