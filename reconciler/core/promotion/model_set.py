"""Name the models that one proposal is for, and find them again in its branch and its pull request.

A branch names few models in full, `promote/production/churn+orders/1a2b3c`, and of many the first and a digest of all;
those stand in an invisible line of the request's body, which counts only where it gives that digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from reconciler.core.names import is_name

LONGEST = 80  # characters of names that a branch holds in full
_MARK = re.compile(r"<!-- reconciler-models:([a-z0-9 -]+) -->")
_NAMED = 3


def set_name(models: Iterable[str]) -> str:
    """Return the part of a branch that names these models; that of one model is its name."""
    names = sorted(set(models))
    whole = "+".join(names)
    if len(whole) <= LONGEST:
        return whole
    return f"{names[0]}+{len(names) - 1}-more-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def mark_of(models: Iterable[str]) -> str:
    """Return the invisible line of a request's body that names its models."""
    return f"<!-- reconciler-models: {' '.join(sorted(set(models)))} -->"


def models_of(part: str, body: str) -> frozenset[str] | None:
    """Return the models of an open request: by the part of its branch that names them, else by its body.

    None where neither tells: then nobody knows what would be lost with the request.
    """
    names = part.split("+")
    if all(map(is_name, names)):
        return frozenset(names)
    match = _MARK.search(body)
    marked = frozenset(match[1].split()) if match is not None else frozenset[str]()
    return marked if marked and set_name(marked) == part else None


def in_words(models: Iterable[str]) -> str:
    """Return the models for a title: few by name, of many the first ones and how many more."""
    names = sorted(set(models))
    if len(names) == 1:
        return names[0]
    named = min(len(names), _NAMED)
    while named > 1 and len(", ".join(names[:named])) > LONGEST:
        named -= 1
    if named < len(names):
        return f"{', '.join(names[:named])} and {len(names) - named} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
