"""Every Protocol of this package, with the values that cross it.

A port is a seam where effects live. The engine sequences effects only through these; `testing` implements each in
memory with fault injection, `adapters` for real, and one contract suite per port runs on both. A function that needs
one port takes one port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.core.artifact import Schema
from reconciler.core.environment import Limits
from reconciler.core.gate import Comparison
from reconciler.core.record import Current
from reconciler.core.state import Order, Served, Trouble
from reconciler.core.work import (
    CompareRequest,
    CopyRequest,
    ExpectedAmount,
    Parsed,
    Predicted,
    PredictRequest,
    Selected,
    SelectRequest,
    TableFile,
    Trained,
    TrainRequest,
    Want,
)

__all__ = [  # Order, Served and Trouble are core values that cross these ports
    "Clock",
    "CompareRequest",
    "CopyRequest",
    "Data",
    "ExpectedAmount",
    "Expressions",
    "NewId",
    "Order",
    "Parsed",
    "PredictRequest",
    "Predicted",
    "Progress",
    "Proposal",
    "Proposer",
    "Scorer",
    "SelectRequest",
    "Selected",
    "Served",
    "Source",
    "Store",
    "TableFile",
    "Target",
    "TrainRequest",
    "Trained",
    "Trainer",
    "TreeFile",
    "Trouble",
    "Want",
]

# --- git -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One entry of a tree: path relative to the project root (POSIX), git's octal mode, object id, and its size in
    bytes where a listing tells it for nothing (git's does not)."""

    path: str
    mode: str
    id: str
    size: int | None = None


class Source(Protocol):
    """Git objects at exact commits. Nothing here reads the work tree or runs a hook, a filter or a user's command."""

    def resolve(self, revision: str) -> str:
        """The full commit id; SourceError (E304, E306) when there is none or `revision` is no plain ref name."""

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        """Files below `folders` (or equal to one of them; all files when `folders` is empty), sorted by path."""

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        """Blob bytes by id; SourceError when one is missing."""

    def order(self, a: str, b: str, *, branch: str) -> Order:
        """Where `b` stands against `a` on the first-parent line of `branch` (the fetched remote ref when there is a
        remote). SourceError E307 when the history is too short to tell."""

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the project's tracked paths at HEAD that lie at or below `paths`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A commit to make on a new branch: files to write (path -> text), below the project root."""

    branch: str
    start: str
    files: tuple[tuple[str, str], ...]
    message: str


class Proposer(Protocol):
    def propose(self, proposal: Proposal) -> str:
        """The commit that `branch` now points at: one commit on `start` with exactly these files changed, by the
        user's identity and signing; the work tree and index are not touched. Running again with the same content
        returns the same commit; ConflictError when the branch holds something else that is not yet merged."""


# --- store and target ------------------------------------------------------------------------------------------------


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

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[Served, ...]:
        """What is served for these models and, unless not asked for, every other model found here, sorted by model; a
        model of which nothing is there is absent. IntegrityError when the target belongs to another project or
        environment."""

    def place(self, current: Current, files: Mapping[str, Path]) -> None:
        """Put a release (path in the package -> file with its bytes) in place, then swap `current` to it atomically.
        Idempotent. ConflictError when `current` already has a higher n, or the same n with another entry. With
        `current.artifact` None, swaps to "nothing is served" and leaves the release folders alone."""

    def release(self, model: str) -> Path | None:
        """The folder with the served release's files, or None."""


# --- data, training, scoring: each runs in a child process without credentials ----------------------------------------


class Expressions(Protocol):
    def parse(self, texts: Iterable[str]) -> Mapping[str, Parsed]:
        """Each distinct text, parsed in one batch: row-local scalars and `past` aggregates of our grammar, without
        touching any data. Deterministic, so results may be cached by text."""


class Data(Protocol):
    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        """DataError (E4xx) with table, column, row number and error class; never a cell's value."""

    def select(self, request: SelectRequest) -> Selected:
        """DataError as above; also when keys are not unique, rows match no class, or dates lie after `as_of`."""


class Trainer(Protocol):
    def warm(self, limits: Limits) -> None:
        """Start what can be started before the rows are there. Optional: `train` does it otherwise."""

    def train(self, request: TrainRequest) -> Trained:
        """Fit, evaluate on the holdout, write the files. Equal requests give equal bytes. TrainingError otherwise."""

    def close(self) -> None:
        """End what `warm` started and nobody used."""


class Scorer(Protocol):
    """Loads artifacts with our own allowlist of exact types, after the caller has checked their digests."""

    def check(self, artifact: Path, limits: Limits) -> Schema:
        """Load the model and hold its outputs on the probe rows against those recorded; ScoringError otherwise."""

    def compare(self, request: CompareRequest) -> Comparison: ...

    def predict(self, request: PredictRequest) -> Predicted: ...


# --- the rest --------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, UTC, whole seconds."""


class NewId(Protocol):
    def __call__(self) -> str:
        """A fresh random id, to tell our own attempt from another's."""


class Progress(Protocol):
    """Where a person sees what is going on. Says nothing that decides anything."""

    def start(self, what: str) -> None: ...

    def done(self, what: str, result: str) -> None: ...
