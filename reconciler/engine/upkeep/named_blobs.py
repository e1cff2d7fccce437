"""Tell which blobs of a store something names.

A name is 64 hexadecimal digits anywhere in a record, in a key, in git's declarations, or in a blob of JSON that is
itself named: whatever kind of record is added later, what it names is kept. Rather one blob too many than one too few.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest, hex_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.storage import blobs
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store

_DIGITS = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_LEAVES = frozenset(("evaluationRows", "trainingKeys", "rows", "tables"))
"""Members of records whose blobs are rows: large, and they name nothing."""

_NO_LEAF = ("application/json", "+json")


def named_blobs(store: Store, desired: DesiredState, present: frozenset[str]) -> frozenset[str]:
    """Return those of the `present` blobs, by their digits, that something names.

    Raises IntegrityError where a record or a named blob of JSON cannot be read: what it names is not known then.
    """
    named = set[str]()
    open_ends = [*_declared(desired)]
    for key in store.keys(""):
        if store_layout.is_blob(key) or key.startswith(f"{store_layout.SWEEPS}/"):
            continue
        body = store.read(key)
        if body is None:
            raise IntegrityError(
                f"{key} is listed in its store and cannot be read",
                code="E604",
                hint="restore it from a backup of the store; `reconciler audit` lists what else is missing",
            )
        leaf = key.startswith((f"{store_layout.SNAPSHOTS}/", "predictions/"))
        open_ends += ((digits, leaf) for digits in _DIGITS.findall(key))
        open_ends += ((digits, leaf or inner) for digits, inner in _names(body))
        _follow(store, open_ends, present, named)
    _follow(store, open_ends, present, named)
    return frozenset(named)


def names_others(store: Store, digest: Digest) -> bool:
    """Tell whether a blob is one that names others, such as the manifest of an artifact: it is taken out before them,
    since who finds it in a store relies on the others, too."""
    try:
        return _members(blobs.get(store, digest)) is not None
    except ReconcilerError:
        return False  # too large to be read, so no record


def _declared(desired: DesiredState) -> Iterator[tuple[str, bool]]:
    for model in desired.models:
        if model.artifact is not None:
            yield hex_of(model.artifact), False


def _follow(store: Store, open_ends: list[tuple[str, bool]], present: frozenset[str], named: set[str]) -> None:
    """Add what these names lead to. A leaf is a blob that names nothing."""
    while open_ends:
        digits, leaf = open_ends.pop()
        if digits in named or digits not in present:
            continue
        named.add(digits)
        if not leaf:
            open_ends.extend(_names(_content(store, digits)))


def _content(store: Store, digits: str) -> bytes:
    """Return the bytes of a named blob; nothing of one that is too large for a record, a model or a table."""
    try:
        return blobs.get(store, Digest(f"sha256:{digits}"))
    except IntegrityError as error:
        if error.code == "E612":
            return b""
        raise


def _names(body: bytes) -> Iterable[tuple[str, bool]]:
    """Yield the digits that a document names, and whether each is known to be a leaf."""
    members = _members(body)
    return _walk(members) if members is not None else ()


def _members(body: bytes) -> dict[str, Any] | list[Any] | None:
    """Return the content of a JSON document; None for any other bytes."""
    if body[:1] not in (b"{", b"["):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _walk(document: Any, leaf: bool = False) -> Iterator[tuple[str, bool]]:
    if isinstance(document, str):
        for digits in _DIGITS.findall(document):
            yield digits, leaf
    elif isinstance(document, list):
        for item in document:
            yield from _walk(item, leaf)
    elif isinstance(document, dict):
        kind = document.get("mediaType")
        leaf = leaf or (isinstance(kind, str) and not kind.endswith(_NO_LEAF) and "digest" in document)
        for name, item in document.items():
            yield from _walk(name, leaf)
            yield from _walk(item, leaf or name in _LEAVES)
