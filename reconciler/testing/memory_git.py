"""Git, its tags and proposals in memory, faithful to their ports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.core.names import is_revision
from reconciler.core.size_limits import CONFIGURATION_BYTES, LOCK_BYTES
from reconciler.errors import ConflictError, SourceError
from reconciler.ports import Proposal, Tag, TreeFile


class MemorySource:
    """One branch whose first-parent line is `line`, oldest first. A commit of `line` without a tree has no files; those
    that `commit` makes hold what it was given."""

    def __init__(self) -> None:
        self.line: list[str] = []
        self.trees: dict[str, Mapping[str, bytes]] = {}
        self.left: dict[str, str] = {}
        """commit beside the line -> where it left it"""
        self.said: dict[str, str] = {}
        """commit -> its message, where it has another than "changed\n" """

    def commit(self, files: Mapping[str, bytes], *, on: list[str] | None = None) -> str:
        """Commit exactly these files at the end of `on` (of the branch, when none is given); return the commit id."""
        line = self.line if on is None else on
        content = repr((line[-1:], sorted(files.items()), len(self.trees))).encode()
        commit = hashlib.sha256(content).hexdigest()[:40]
        self.trees[commit] = dict(files)
        if on is not None and on[-1:]:
            self.left[commit] = self.left.get(on[-1], on[-1])
        line.append(commit)
        return commit

    def resolve(self, revision: str) -> str:
        if not is_revision(revision):
            raise SourceError(f"not a revision: {revision[:60]!r}", code="E304")
        if revision == "HEAD" and self.line:
            return self.line[-1]
        if revision in self.line or revision in self.trees:
            return revision
        raise SourceError(f"no commit is called {revision!r}", code="E306")

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        files = []
        for path, body in sorted(self.trees.get(commit, {}).items()):
            if not folders or any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders):
                files.append(TreeFile(path=path, mode="100644", id=_blob_id(body), size=len(body)))
        return tuple(files)

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        return {object_id: len(body) for object_id, body in self._blobs(ids).items()}

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        bodies = self._blobs(ids)
        sizes = [len(body) for body in bodies.values()]
        if sizes and (max(sizes) > LOCK_BYTES or sum(sizes) > CONFIGURATION_BYTES):
            raise SourceError(f"objects of {sum(sizes):,} bytes are not read", code="E311")
        return bodies

    def _blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        bodies = {_blob_id(body): body for tree in self.trees.values() for body in tree.values()}
        wanted = list(ids)
        if absent := [object_id for object_id in wanted if object_id not in bodies]:
            raise SourceError(f"object {absent[0][:12]} is missing", code="E306")
        return {object_id: bodies[object_id] for object_id in wanted}

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        del branch
        if a not in self.line or b not in self.line:
            return CommitOrder.OFF
        if a == b:
            return CommitOrder.SAME
        return CommitOrder.AFTER if self.line.index(b) > self.line.index(a) else CommitOrder.BEFORE

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        del branch
        if at not in self.line:
            base = self.left.get(at)
            if self._body(path, base) != self._body(path, at):
                return FirstParentChange(commit=at, before=base)
            if base is None:
                return None
            at = base
        for place in range(self.line.index(at), -1, -1):
            previous = self.line[place - 1] if place else None
            if self._body(path, previous) != self._body(path, self.line[place]):
                return FirstParentChange(commit=self.line[place], before=previous)
        return None

    def _body(self, path: str, commit: str | None) -> bytes | None:
        return self.trees.get(commit, {}).get(path) if commit is not None else None

    def base(self, commit: str, *, branch: str) -> str | None:
        del branch
        if commit in self.line:
            at = self.line.index(commit)
            return self.line[at - 1] if at else None
        return self.left.get(commit)

    def tip(self, branch: str) -> str | None:
        del branch
        return self.line[-1] if self.line else None

    def touching(
        self, paths: tuple[str, ...], *, after: str | None, at: str, branch: str
    ) -> tuple[FirstParentChange, ...]:
        del branch
        if at not in self.line or (after is not None and after not in self.line):
            return ()
        start = self.line.index(after) + 1 if after is not None else 0
        changes = []
        for place in range(start, self.line.index(at) + 1):
            before = self.line[place - 1] if place else None
            if self._below(paths, before) != self._below(paths, self.line[place]):
                changes.append(FirstParentChange(commit=self.line[place], before=before))
        return tuple(reversed(changes))

    def _below(self, paths: tuple[str, ...], commit: str | None) -> tuple[tuple[str, str], ...]:
        return tuple((file.path, file.id) for file in self.tree(commit, paths)) if commit is not None else ()

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:
        line = self.line[: self.line.index(at) + 1] if at in self.line else [*self.line, at]
        return tuple(sorted({file.id for commit in line for file in self.tree(commit, (folder,))}))

    def removed(self, folder: str, *, at: str) -> tuple[TreeFile, ...]:
        line = self.line[: self.line.index(at) + 1] if at in self.line else [*self.line, at]
        last = {file.path: file for commit in line for file in self.tree(commit, (folder,))}
        there = {file.path for file in self.tree(at, (folder,))}
        return tuple(last[path] for path in sorted(last.keys() - there))

    def messages(self, commits: Iterable[str]) -> Mapping[str, str]:
        return {commit: self.said.get(commit, "changed\n") for commit in commits if commit in self.trees}

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not self.line or not paths:
            return ()
        return tuple(file.path for file in self.tree(self.line[-1], paths))


class MemoryProposer:
    """Branches beside the line of a MemorySource. A commit of ours holds its start's files with those proposed."""

    place = ""

    def __init__(self, source: MemorySource) -> None:
        self.branches: dict[str, str] = {}
        self._source = source
        self._made: dict[str, Proposal] = {}
        self._merged: set[str] = set()

    def propose(self, proposal: Proposal) -> str:
        branch_tip = self.branches.get(proposal.branch)
        if branch_tip is not None:
            if branch_tip not in self._merged and self._stands(self._made[branch_tip], proposal):
                return branch_tip
            if branch_tip not in self._merged and not _is_earlier(self._made[branch_tip], proposal):
                raise ConflictError(f"branch {proposal.branch} exists with other contents")
        tree = dict(self._source.trees.get(proposal.start, {}))
        tree |= {path: text.encode() for path, text in proposal.files}
        tree = {path: body for path, body in tree.items() if path not in proposal.removed}
        commit = self._source.commit(tree, on=[proposal.start])
        self.branches[proposal.branch] = commit
        self._made[commit] = proposal
        return commit

    def _stands(self, existing: Proposal, proposal: Proposal) -> bool:
        old_tree, new_tree = (self._source.trees.get(side.start, {}) for side in (existing, proposal))
        same = all(old_tree.get(path) == new_tree.get(path) for path, _ in proposal.files)
        return same and existing.files == proposal.files

    def merge(self, commit: str) -> None:
        """Merge a proposal: it becomes the newest commit of the branch."""
        self._source.line.append(commit)
        self._merged.add(commit)


