"""Stores, targets, git, its tags and proposals in memory, faithful to their ports.

Files appear only where a port hands out a path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.object_sizes import check_new, largest, too_large
from reconciler.core.artifact.observed_state import CommitOrder, DriftType, FirstParentChange, LiveDeployment
from reconciler.core.artifact.store_layout import is_key
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.names import is_revision
from reconciler.core.size_limits import CONFIGURATION_BYTES, LOCK_BYTES
from reconciler.engine.storage import oci_manifest
from reconciler.errors import ConflictError, IntegrityError, SourceError, StoreError
from reconciler.ports import Proposal, Tag, TreeFile

Created = Callable[[str, bytes], None]
Placed = Callable[[ReleasePointer], None]


class MemoryStore:
    """A store in memory. `created` is called with every new object; there are no other writes."""

    def __init__(self, folder: Path, created: Created | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._folder = folder
        self._created = created
        self._files: dict[str, bytes] = {}

    def create(self, key: str, body: bytes | Path) -> bool:
        if not is_key(key):
            raise StoreError(f"not a key: {key[:80]!r}", code="E607")
        content = body if isinstance(body, bytes) else body.read_bytes()
        check_new(key, len(content), in_memory=isinstance(body, bytes))
        if key in self.objects:
            return False
        self.put(key, content)
        return True

    def put(self, key: str, body: bytes) -> None:
        """Write an object even where one exists; for `create`, and for broken stores."""
        self.objects[key] = body
        if self._created is not None:
            self._created(key, body)

    def read(self, key: str) -> bytes | None:
        body = self._body(key)
        if body is not None and len(body) > largest(key):
            raise too_large(key, len(body), largest(key))
        return body

    def _body(self, key: str) -> bytes | None:
        body = self.objects.get(key)
        if body == b"":
            raise IntegrityError(f"{key} is empty in its store", code="E604", hint="restore it from a backup")
        return body

    def path(self, key: str) -> Path | None:
        body = self._body(key)
        if body is None:
            return None
        path = self._folder / hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
        if self._files.get(key) != body:
            path.write_bytes(body)
            self._files[key] = body
        return path

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self.objects if key.startswith(prefix)))


class MemoryTarget:
    """A target in memory: releases and pointers as dictionaries. `placed` is called with every new pointer."""

    def __init__(self, folder: Path, placed: Placed | None = None) -> None:
        self.current: dict[str, ReleasePointer] = {}
        self.releases: dict[str, dict[str, dict[str, bytes]]] = {}
        self._folder = folder
        self._placed = placed

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        wanted = {*models, *(self.current if others else ())}
        return tuple(self._observe(model) for model in sorted(wanted) if model in self.current)

    def traces(self) -> frozenset[str]:
        return frozenset({*self.current, *self.releases})

    def _observe(self, model: str) -> LiveDeployment:
        current = self.current[model]
        if current.artifact is None:
            return LiveDeployment(model=model, current=current)
        differing = differing_files(self.releases.get(model, {}).get(hex_of(current.artifact), {}), current.artifact)
        return LiveDeployment(
            model=model, current=current, drift=DriftType.TAMPERED if differing else None, files=differing
        )

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self.put_release(current, {path: file.read_bytes() for path, file in files.items()})
        self.swap(current)

    def put_release(self, current: ReleasePointer, files: Mapping[str, bytes]) -> None:
        if current.artifact is not None:
            self.releases.setdefault(current.model, {})[hex_of(current.artifact)] = dict(files)

    def swap(self, current: ReleasePointer) -> None:
        served = self.current.get(current.model)
        if served is not None and served.n > current.n:
            raise ConflictError(f"the target already serves entry {served.n}, newer than entry {current.n}")
        if served is not None and served.n == current.n and served.entry != current.entry:
            raise ConflictError(f"the target serves another entry {served.n}")
        self.put(current)

    def put(self, current: ReleasePointer) -> None:
        """Set the pointer without a comparison; for `swap`, and for broken targets."""
        self.current[current.model] = current
        if self._placed is not None:
            self._placed(current)

    def release(self, model: str) -> Path | None:
        current = self.current.get(model)
        if current is None or current.artifact is None:
            return None
        folder = self._folder / model / hex_of(current.artifact)
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in self.releases[model][hex_of(current.artifact)].items():
            (folder / name).write_bytes(body)
        return folder


def differing_files(files: Mapping[str, bytes], artifact: Digest) -> tuple[str, ...]:
    """Return the names of files that do not match the artifact's manifest."""
    manifest = files.get(oci_manifest.MANIFEST_FILE, b"")
    if digest_of_bytes(manifest) != artifact:
        return (oci_manifest.MANIFEST_FILE,)
    package = oci_manifest.parse(manifest)
    wrong = {
        file.path
        for file in (*package.files, package.config)
        if digest_of_bytes(files.get(file.path, b"")) != file.digest
    }
    return tuple(
        sorted(
            wrong | (files.keys() - {f.path for f in (*package.files, package.config)} - {oci_manifest.MANIFEST_FILE})
        )
    )


class MemorySource:
    """One branch whose first-parent line is `line`, oldest first. A commit of `line` without a tree has no files; those
    that `commit` makes hold what it was given."""

    def __init__(self) -> None:
        self.line: list[str] = []
        self.trees: dict[str, Mapping[str, bytes]] = {}
        self.left: dict[str, str] = {}
        """commit beside the line -> where it left it"""

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

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not self.line or not paths:
            return ()
        return tuple(file.path for file in self.tree(self.line[-1], paths))


class MemoryProposer:
    """Branches beside the line of a MemorySource. A commit of ours holds its start's files with those proposed."""

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
    """Git tags in memory. `signs`: the user's git signs tags."""

    def __init__(self, *, signs: bool = False) -> None:
        self.tags: dict[str, Tag] = {}
        self.signs = signs

    def under(self, prefix: str) -> tuple[Tag, ...]:
        return tuple(tag for name, tag in sorted(self.tags.items()) if name.startswith(prefix))

    def create(self, name: str, *, commit: str, message: str) -> Tag:
        if not is_revision(name):
            raise SourceError(f"not a tag's name: {name[:60]!r}", code="E304")
        if name in self.tags:
            raise ConflictError(f"there is a tag {name} already", code="E702")
        self.tags[name] = Tag(name=name, commit=commit, message=message, signed=self.signs)
        return self.tags[name]


def _blob_id(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:40]
