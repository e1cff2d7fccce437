"""Ask git once for what a plan needs of HEAD: paths, blobs, revision."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters.git.plumbing import Git, entries_of, listing
from reconciler.app import locations

if TYPE_CHECKING:
    from reconciler.adapters.git.commit_source import GitSource


_REGULAR = ("100644", "100755", "100664")


_LOCKS = (".lock", "requirements.txt")


@dataclass(slots=True, kw_only=True)
class GitState:
    """The project as git has it at HEAD. `ids`: path below the project -> blob. `prefix`: the project's path below the
    repository's root `top`; `listed`: git's listing of it."""

    root: Path
    top: Path
    revision: str
    memo: Path
    ids: dict[str, str]
    odd: bool
    support: str
    tracked: frozenset[str]
    prefix: str
    listed: bytes
    _source: GitSource | None = None

    def source(self) -> GitSource:
        """For all further questions to git: it answers each once."""
        if self._source is None:
            from reconciler.adapters.git.commit_source import GitSource

            self._source = GitSource(self.root, prefix=self.prefix, head=self.revision, listed=self.listed)
        return self._source

    def refs(self, branch: str) -> str:
        wanted = [f"refs/heads/{branch}", f"refs/remotes/*/{branch}"]
        return Git(self.root).run("for-each-ref", "--format=%(objectname) %(refname)", *wanted).decode()

    def blobs(self, environment: str, model: str) -> str:
        """Of manifest and card; empty where neither is there."""
        path = f"manifests/{environment}/{model}"
        return " ".join(filter(None, (self.ids.get(f"{path}.yaml"), self.ids.get(f"{path}.md"))))

    def models(self, environment: str) -> set[str]:
        start = f"manifests/{environment}/"
        return {
            path[len(start) : -len(".yaml")]
            for path in self.ids
            if path.startswith(start) and path.endswith(".yaml") and "/" not in path[len(start) :]
        }


def look(root: Path, environment: str) -> GitState | None:
    """None where this is not a plain checkout of a project."""
    git = Git(root)
    code, out, _ = git.call("rev-parse", "--show-toplevel", "--git-common-dir", "HEAD^{commit}")
    lines = out.decode("utf-8", "surrogateescape").split("\n")
    if code != 0 or len(lines) != 4:
        return None
    top, common, revision, _ = lines
    if root != Path(top) and Path(top) not in root.parents:
        return None
    prefix = "" if root == Path(top) else root.relative_to(top).as_posix() + "/"
    ids, odd, support, tracked = {}, False, [], set()
    listed = listing(git, revision, prefix)
    for path, mode, blob in entries_of(listed, prefix):
        if path.startswith("manifests/"):
            ids[path] = blob
            odd = odd or mode not in _REGULAR
        else:
            tracked.add(path)
            if path == locations.PROJECT_FILE or path.startswith("environments/") or path.endswith(_LOCKS):
                support.append(f"{mode} {blob} {path}")
    cache = locations.cache((root / common).resolve())
    where = hashlib.blake2b(os.fsencode(root), digest_size=8).hexdigest()
    return GitState(
        root=root,
        top=Path(top),
        revision=revision,
        memo=cache / f"plan-{environment}-{where}.json",
        ids=ids,
        odd=odd,
        support=hash_of(support),
        tracked=frozenset(tracked),
        prefix=prefix,
        listed=listed,
    )


def hash_of(parts: list[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
