"""What a plan found settled, kept for the next one: JSON files outside the work tree, safe to delete.

A hint: one that is damaged, of another version or too old is as good as none. Never read by `apply`.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from reconciler.adapters.filesystem.durable_files import read_checked, write_checked

FORMAT = 2
FEW = 10  # of so many models one may have changed for only the changes to be written
PER_LINE = 500  # models, or paths, so that not all of it is held twice
_LISTS = ("paths", "unsettled")
_HEAD = ("basis", "saved", "until", "signature", "worktree", *_LISTS)
DAY = 86_400  # seconds for which what was hashed is believed


@dataclass(slots=True, kw_only=True)
class CachedModelPlan:
    """A model with nothing to do: what its part depended on (`blobs`: of manifest and card; `paths`, and what the disk
    said of them), until when time alone cannot change it (seconds since 1970), and what is shown of it."""

    blobs: str
    signature: str
    until: int
    digest: str
    sync: str
    health: str
    reason: str
    paths: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class CachedPlan:
    """`basis`: everything that all models share, by name. `valid`: path and blob of every manifest and card that was
    found valid. `unsettled`: models with something to do or to say. `written`: a name for what was last written whole;
    `changed`: models and paths of which something else is known since."""

    basis: dict[str, str]
    saved: int
    until: int
    signature: str
    paths: tuple[str, ...]
    worktree: str | None
    unsettled: tuple[str, ...] = ()
    settled: dict[str, CachedModelPlan] = field(default_factory=dict)
    valid: dict[str, str] = field(default_factory=dict)
    written: str = ""
    changed: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


def packed(one: CachedModelPlan) -> list[Any]:
    """As plain JSON data, shorter than with names."""
    return [one.blobs, one.signature, one.until, one.digest, one.sync, one.health, one.reason, *one.paths]


def unpacked(fields: list[Any]) -> CachedModelPlan:
    blobs, signature, until, digest, sync, health, reason, *paths = fields
    return CachedModelPlan(
        blobs=blobs,
        signature=signature,
        until=until,
        digest=digest,
        sync=sync,
        health=health,
        reason=reason,
        paths=tuple(paths),
    )


def load(path: Path) -> CachedPlan | None:
    try:
        memo = _memo(path)
    except _NONE:
        return None
    with contextlib.suppress(*_NONE):
        _apply(memo, _beside(path))
    return memo


_NONE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, StopIteration)


def _memo(path: Path) -> CachedPlan:
    lines = read_checked(path)
    head = json.loads(next(lines))
    if head["format"] != FORMAT:
        raise ValueError("of another version")
    memo = CachedPlan(**_head(head), written=head["written"])
    for line in lines:
        part = json.loads(line)
        memo.settled.update((name, unpacked(one)) for name, one in part["settled"].items())
        memo.valid.update(part["valid"])
    return memo


def _head(document: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(document[name]) if name in _LISTS else document[name] for name in _HEAD}


def _apply(memo: CachedPlan, beside: Path) -> None:
    """Make of the memory that was last written whole what became of it since; nothing where that is of another one."""
    first, second = map(json.loads, read_checked(beside))
    if (first["format"], first["written"]) != (FORMAT, memo.written):
        return
    head = _head(first)
    settled = {name: None if one is None else unpacked(one) for name, one in second["settled"].items()}
    valid = dict(second["valid"])
    for name, value in head.items():
        setattr(memo, name, value)
    memo.settled = {name: one for name, one in {**memo.settled, **settled}.items() if one is not None}
    memo.valid = {path: blob for path, blob in {**memo.valid, **valid}.items() if blob is not None}
    memo.changed = frozenset(settled), frozenset(valid)


def save(path: Path, memo: CachedPlan, *, before: CachedPlan | None = None) -> None:
    """Where it cannot be written, nothing is remembered. `before`: what `load` gave, where `memo` comes of it: if
    little has changed, only that is written, in a file beside it."""
    head: dict[str, Any] = {"format": FORMAT} | {name: getattr(memo, name) for name in _HEAD}
    names, paths = _changed(memo, before) if before is not None else (frozenset(), frozenset())
    if before is not None and (len(names) + len(paths)) * FEW < len(memo.settled):
        settled = {name: packed(memo.settled[name]) if name in memo.settled else None for name in sorted(names)}
        part = {"settled": settled, "valid": {place: memo.valid.get(place) for place in sorted(paths)}}
        write_checked(_beside(path), map(_line, [head | {"written": before.written}, part]))
    else:
        write_checked(path, map(_line, _whole(head | {"written": uuid.uuid4().hex}, memo)))


def _whole(head: dict[str, Any], memo: CachedPlan) -> Iterator[dict[str, Any]]:
    yield head
    for some in _by_line(memo.settled):
        yield {"settled": {name: packed(memo.settled[name]) for name in some}, "valid": {}}
    for some in _by_line(memo.valid):
        yield {"settled": {}, "valid": {place: memo.valid[place] for place in some}}


def _by_line(names: Iterable[str]) -> Iterator[list[str]]:
    every = iter(names)
    while some := list(islice(every, PER_LINE)):
        yield some


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _changed(memo: CachedPlan, before: CachedPlan) -> tuple[frozenset[str], frozenset[str]]:
    """Models and paths of which something else is known than what was written whole."""
    models = {name for name, one in memo.settled.items() if before.settled.get(name) is not one}
    paths = {place for place, blob in memo.valid.items() if before.valid.get(place) != blob}
    models |= before.settled.keys() - memo.settled.keys()
    paths |= before.valid.keys() - memo.valid.keys()
    return before.changed[0] | models, before.changed[1] | paths


def _beside(path: Path) -> Path:
    return path.with_suffix(".changes")
