"""Tell a workflow as `ci` wrote it from one that a person edited, and take over newer pins of actions.

The first line holds a digest of the rest. What Dependabot changes, the commits that actions are pinned to, is no edit.
"""

from __future__ import annotations

import hashlib
import re

_FIRST = "# Written by `reconciler ci`, which renews it unless somebody edited it. {}\n"
_SIGNED = re.compile(r"# Written by `reconciler ci`[^\n]*\b([0-9a-f]{16})\n")
_PIN = re.compile(
    r"(uses: +)([A-Za-z0-9_.-]+/[A-Za-z0-9_./-]+)@([0-9a-f]{40})(?: +# *v([0-9]+(?:\.[0-9]+)*))?[ \t]*$", re.MULTILINE
)


def signed(text: str) -> str:
    """Return the text below a line with its digest."""
    return _FIRST.format(_digest(text)) + text


def is_ours(text: str) -> bool:
    """Return whether a file is as `ci` of some version wrote it, apart from the commits of pinned actions."""
    first = _SIGNED.match(text)
    return first is not None and first[1] == _digest(text[first.end() :])


def with_newer_pins(new: str, old: str) -> str:
    """Return `new` with the pin of each action that `old` pins to a later version."""
    later: dict[str, tuple[tuple[int, ...], str]] = {}
    for match in _PIN.finditer(old):
        if match[4] is not None:
            later[match[2]] = max(later.get(match[2], ((), "")), (_version(match[4]), match[0]))

    def pin(match: re.Match[str]) -> str:
        version, line = later.get(match[2], ((), ""))
        return line if version > _version(match[4] or "0") else match[0]

    return _PIN.sub(pin, new)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _digest(text: str) -> str:
    return hashlib.sha256(_PIN.sub(r"\1\2", text).encode()).hexdigest()[:16]
