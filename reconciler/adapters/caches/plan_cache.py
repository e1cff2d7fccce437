"""The cache of unchanged model plans for the next plan: JSON files outside the work tree, safe to delete.

A file that is damaged, of another version, too old, or not this user's alone to write is ignored.
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

FORMAT = 3
FEW = 10  # only changes are written while less than one of so many models has changed
PER_LINE = 500  # models, or paths: the whole is not held in memory twice
_LISTS = ("paths", "unsettled")
_HEAD = ("basis", "saved", "until", "signature", "worktree", *_LISTS)
DAY = 86_400  # seconds for which a hashed file is not hashed again


@dataclass(slots=True, kw_only=True)
class CachedModelPlan:
    """The plan of a model with nothing to do, and its inputs.

    `blobs`: of manifest and card; `paths` with their `signature`; `until`: seconds since 1970 before which time alone
    cannot change it. The rest is what a plan shows.
    """

    blobs: str
    signature: str
    until: int
    digest: str
    sync: str
    health: str
    reason: str
    paths: tuple[str, ...]

    @property
    def made_from(self) -> str:
        """Return what tells this plan from others of the model in one generation."""
        return f"{self.blobs} {self.signature}"


@dataclass(slots=True, kw_only=True)
class CachedPlan:
    """The cached plan of an environment.

    `basis`: inputs that all models share, by name; among them the generation, the id of the plan from the ground up
    that all since were compared with. `valid`: path and blob of every valid manifest and card. `settled`
    and `unsettled`: models without and with something to do or to report. `written`: an id of the last whole file;
    `changed`: models and paths that have changed since that one.
    """

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


def packed(model_plan: CachedModelPlan) -> list[Any]:
    """Return plain JSON data, shorter than with names."""
    return [
        model_plan.blobs,
        model_plan.signature,
        model_plan.until,
        model_plan.digest,
        model_plan.sync,
        model_plan.health,
        model_plan.reason,
        *model_plan.paths,
    ]


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
        cache = _whole_cache(path)
    except _NONE:
        return None
    with contextlib.suppress(*_NONE):
        _apply(cache, _changes_path(path))
    return cache


_NONE = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, StopIteration)


def _whole_cache(path: Path) -> CachedPlan:
    lines = read_checked(path, own=True)
    head = json.loads(next(lines))
    if head["format"] != FORMAT:
        raise ValueError("of another version")
    cache = CachedPlan(**_head(head), written=head["written"])
    for line in lines:
        part = json.loads(line)
        cache.settled.update((name, unpacked(fields)) for name, fields in part["settled"].items())
        cache.valid.update(part["valid"])
    return cache


def _head(document: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(document[name]) if name in _LISTS else document[name] for name in _HEAD}


def _apply(cache: CachedPlan, changes: Path) -> None:
    """Apply the changes since the cache was last written whole; ignored where they belong to another one."""
    first, second = map(json.loads, read_checked(changes, own=True))
    if (first["format"], first["written"]) != (FORMAT, cache.written):
        return
    head = _head(first)
    settled = {
        name: None if model_plan is None else unpacked(model_plan) for name, model_plan in second["settled"].items()
    }
    valid = dict(second["valid"])
    for name, value in head.items():
        setattr(cache, name, value)
    cache.settled = {
        name: model_plan for name, model_plan in {**cache.settled, **settled}.items() if model_plan is not None
    }
    cache.valid = {path: blob for path, blob in {**cache.valid, **valid}.items() if blob is not None}
    cache.changed = frozenset(settled), frozenset(valid)


def save(path: Path, cache: CachedPlan, *, before: CachedPlan | None = None) -> None:
    """Write the cache, or nothing where that is impossible.

    `before`: the result of `load` that `cache` is based on. If little has changed, only changes are written, to a file
    of their own.
    """
    head: dict[str, Any] = {"format": FORMAT} | {name: getattr(cache, name) for name in _HEAD}
    names, paths = _changed(cache, before) if before is not None else (frozenset(), frozenset())
    if before is not None and (len(names) + len(paths)) * FEW < len(cache.settled):
        settled = {name: packed(cache.settled[name]) if name in cache.settled else None for name in sorted(names)}
        part = {"settled": settled, "valid": {place: cache.valid.get(place) for place in sorted(paths)}}
        write_checked(_changes_path(path), map(_line, [head | {"written": before.written}, part]))
    else:
        write_checked(path, map(_line, _whole(head | {"written": uuid.uuid4().hex}, cache)))


def _whole(head: dict[str, Any], cache: CachedPlan) -> Iterator[dict[str, Any]]:
    yield head
    for batch in _by_line(cache.settled):
        yield {"settled": {name: packed(cache.settled[name]) for name in batch}, "valid": {}}
    for batch in _by_line(cache.valid):
        yield {"settled": {}, "valid": {place: cache.valid[place] for place in batch}}


def _by_line(names: Iterable[str]) -> Iterator[list[str]]:
    every = iter(names)
    while batch := list(islice(every, PER_LINE)):
        yield batch


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _changed(cache: CachedPlan, before: CachedPlan) -> tuple[frozenset[str], frozenset[str]]:
    """Return the models and paths that have changed since the cache was last written whole."""
    models = {name for name, model_plan in cache.settled.items() if before.settled.get(name) is not model_plan}
    paths = {place for place, blob in cache.valid.items() if before.valid.get(place) != blob}
    models |= before.settled.keys() - cache.settled.keys()
    paths |= before.valid.keys() - cache.valid.keys()
    return before.changed[0] | models, before.changed[1] | paths


def _changes_path(path: Path) -> Path:
    return path.with_suffix(".changes")
