"""Every Protocol of this package, with the values that cross it.

A port is a seam where effects live. The engine sequences effects only through these; `testing` implements each in
memory with fault injection, `adapters` for real, and one contract suite per port runs on both. A function that needs
one port takes one port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from reconciler.core.artifact import Schema
from reconciler.core.environment import Limits
from reconciler.core.forge import Approval, CommitStatus, Draft, PullRequest
from reconciler.core.gate import Comparison
from reconciler.core.record import Current
from reconciler.core.state import Merged, Order, Served, Trouble
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

__all__ = [  # Merged, Order, Served and Trouble are core values that cross these ports
    "Clock",
    "CompareRequest",
    "CopyRequest",
    "Data",
    "Each",
    "ExpectedAmount",
    "Expressions",
    "Forge",
    "Lanes",
    "Merged",
    "NewId",
    "Opening",
    "Order",
    "Parsed",
    "PredictRequest",
    "Predicted",
    "Probing",
    "Progress",
    "Proposal",
    "Proposer",
    "Remote",
    "Scorer",
    "Seen",
    "SelectRequest",
    "Selected",
    "Served",
    "Source",
    "Store",
    "TableFile",
    "Tag",
    "Tags",
    "Target",
    "TrainRequest",
    "Trained",
    "Trainer",
    "TreeFile",
    "Trouble",
    "Want",
]

A = TypeVar("A")
R = TypeVar("R")

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

    def changed(self, path: str, *, at: str, branch: str) -> Merged | None:
        """The last change of `path` at or before `at` on the first-parent line of `branch`. Where `at` is beside the
        line, all that it changed since it left the line is one change. None: `path` was never there. SourceError E307
        when the history is too short to tell."""

    def base(self, commit: str, *, branch: str) -> str | None:
        """Where the change that `commit` is starts: on the branch's first-parent line the commit before it, elsewhere
        the newest commit that it shares with the branch. None when there is none. SourceError E307 as above."""

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the project's tracked paths at HEAD that lie at or below `paths`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A commit to make on a new branch: files to write (path -> text) and to remove, below the project root."""

    branch: str
    start: str
    files: tuple[tuple[str, str], ...]
    message: str
    removed: tuple[str, ...] = ()


class Proposer(Protocol):
    def propose(self, proposal: Proposal) -> str:
        """The commit that `branch` now points at: one commit on `start` with exactly these files changed, by the
        user's identity and signing; the work tree and index are not touched. Running again with the same content
        returns the same commit, and so it does from a later `start` while the branch is not merged; ConflictError when
        the branch holds something else that is not yet merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag on `commit`. `message` is without its signature, and empty where the tag has none; `signed`: whether it
    carries a signature, which is not verified here."""

    name: str
    commit: str
    message: str
    signed: bool


class Tags(Protocol):
    def under(self, prefix: str) -> tuple[Tag, ...]:
        """Tags of commits whose name starts with `prefix`, sorted by name."""

    def create(self, name: str, *, commit: str, message: str) -> Tag:
        """An annotated tag by the user's identity, signed where the user's git signs. ConflictError when there is one
        of this name already, whatever it says; SourceError E306 when git refuses."""


class Remote(Protocol):
    """Where branches are pushed to: the remote that the project was cloned from."""

    def url(self) -> str | None:
        """Its address without a user's name or password in it; None where there is no remote. SourceError E305 for an
        address of a form that is not used."""

    def base(self) -> str | None:
        """The branch that people work on there, as far as the clone knows."""

    def take(self, branch: str) -> str | None:
        """The commit that the remote's `branch` points at, None where it has none. Ours is made the same where that
        loses nothing: new, or by fast-forward; otherwise it is left as it is."""

    def push(self, branch: str) -> None:
        """Make the remote's `branch` the same as ours: new, or by fast-forward. ConflictError when it is neither;
        SourceError E306 when there is no remote or no such branch of ours; ForgeError when the remote cannot be reached
        (E901), refuses who we are (E902) or what is pushed (E904). The user's credentials or the token of the
        environment are used; neither is ever in a message."""

    def push_tag(self, tag: str) -> None:
        """As `push`, for a tag of ours."""


