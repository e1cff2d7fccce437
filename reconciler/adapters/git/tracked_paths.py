"""Tell what git tracks at a place on disk: at HEAD, at another commit, and in the index.

Places in the project's repository are looked up in listings that were read anyway. Another repository on the way (a
submodule, one that git left behind, a clone that a link leads into) is asked when a place lies in it.
"""

# Plain strings and os functions: this is done at every command.
# ruff: noqa: PTH120

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from reconciler.adapters.git.commit_source import GitSource
from reconciler.adapters.git.plumbing import Git, entries_of, listing
from reconciler.core.computed_once import computed_once
from reconciler.core.names import folded
from reconciler.errors import SourceError
from reconciler.ports import TreeFile

_path_of = attrgetter("path")
_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedPlace:
    """What git tracks at a place. `path`: as git spells it; `mode`: git's octal mode, None for a folder. `first`: the
    first file that is tracked there."""

    path: str
    mode: str | None
    first: str

    @property
    def leads_elsewhere(self) -> str | None:
        """Return "a symbolic link" or "a submodule"; None for a file or a folder."""
        return _KINDS.get(self.mode or "")


class TrackedTree:
    """The files of one listing, sorted by path, looked up as on a disk that ignores case and Unicode forms."""

    def __init__(self, files: Sequence[TreeFile]) -> None:
        self._files = files

    def at(self, path: str) -> TrackedPlace | None:
        """Return what is tracked at `path`: a link or a submodule before anything else; None where nothing is."""
        starts, parts = [""], path.split("/")
        for number, part in enumerate(parts, 1):
            wanted, folders, leaves = folded(part), [], []
            for start in starts:
                for name, mode in self._children(start):
                    if folded(name) == wanted:
                        if mode is None:
                            folders.append(f"{start}{name}/")
                        else:
                            leaves.append(TrackedPlace(path=start + name, mode=mode, first=start + name))
            if number == len(parts) and leaves:
                return next((leaf for leaf in leaves if leaf.leads_elsewhere), leaves[0])
            starts = folders
        if not starts:
            return None
        first = self._files[bisect_left(self._files, starts[0], key=_path_of)].path
        return TrackedPlace(path=starts[0].rstrip("/"), mode=None, first=first)

    def _children(self, start: str) -> Iterator[tuple[str, str | None]]:
        """Yield the names directly below `start`, with the mode of files; the contents of folders are skipped."""
        index = bisect_left(self._files, start, key=_path_of)
        while index < len(self._files) and self._files[index].path.startswith(start):
            name, folder, _ = self._files[index].path[len(start) :].partition("/")
            yield name, None if folder else self._files[index].mode
            # "0" follows "/"
            index = bisect_left(self._files, f"{start}{name}0", index, key=_path_of) if folder else index + 1


class TrackedPaths:
    """Looks up what git tracks around one project. `project` is a real path.

    `revision`: a commit besides HEAD. `git` is None where the project is in no repository. With `staged`, the index is
    always looked at; else only at links and at repositories on the way.
    """

    def __init__(
        self, git: GitSource | None, project: Path, *, revision: str | None = None, staged: bool = False
    ) -> None:
        self._git, self._project, self._revision, self._staged = git, str(project), revision, staged
        self._top = str(git.top_of(project)) if git is not None else None
        self._known: dict[str, bool] = {}
        self._others: dict[str, tuple[TrackedTree, ...]] = {}

    def at(self, place: str, *, link: bool = False) -> TrackedPlace | None:
        """Return what git tracks at an absolute path whose parents are real. `link`: a link lies there on disk.

        Raises SourceError where a repository cannot be asked.
        """
        for folder in self._repositories(place):
            here, start = folder == self._top, folder
            if here and place.startswith(f"{self._project}/"):
                start, trees = self._project, self._committed
                if self._staged or link or self._is_repository(place):
                    trees = (*trees, self._index)
            else:
                trees = self._trees_of(folder)
            relative = place[len(start) :].lstrip("/")
            for tree in trees if relative else ():
                if (found := tree.at(relative)) is not None:
                    return found
        return None

    def is_private_to_git(self, path: str) -> bool:
        """Tell whether a real path is or lies in a folder where git keeps a repository."""
        above = self._top if self._top is not None and path.startswith(f"{self._top}/") else ""
        if any(folded(part) == ".git" for part in path[len(above) :].split("/")):
            return True
        while path not in (above, "/"):
            if all(os.path.lexists(f"{path}/{name}") for name in ("HEAD", "objects", "refs")):
                return True
            path = os.path.dirname(path)
        return False

    @computed_once
    def _committed(self) -> tuple[TrackedTree, ...]:
        if self._git is None:
            return ()
        commits = dict.fromkeys(commit for commit in (self._git.head(), self._revision) if commit)
        return tuple(TrackedTree(self._git.tree(commit, ())) for commit in commits)

    @computed_once
    def _index(self) -> TrackedTree:
        return TrackedTree(_staged_files(Git(Path(self._project))))

    def _repositories(self, place: str) -> Iterator[str]:
        """Yield the repositories that a place lies in: within the project's, each up to its root; else the nearest."""
        inside, folder = self._top is not None and place.startswith(f"{self._top}/"), os.path.dirname(place)
        while folder:
            if self._is_repository(folder):
                yield folder
                if not inside or folder == self._top:
                    return
            folder = os.path.dirname(folder) if folder != "/" else ""

    def _is_repository(self, folder: str) -> bool:
        if folder not in self._known:
            self._known[folder] = os.path.lexists(f"{folder}/.git")
        return self._known[folder]

    def _trees_of(self, folder: str) -> tuple[TrackedTree, ...]:
        """Return all that the repository at `folder` tracks, at its HEAD and in its index."""
        if folder not in self._others:
            git, trees = Git(Path(folder)), []
            code, top, _ = git.call("rev-parse", "--show-toplevel")
            if code == 0 and os.path.realpath(os.fsdecode(top.rstrip(b"\n"))) == folder:
                head = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1)).decode().strip()
                if head:
                    entries = entries_of(listing(git, head, ""), "")
                    files = [TreeFile(path=path, mode=mode, id=id_) for path, mode, id_ in entries]
                    trees.append(TrackedTree(sorted(files, key=_path_of)))
                trees.append(TrackedTree(_staged_files(git)))
            elif code != 0 and os.path.lexists(f"{folder}/.git/HEAD"):
                raise SourceError(f"git cannot tell what {folder} tracks", code="E306", hint="git fsck there")
            self._others[folder] = tuple(trees)
        return self._others[folder]


def repository_of(place: str) -> str | None:
    """Return the root of the nearest repository that a real path lies in, or None."""
    folder = os.path.dirname(place)
    while not os.path.lexists(f"{folder}/.git"):
        if folder in ("", "/"):
            return None
        folder = os.path.dirname(folder)
    return folder


def _staged_files(git: Git) -> list[TreeFile]:
    """Return the files of the index at or below git's folder, sorted; of a conflict all sides."""
    files = []
    for record in git.run("ls-files", "-s", "-z").decode("utf-8", "surrogateescape").split("\0"):
        if record:
            meta, _, path = record.partition("\t")
            mode, object_id, _ = meta.split(" ")
            files.append(TreeFile(path=path, mode=mode, id=object_id))
    return sorted(files, key=_path_of)
