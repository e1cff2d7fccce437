"""Git: configuration at commits, proposals, tags, and where branches are pushed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange


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

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        """Where `b` stands against `a` on the first-parent line of `branch` (the fetched remote ref when there is a
        remote). SourceError E307 when the history is too short to tell."""

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
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
        returns the same commit, and so it does from a later `start` while the branch is not merged. Where `start`
        moved on and the content with it, a branch that nobody else committed to is brought up to date, by a commit on
        both. ConflictError when the branch holds something else that is not yet merged."""


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