class Forge(Protocol):
    """Where pull requests live. ForgeError when it cannot be reached (E901), refuses this token (E902), asks to wait
    (E903, ConflictError: run again) or refuses what was asked (E904). Every call is idempotent: after an error, or none
    at all, the same call again finishes the job."""

    name: str
    """What people call it: GitHub, GitLab."""

    def whoami(self) -> str:
        """Whose token this is."""

    def open(self, draft: Draft) -> PullRequest:
        """The one open request from `head` into `base`: opened, or its title, body and labels brought up to date.
        Labels that people added stay."""

    def pull(self, number: int) -> PullRequest: ...

    def opened(self, head_prefix: str) -> tuple[PullRequest, ...]:
        """Open requests whose head branch starts so, oldest first."""

    def merged_by(self, commit: str) -> tuple[PullRequest, ...]:
        """Merged requests that brought `commit`, which is on their base branch, oldest first."""

    def close(self, number: int) -> None:
        """Close without merging. One that is not open is left as it is."""

    def approvals(self, number: int) -> tuple[Approval, ...]:
        """Who approves it now, sorted by name: the last word of each person counts, and one that was dismissed or
        withdrawn is no approval. Where strangers may review, only of those who may write to the repository."""

    def members(self, team: str) -> tuple[str, ...]:
        """Who belongs to a team (GitHub: org/team; GitLab: a group's path), sorted."""

    def comment(self, number: int, key: str, body: str) -> str:
        """The one comment of ours with this key on a request, written or updated in place; its address. A comment of
        somebody else with the same mark is not ours."""

    def commented(self, number: int, key: str) -> str | None:
        """The body of that comment; None where there is none of ours."""

    def set_status(self, commit: str, status: CommitStatus) -> None: ...

    def statuses(self, commit: str) -> tuple[CommitStatus, ...]:
        """The last of each name, sorted by name, of those that this token's owner set."""

    def issue(self, key: str, *, title: str, body: str | None) -> str | None:
        """The one issue of ours with this key: opened, updated or reopened with `body`; closed when it is None. Its
        address, or None where nothing was or is open."""

    def issue_body(self, key: str) -> str | None:
        """The body of that issue while it is open."""


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


class Seen(Protocol):
    """Is told what a store or a target on a disk is about to read, so that it can be told later whether it changed."""

    def about(self, subject: str) -> None: ...

    def saw(self, path: str) -> None: ...

    def saw_folder(self, path: str) -> None: ...


@runtime_checkable
class Probing(Protocol):
    """What a store or target may do besides, for `doctor`: one that others keep for us."""

    def reach(self) -> None:
        """Ask whether it is there and may be read; StoreError or TargetError when not."""

    def probe(self) -> None:
        """Try what correctness needs of it, whatever is remembered of earlier tries. StoreError E601 (TargetError) when
        it cannot protect against two writers, E602 when this user may not write. Leaves one small object, `.probe`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an implementation of a store or target is opened with, besides its place. `root` is the project's folder.
    `cache` is a folder of this user's for what can be had again; None where nothing that was written earlier may be
    believed. `scratch` is a private empty folder that this process removes."""

    root: Path
    project: str
    environment: str
    scratch: Path
    cache: Path | None = None
    witness: Seen | None = None


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
    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Start what can be started before the rows are there. Optional: `train` does it otherwise. `at_once`: so many
        will be trained at the same time, and share the processors."""

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


class Each(Protocol):
    def __call__(self, ask: Callable[[A], R], subjects: Sequence[A]) -> list[R]:
        """`ask` of each subject, one after the other or side by side; answers in their order. The first error that
        comes out is raised, and what has not begun by then does not begin. For reading: what writes has an order."""


class NewId(Protocol):
    def __call__(self) -> str:
        """A fresh random id, to tell our own attempt from another's."""


class Lanes(Protocol):
    """How many models are worked on at once, and by whom."""

    @property
    def count(self) -> int: ...

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Do all of them, begun in their order, at most `count` at once; they are independent. An interruption, or an
        error of one, begins nothing new; it is raised when what was begun has ended."""


class Progress(Protocol):
    """Where a person sees what is going on. Says nothing that decides anything; may be told from several lanes."""

    def expect(self, subjects: int) -> None:
        """So many subjects (models) will be worked on, and each will be left."""

    def start(self, subject: str, what: str) -> None:
        """`what` is now done about `subject`; what was done about it before is over."""

    def done(self, subject: str, result: str) -> None:
        """One step of it is over, with a result."""

    def leave(self, subject: str) -> None:
        """Nothing more is done about it."""
