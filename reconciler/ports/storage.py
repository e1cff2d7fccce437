"""What is kept, and where models are used from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import LiveDeployment


class Store(Protocol):
    """Objects under keys (`a/b/c`, only [A-Za-z0-9._/-]); the one thing correctness needs is exclusive create.

    Bodies are never empty. An object under a key never changes. StoreError when the store cannot answer (never "not
    there"), AmbiguousWriteError when a create may or may not have happened.
    """

    def create(self, key: str, body: bytes | Path) -> bool:
        """Create `key` with these bytes (or this file's), durably, unless it exists. True: we created it."""

    def read(self, key: str) -> bytes | None:
        """The bytes, or None when there is no such key; IntegrityError E604 when the object is empty."""

    def path(self, key: str) -> Path | None:
        """A local read-only file with the object's bytes (the object itself on a local store), or None."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Keys below `prefix`, sorted. For `audit` only: nothing is decided by a listing."""


class Target(Protocol):
    """Where models are used from. The target is the authority on what is deployed."""

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        """What is served for these models and, unless not asked for, every other model found here, sorted by model; a
        model of which nothing is there is absent. IntegrityError when the target belongs to another project or
        environment."""

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        """Put a release (path in the package -> file with its bytes) in place, then swap `current` to it atomically.
        Idempotent. ConflictError when `current` already has a higher n, or the same n with another entry. With
        `current.artifact` None, swaps to "nothing is served" and leaves the release folders alone."""

    def release(self, model: str) -> Path | None:
        """The folder with the served release's files, or None."""


class ReadObserver(Protocol):
    """Is told what a store or a target on a disk is about to read, so that it can be told later whether it changed."""

    def about(self, subject: str) -> None: ...

    def saw(self, path: str) -> None: ...

    def saw_folder(self, path: str, entries: Mapping[str, os.stat_result]) -> None: ...


@runtime_checkable
class ReachabilityCheck(Protocol):
    """What a store or target may do besides, for `doctor`: one that others keep for us."""

    def reach(self) -> None:
        """Ask whether it is there and may be read; StoreError or TargetError when not."""

    def probe(self) -> None:
        """Try what correctness needs of it, whatever is remembered of earlier tries. StoreError E601 (TargetError) when
        it cannot protect against two writers, E602 when this user may not write. Leaves one small object, `.probe`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAccess:
    """What an implementation of a store or target is opened with, besides its place. `root` is the project's folder.
    `cache` is a folder of this user's for what can be had again; None where nothing that was written earlier may be
    believed. `scratch` is a private empty folder that this process removes."""

    root: Path
    project: str
    environment: str
    scratch: Path
    cache: Path | None = None
    witness: ReadObserver | None = None