def _is_earlier(existing: Proposal, proposal: Proposal) -> bool:
    titles = {side.message.partition("\n")[0] for side in (existing, proposal)}
    paths = [{path for path, _ in side.files} for side in (existing, proposal)]
    return existing.start != proposal.start and len(titles) == 1 and paths[0] <= paths[1]


class MemoryTags:
    """Git tags in memory. `signs`: the user's git signs tags; `place`: the project's in its repository."""

    def __init__(self, *, signs: bool = False, place: str = "") -> None:
        self.place = place
        self.tags: dict[str, Tag] = {}
        self.signs = signs

    def under(self, prefix: str, *, newest: int | None = None) -> tuple[Tag, ...]:
        names = sorted((name for name in self.tags if name.startswith(prefix)), key=_by_number)
        kept = names if newest is None else names[len(names) - newest :] if newest < len(names) else names
        return tuple(self.tags[name] for name in sorted(kept))

    def create(self, name: str, *, commit: str, message: str) -> Tag:
        if not is_revision(name):
            raise SourceError(f"not a tag's name: {name[:60]!r}", code="E304")
        if name in self.tags:
            raise ConflictError(f"there is a tag {name} already", code="E702")
        self.tags[name] = Tag(name=name, commit=commit, message=message, signed=self.signs)
        return self.tags[name]


def _by_number(name: str) -> tuple[int, str]:
    last = name.rpartition("/")[2]
    return (int(last) if last.isdigit() else -1, name)


def _blob_id(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:40]
