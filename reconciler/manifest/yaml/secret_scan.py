"""Find secrets in manifests by the shapes of keys and passwords, in any text of any document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.manifest.yaml.parse import Node

_SHAPES = (
    ("a cloud access key", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a password in a URL", re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")),
    ("a forge's token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[\w-]{20,})")),
    ("a signed address", re.compile(r"[?&](X-Amz-Signature|X-Goog-Signature|sig)=[A-Za-z0-9%/+=]{16,}")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")),
)

# Every text of such a shape contains one of these.
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
    "-Signature=",
    "sig=",
)


def likely(text: str) -> bool:
    """Return whether a text may contain a secret; never false where `find_secrets` finds one in a part of `text`."""
    return any(mark in text for mark in _MARKS)


def find_secrets(node: Node) -> Iterator[tuple[str, int, int]]:
    """Yield (description, line, column) of each secret; the text itself is never repeated."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current.value, dict):
            pending.extend(current.value.values())
            for key, line, column in current.keys:
                yield from _shapes(key, line, column)
        elif isinstance(current.value, list):
            pending.extend(current.value)
        elif isinstance(current.value, str):
            yield from _shapes(current.value, current.line, current.column)


def _shapes(text: str, line: int, column: int) -> Iterator[tuple[str, int, int]]:
    for description, shape in _SHAPES:
        if shape.search(text):
            yield description, line, column
