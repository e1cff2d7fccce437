"""The ports of git: configuration at commits, proposals, tags, and the remote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One entry of a tree: path relative to the project root (POSIX), git's octal mode, object id, and its size in
    bytes where the listing has it (git's does not)."""

    path: str
    mode: str
    id: str
    size: int | None = None


class Source(Protocol):
    """Reads git objects at exact commits. It never reads the work tree or runs a hook, a filter or a user's command.

    Reads only, so every method may be repeated. Methods that follow a branch raise SourceError E307 when the history is
    too shallow to answer.
    """

    def resolve(self, revision: str) -> str:
        """Return the full commit id; SourceError E306 when there is none, E304 when `revision` is no plain ref name."""

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        """Return the files at or below `folders` (all files when `folders` is empty), sorted by path."""

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        """Return blob sizes in bytes by object id, without reading the blobs; SourceError E306 when one is missing."""

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        """Return blob bytes by object id; SourceError E306 when one is missing.

        Raises SourceError E311, before any is read, where one has more than LOCK_BYTES (the largest that is read of any
        kind), or all together more than CONFIGURATION_BYTES.
        """

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        """Return whether `b` comes after or before `a` on the first-parent line of `branch`.

        The branch is the fetched remote ref when there is a remote.
        """

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        """Return the last change of `path` at or before `at` on the first-parent line of `branch`.

        Where `at` is beside the line, all its changes since it left the line are one change. None where `path` never
        existed.
        """

    def base(self, commit: str, *, branch: str) -> str | None:
        """Return the commit that the change `commit` starts from, or None where there is none.

        On the branch's first-parent line it is the commit before; elsewhere the newest commit shared with the branch.
        """

    def tip(self, branch: str) -> str | None:
        """Return the newest commit of `branch`, as `order` follows it; None in a work tree, which is on none."""

    def touching(
        self, paths: tuple[str, ...], *, after: str | None, at: str, branch: str
    ) -> tuple[FirstParentChange, ...]:
        """Return the changes on the first-parent line of `branch`, newest first, that touch files at or below `paths`:
        up to the commit `at`, and later than `after` (None: all). Commits beside the line have none."""

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:
        """Return the object ids of every version of every file at or below `folder` in the history of `at`.

        Raises SourceError E307 where the history is too short to tell.
        """

    def removed(self, folder: str, *, at: str) -> tuple[TreeFile, ...]:
        """Return the files at or below `folder` that the history of `at` has and `at` has not, sorted by path, each as
        it was when it was removed last.

        Raises SourceError E307 where the history is too short to tell.
        """

    def messages(self, commits: Iterable[str]) -> Mapping[str, str]:
        """Return the messages of commits by id, without those that are not here or have a longer one than any of us
        reads: they are for people, and decide nothing."""

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return the project's tracked paths at HEAD that lie at or below `paths`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A commit to make on a new branch: files to write (path -> text) and to remove, below the project root."""

    branch: str
    start: str
    files: tuple[tuple[str, str], ...]
    message: str
    removed: tuple[str, ...] = ()


class Proposer(Protocol):
    """Commits proposals on branches. The work tree and the index are not touched."""

    place: str
    """The project's place in its repository (`core.forge.project_place`), a part of the names of its branches."""

    def propose(self, proposal: Proposal) -> str:
        """Commit `proposal` on its branch and return the commit id: one commit on `start` with exactly these changes.

        The user's identity and signing apply. Idempotent: the same content gives the same commit, also from a later
        `start` while the branch is not merged. Where `start` and the content changed, a branch that nobody else
        committed to is updated by a commit on both. Raises ConflictError when the branch holds other commits that are
        not merged, SourceError E306 when git fails.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag on `commit`. `message` is without the signature, and empty where the tag has none; `signed`: the tag
    carries a signature, which is not verified here."""

    name: str
    commit: str
    message: str
    signed: bool


class Tags(Protocol):
    """Lists and creates git tags."""

    @property
    def place(self) -> str:
        """The project's place in its repository: tags are the whole repository's, and name whose they are."""

    def under(self, prefix: str, *, newest: int | None = None) -> tuple[Tag, ...]:
        """Return the tags of commits whose name starts with `prefix`, sorted by name; with `newest`, only that
        many, those with the highest numbers."""

    def create(self, name: str, *, commit: str, message: str) -> Tag:
        """Create an annotated tag by the user's identity, signed where the user's git signs.

        Not idempotent: raises ConflictError E702 when a tag of this name exists, SourceError E306 when git fails.
        """


class Remote(Protocol):
    """The remote that the project was cloned from, to which branches are pushed.

    Uses the user's credentials or the token of the environment; neither is ever in a message. Every method is
    idempotent. `fetch`, `push` and `push_tag` raise ForgeError when the remote cannot be reached (E901), rejects the
    credentials (E902) or rejects the push (E904).
    """

    def url(self) -> str | None:
        """Return its address without user name and password, or None where there is no remote.

        Raises SourceError E305 for an address of an unsafe form.
        """

    def base(self) -> str | None:
        """Return the remote's default branch, as far as the clone knows it."""

    def fetch(self, branch: str) -> str | None:
        """Return the commit that the remote's `branch` points at, or None where it has none.

        The local branch follows where that loses nothing: created, or by fast-forward; otherwise it is unchanged.
        """

    def push(self, branch: str) -> None:
        """Create the remote's `branch`, or fast-forward it to the local one.

        Raises ConflictError E904 when it is not a fast-forward, SourceError E306 when there is no remote or no such
        local branch.
        """

    def push_tag(self, tag: str) -> None:
        """Push a local tag; raises as `push` does."""
