"""Configuration from git objects at exact commits: never from the work tree, so links, filters and hooks cannot act."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from itertools import pairwise
from operator import attrgetter
from pathlib import Path, PurePosixPath

from reconciler.adapters.git.objects import messages_of, objects_of, sizes_of
from reconciler.adapters.git.plumbing import Git, check_revision, entries_of, listing, prefix_of
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.core.computed_once import computed_once
from reconciler.core.size_limits import CONFIGURATION_BYTES, KIB, LOCK_BYTES, MIB
from reconciler.errors import SourceError
from reconciler.ports import TreeFile

_SMALL = 64 * KIB  # bytes of a file that is kept, in case that it is read again: mostly the next commit has it, too
_KEPT = 16 * MIB  # bytes of all that are kept


class GitSource:
    """Implements ports.Source. `project` is the folder of reconciler.yaml; it may lie below the repository's root.

    `prefix`, `head` (HEAD's commit), `listed` (`listing` of it) and `is_shallow`: if known already, since each question
    is a process, and none is asked twice: HEAD is the commit that it was at the first question.
    """

    def __init__(
        self,
        project: Path,
        *,
        prefix: str | None = None,
        head: str | None = None,
        listed: bytes | None = None,
        is_shallow: bool | None = None,
    ) -> None:
        self._git = Git(project)
        self._prefix = prefix_of(project) if prefix is None else prefix
        self._head, self._listed, self._known_shallow = head, listed, is_shallow
        self._lines: dict[str, dict[str, int]] = {}
        self._reading = threading.Lock()  # a first-parent line takes a process; plans may ask in parallel
        self._trees: dict[str, tuple[TreeFile, ...]] = {}
        self._touched: dict[tuple[str, str], frozenset[str]] = {}
        self._parents: dict[str, str | None] = {}
        self._sizes: dict[str, int] = {}
        self._bodies: dict[str, bytes] = {}
        self._histories: dict[tuple[str, str], list[str]] = {}

    def resolve(self, revision: str) -> str:
        check_revision(revision)
        if revision == "HEAD" and self._head is not None:
            return self._head
        out = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", ok=(0, 1))
        if out:
            commit = out.decode().strip()
            self._head = commit if revision == "HEAD" else self._head
            return commit
        if revision == "HEAD":
            raise SourceError(
                "this branch has no commit yet", code="E306", hint="git add . && git commit -m 'A first model'"
            )
        hint = "see `git branch -a` and `git tag`"
        if self._is_shallow:
            hint += "; this clone lacks a part of the history: git fetch --unshallow (in CI: fetch-depth: 0)"
        raise SourceError(f"there is no commit {revision!r}", code="E306", hint=hint)

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        if commit not in self._trees:  # a commit never changes, and each listing is a process
            self._trees[commit] = self._tree(commit)
        starts = tuple(folder.rstrip("/") for folder in folders)
        below = tuple(f"{start}/" for start in starts)
        return tuple(
            file for file in self._trees[commit] if not starts or file.path in starts or file.path.startswith(below)
        )

    def _tree(self, commit: str) -> tuple[TreeFile, ...]:
        out = self._listed if commit == self._head else None
        entries = entries_of(listing(self._git, commit, self._prefix) if out is None else out, self._prefix)
        files = [TreeFile(path=path, mode=mode, id=object_id) for path, mode, object_id in entries]
        return tuple(sorted(files, key=attrgetter("path")))

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        wanted = set(ids)
        if unknown := [object_id for object_id in wanted if object_id not in self._sizes]:
            self._sizes |= sizes_of(self._git, sorted(unknown), "blob")
        return {object_id: self._sizes[object_id] for object_id in wanted}

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        sizes = self.sizes(ids)
        known = {object_id: self._bodies[object_id] for object_id in sizes if object_id in self._bodies}
        new = {object_id: size for object_id, size in sizes.items() if object_id not in known}
        left = CONFIGURATION_BYTES - sum(map(len, known.values()))
        bodies = objects_of(self._git, new, largest=LOCK_BYTES, together=left)
        if sum(map(len, self._bodies.values())) < _KEPT:
            self._bodies |= {object_id: body for object_id, body in bodies.items() if len(body) <= _SMALL}
        return known | bodies

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        line = self._line(branch)
        if a not in line or b not in line:
            if self._is_shallow:
                raise _too_short("which commit is newer")
            return CommitOrder.OFF
        if a == b:
            return CommitOrder.SAME
        return CommitOrder.AFTER if line[b] < line[a] else CommitOrder.BEFORE

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        line = self._line(branch)
        if at not in line:
            base = self._git.run("merge-base", "--end-of-options", at, next(iter(line)), ok=(0, 1)).decode().strip()
            if not base and self._is_shallow:
                raise _too_short("where this commit left the branch")
            if path in self._differing(base, at):
                return FirstParentChange(commit=at, before=base or None)
            if not base:
                return None
            at = base
        # Mostly this very commit changed it, whose changes are listed once for all paths.
        change = FirstParentChange(commit=at, before=self._parent(at))
        if change.before is None or path not in self._differing(change.before, at):
            wanted = ("-n1", "--first-parent", "--end-of-options", at, "--", path)
            last = self._git.run("rev-list", *wanted).decode().strip()
            if not last:
                return None
            change = FirstParentChange(commit=last, before=self._parent(last))
        if change.before is None and self._is_shallow:
            raise _too_short(f"which change introduced {path}")
        return change

    def _parent(self, commit: str) -> str | None:
        if commit not in self._parents:
            out = self._git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^1", ok=(0, 1))
            self._parents[commit] = out.decode().strip() or None
        return self._parents[commit]

    def _differing(self, before: str, after: str) -> frozenset[str]:
        """Return the project's paths in which two commits differ; all of `after` where `before` is empty."""
        if (before, after) not in self._touched:
            if before:
                between = ("-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", before, after)
                out = self._git.run("diff-tree", *between)
                names = [name.decode("utf-8", "surrogateescape") for name in out.split(b"\0") if name]
                paths = [name[len(self._prefix) :] for name in names if name.startswith(self._prefix)]
            else:
                paths = [file.path for file in self.tree(after, ())]
            self._touched[before, after] = frozenset(paths)
        return self._touched[before, after]

    def base(self, commit: str, *, branch: str) -> str | None:
        check_revision(commit)
        if commit in self._line(branch):
            start = self._parent(commit)
        else:
            start = self._git.run("merge-base", self._ref(branch), commit, ok=(0, 1)).decode().strip() or None
        if start is None and self._is_shallow:
            raise _too_short("where this change starts")
        return start

    def tip(self, branch: str) -> str | None:
        return next(iter(self._line(branch)), None)

    def touching(
        self, paths: tuple[str, ...], *, after: str | None, at: str, branch: str
    ) -> tuple[FirstParentChange, ...]:
        line = self._line(branch)
        if at not in line or (after is not None and after not in line):
            return ()
        excluded = [f"^{after}"] if after is not None else []
        # Relative to the project, where git runs; all pathspecs are literal.
        out = self._git.run("rev-list", "--first-parent", at, *excluded, "--", *paths).decode().split()
        return tuple(FirstParentChange(commit=commit, before=self._parent(commit)) for commit in out)

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:
        fields = [line.split(" ", 4) for line in self._history(folder, at)]
        ids = {field[place] for field in fields for place in (2, 3)}
        return tuple(sorted(object_id for object_id in ids if object_id.strip("0")))

    def removed(self, folder: str, *, at: str) -> tuple[TreeFile, ...]:
        last: dict[str, TreeFile] = {}
        for line in self._history(folder, at):
            fields, _, name = line.partition("\t")
            mode, _, object_id, _, how = fields.removeprefix(":").split(" ")
            if how != "D":
                continue
            path = name.removeprefix(self._prefix)
            last.setdefault(path, TreeFile(path=path, mode=mode, id=object_id))
        there = {file.path for file in self.tree(at, (folder,))} if last else set()
        return tuple(last[path] for path in sorted(last.keys() - there))

    def _history(self, folder: str, at: str) -> list[str]:
        """Return git's line on each change of a file at or below `folder`, newest first: ":mode mode id id how\tpath".

        A name in which git would quote a character is no name of ours, and left out.
        """
        check_revision(at)
        if self._is_shallow:
            raise _too_short(f"which versions of {folder} there were")
        if (folder, at) not in self._histories:
            asked = ("log", "--full-history", "-m", "--raw", "--no-abbrev", "--no-renames", "--format=")
            out = self._git.run(*asked, "--no-ext-diff", "--no-textconv", "--end-of-options", at, "--", folder)
            lines = out.decode("utf-8", "surrogateescape").splitlines()
            self._histories[folder, at] = [line for line in lines if line.startswith(":")]
        return self._histories[folder, at]

    def messages(self, commits: Iterable[str]) -> Mapping[str, str]:
        """Return the messages of the commits that are here, the larger ones left out."""
        return messages_of(self._git, commits)

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return the paths at HEAD; an unborn branch tracks nothing."""
        head = self.head() if paths else None
        if head is None:
            return ()
        wanted = tuple(str(PurePosixPath(path)) for path in paths)
        return tuple(file.path for file in self.tree(head, () if "." in wanted else wanted))

    def head(self) -> str | None:
        """Return HEAD's commit, or None on an unborn branch."""
        if self._head is not None:
            return self._head
        out = self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1))
        return out.decode().strip() or None

    def top_of(self, project: Path) -> Path:
        """Return the repository's root above a project's real path."""
        return project.parents[self._prefix.count("/") - 1] if self._prefix else project

    def _line(self, branch: str) -> dict[str, int]:
        """Return commit -> distance from the tip, on the first-parent line of the branch.

        The fetched remote branch if there is a remote, since a local merge is not a review.
        """
        with self._reading:
            if branch not in self._lines:
                check_revision(branch)
                ref = self._ref(branch)
                out = self._git.run("rev-list", "--first-parent", "--end-of-options", ref).decode().split()
                self._lines[branch] = {commit: distance for distance, commit in enumerate(out)}
                self._parents |= dict(pairwise(out))
            return self._lines[branch]

    def _ref(self, branch: str) -> str:
        remotes = self._remotes
        wanted = [
            f"refs/remotes/{remote}/{branch}" for remote in sorted(remotes, key=lambda remote: remote != "origin")
        ]
        for ref in wanted or [f"refs/heads/{branch}"]:
            # This very ref, and not a tag of the same name.
            if self._git.call("show-ref", "--verify", "--quiet", ref)[0] == 0:
                return ref
        where = f" at {remotes[0]}" if remotes else ""
        raise SourceError(
            f"the environment is protected by branch {branch!r}, which does not exist{where}",
            code="E306",
            hint=f"git fetch {remotes[0]} {branch}"
            if remotes
            else f"git branch {branch}, or name another branch in `protect` of the environment",
        )

    @computed_once
    def _remotes(self) -> list[str]:
        return self._git.run("remote").decode("utf-8", "replace").splitlines()

    @computed_once
    def _is_shallow(self) -> bool:
        if self._known_shallow is not None:
            return self._known_shallow
        return self._git.run("rev-parse", "--is-shallow-repository").strip() == b"true"


def _too_short(what: str) -> SourceError:
    return SourceError(
        f"the history is too short to know {what}",
        code="E307",
        hint="fetch all of it: git fetch --unshallow (in CI: fetch-depth: 0)",
    )
