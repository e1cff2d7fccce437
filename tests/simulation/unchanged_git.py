"""Git as it is, for broken versions to override one answer of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.ports import Source, TreeFile


class UnchangedGit:
    """A process's view of git, as it is."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def resolve(self, revision: str) -> str:
        return self._source.resolve(revision)

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        return self._source.tree(commit, folders)

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        return self._source.sizes(ids)

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        return self._source.read(ids)

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        return self._source.order(a, b, branch=branch)

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        return self._source.changed(path, at=at, branch=branch)

    def base(self, commit: str, *, branch: str) -> str | None:
        return self._source.base(commit, branch=branch)

    def tip(self, branch: str) -> str | None:
        return self._source.tip(branch)

    def touching(
        self, paths: tuple[str, ...], *, after: str | None, at: str, branch: str
    ) -> tuple[FirstParentChange, ...]:
        return self._source.touching(paths, after=after, at=at, branch=branch)

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:
        return self._source.versions(folder, at=at)

    def removed(self, folder: str, *, at: str) -> tuple[TreeFile, ...]:
        return self._source.removed(folder, at=at)

    def messages(self, commits: Iterable[str]) -> Mapping[str, str]:
        return self._source.messages(commits)

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        return self._source.tracked(paths)
