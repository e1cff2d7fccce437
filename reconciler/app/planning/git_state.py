"""Ask git once for what a plan needs of HEAD: paths, blobs, revision."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters.git.plumbing import Git, entries_of, listing
from reconciler.app import locations
from reconciler.report.plan.in_sync import SHOWN

if TYPE_CHECKING:
    from reconciler.adapters.git.commit_source import GitSource
    from reconciler.app.project_options import ProjectOptions


_REGULAR = ("100644", "100755", "100664")
_ELSEWHERE = ("120000", "160000")  # symbolic links and submodules


_DECLARES = re.compile(r"environments/[^/]+\.ya?ml$")
_LOCKS = (".lock", "requirements.txt")
_RULES = ("environments/", "experiments/", "keys/")


@dataclass(slots=True, kw_only=True)
class GitState:
    """A project as git has it at HEAD, and one of its environments.

    `git_folder`: where git keeps the repository. `manifests`: the blob of each manifest and card, by its path below the
    project; `special_files`: one of them is a link or the like. `rules`: a hash of all that makes a manifest valid (the
    project's file, environments, lock files, the paths of links and submodules); `tracked`: paths of all other files.
    `prefix`: the project's path below `top`, the repository's root; `tree_listing`: git's listing of it. `is_shallow`:
    this clone lacks a part of the history. `cache_file`: where the environment's last plan is cached.
    """

    root: Path
    top: Path
    revision: str
    environment: str
    git_folder: Path
    cache_file: Path
    manifests: dict[str, str]
    special_files: bool
    rules: str
    tracked: frozenset[str]
    prefix: str
    tree_listing: bytes
    is_shallow: bool
    _source: GitSource | None = None
    _refs: dict[str, str] = field(default_factory=dict)

    def source(self) -> GitSource:
        """Return the source for all further questions to git, each of which it asks once."""
        if self._source is None:
            from reconciler.adapters.git.commit_source import GitSource

            self._source = GitSource(
                self.root,
                prefix=self.prefix,
                head=self.revision,
                listed=self.tree_listing,
                is_shallow=self.is_shallow,
            )
        return self._source

    @property
    def is_declared(self) -> bool:
        """Tell whether HEAD has the environment's file."""
        return any(f"environments/{self.environment}{ending}" in self.tracked for ending in (".yaml", ".yml"))

    def refs(self, branch: str) -> str:
        """Return the commits of a branch, here and at every remote, as one text."""
        if branch not in self._refs:
            wanted = [f"refs/heads/{branch}", f"refs/remotes/*/{branch}"]
            asked = ("for-each-ref", "--format=%(objectname) %(refname)", *wanted)
            self._refs[branch] = Git(self.root).run(*asked).decode()
        return self._refs[branch]

    def environments_touched(self, *, since: str) -> bool:
        """Tell whether any commit of HEAD's history that is not in that of `since` touches an environment."""
        asked = ("rev-list", "-1", "--full-history", f"{since}..{self.revision}", "--", "environments", "keys")
        return bool(Git(self.root).run(*asked))

    def blobs(self, model: str) -> str:
        """Return the blobs of a model's manifest and card; an empty text where neither is there."""
        path = f"manifests/{self.environment}/{model}"
        return " ".join(filter(None, (self.manifests.get(f"{path}.yaml"), self.manifests.get(f"{path}.md"))))

    def of_each(self) -> list[GitState]:
        """Return it for each environment that is declared, sorted by name."""
        paths = (path.removeprefix("environments/").rpartition(".") for path in self.tracked if _DECLARES.match(path))
        names = sorted({name for name, _, _ in paths})
        return [
            replace(self, environment=name, cache_file=self.cache_file.with_name(_cache_name(self.root, name)))
            for name in names
        ]

    def models(self) -> set[str]:
        """Return the names of the environment's models."""
        start = f"manifests/{self.environment}/"
        return {
            path[len(start) : -len(".yaml")]
            for path in self.manifests
            if path.startswith(start) and path.endswith(".yaml") and "/" not in path[len(start) :]
        }


def read_at_head(options: ProjectOptions, environment: str) -> GitState | None:
    """Ask git for HEAD as `read` does; None also where another commit or every detail is asked for."""
    return read(options.root, environment) if options.at_head and not options.verbose else None


def has_many(head: GitState) -> bool:
    """Tell whether git declares the environment, and so many models of it that it pays to take some from memory."""
    return head.is_declared and are_many([head])


def are_many(heads: list[GitState]) -> bool:
    """Tell whether the environments have so many models that it pays to take some from memory."""
    return sum(len(head.models()) for head in heads) > SHOWN


def read(root: Path, environment: str) -> GitState | None:
    """Ask git for HEAD of the project at `root`; None where that is not a plain checkout."""
    git = Git(root)
    asked = ("--show-toplevel", "--git-common-dir", "--is-shallow-repository", "HEAD^{commit}")
    code, out, _ = git.call("rev-parse", *asked)
    lines = out.decode("utf-8", "surrogateescape").split("\n")
    if code != 0 or len(lines) != 5:
        return None
    top, common, shallow, revision, _ = lines
    if root != Path(top) and Path(top) not in root.parents:
        return None
    prefix = "" if root == Path(top) else root.relative_to(top).as_posix() + "/"
    manifests, special_files, rules, tracked = {}, False, [], set()
    tree_listing = listing(git, revision, prefix)
    for path, mode, blob in entries_of(tree_listing, prefix):
        if path.startswith("manifests/"):
            manifests[path] = blob
            special_files = special_files or mode not in _REGULAR
        else:
            tracked.add(path)
            if mode in _ELSEWHERE:  # a path of a manifest may lead through it
                rules.append(f"{mode} {path}")
            if path == locations.PROJECT_FILE or path.startswith(_RULES) or path.endswith(_LOCKS):
                rules.append(f"{mode} {blob} {path}")
    git_folder = (root / common).resolve()
    return GitState(
        root=root,
        top=Path(top),
        revision=revision,
        environment=environment,
        git_folder=git_folder,
        cache_file=locations.cache(git_folder) / _cache_name(root, environment),
        manifests=manifests,
        special_files=special_files,
        rules=hash_of(rules),
        tracked=frozenset(tracked),
        prefix=prefix,
        tree_listing=tree_listing,
        is_shallow=shallow == "true",
    )


def _cache_name(root: Path, environment: str) -> str:
    return f"plan-{environment}-{locations.key_of(root)}.json"


def hash_of(parts: list[str]) -> str:
    """Return a short hash of texts, for comparison alone."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
