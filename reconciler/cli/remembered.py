"""`plan`, from what the last plan found: models of which nothing changed are not planned anew.

A part is taken up only while everything that it was made from is the same: the manifest's blob, the environments, this
program, the branch, and every path that was read for it (`adapters.witness`). Anything unexpected means: plan it all.
What is shown is the same either way. `apply` never comes here.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import reconciler
from reconciler.adapters import plan_memo
from reconciler.adapters.durable import listed
from reconciler.adapters.git_plumbing import Git, entries_of, listing
from reconciler.adapters.plan_memo import Memo
from reconciler.adapters.witness import Witness, same, signature
from reconciler.cli import places

if TYPE_CHECKING:
    from reconciler.adapters.source_git import GitSource

_REGULAR = ("100644", "100755", "100664")
_LOCKS = (".lock", "requirements.txt")


@dataclass(slots=True, kw_only=True)
class Now:
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
            from reconciler.adapters.source_git import GitSource

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


def look(environment: str) -> Now | None:
    """None where this is not a plain checkout of a project."""
    root = places.project()
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
            if path == places.PROJECT_FILE or path.startswith("environments/") or path.endswith(_LOCKS):
                support.append(f"{mode} {blob} {path}")
    cache = places.cache((root / common).resolve())
    where = hashlib.blake2b(os.fsencode(root), digest_size=8).hexdigest()
    return Now(
        root=root,
        top=Path(top),
        revision=revision,
        memo=cache / f"plan-{environment}-{where}.json",
        ids=ids,
        odd=odd,
        support=_hash(support),
        tracked=frozenset(tracked),
        prefix=prefix,
        listed=listed,
    )


def settled(
    now: Now, environment: str, memo: Memo, *, besides: Callable[[], None]
) -> tuple[list[str], list[str]] | None:
    """Models (of which nothing changed, to plan anew); None: the whole plan must be made anew. Where git says already
    that something changed, `besides` may be called while others look at what did not."""
    basis, seconds, start = memo.basis, int(time.time()), f"{now.root}/"
    if not same_rules(now, memo):
        return None
    if not memo.saved <= seconds <= min(memo.until, memo.saved + plan_memo.DAY):
        return None
    roots = tuple(filter(None, basis["roots"].split("\0")))
    if any(path == root or path.startswith(root + "/") for root in roots for path in now.tracked):
        return None
    elsewhere = basis["branch"] and (basis["refs"], basis["revision"]) != (now.refs(basis["branch"]), now.revision)
    if signature(start, memo.paths) != memo.signature:
        return None
    declared = now.models(environment)
    if not declared.issuperset(memo.unsettled):
        return None
    claims = [(one.signature, one.paths) for one in memo.settled.values()]
    moved = any(one.blobs != now.blobs(environment, name) for name, one in memo.settled.items())
    known: list[str] = []
    follows: list[bool] = []

    def meanwhile() -> None:
        besides()
        follows.append(not elsewhere or _after(now, basis["branch"], basis["revision"]))

    held = same(start, claims, besides=meanwhile if moved or not declared.issubset(memo.settled) else None)
    if elsewhere and not (follows[0] if follows else _after(now, basis["branch"], basis["revision"])):
        return None
    for (name, one), holds in zip(memo.settled.items(), held, strict=True):
        if holds and seconds <= one.until and one.blobs == now.blobs(environment, name):
            known.append(name)
        elif name not in declared:
            return None
    return known, sorted(declared.difference(known))


def same_rules(now: Now, memo: Memo) -> bool:
    """Whether what was valid then is valid now: the same program, project and environments, and only plain files."""
    return not now.odd and (memo.basis.get("code"), memo.basis.get("support")) == (code(), now.support)


def unneeded(now: Now, environment: str, memo: Memo, pending: list[str]) -> frozenset[str]:
    """Manifests and cards that are valid, as they were, and not those of the pending models."""
    needed = {f"manifests/{environment}/{name}{ending}" for name in pending for ending in (".yaml", ".md")}
    return frozenset(path for path, blob in now.ids.items() if path not in needed and memo.valid.get(path) == blob)


def worktree(now: Now) -> str | None:
    """What the disk says of the manifests in the work tree; None where they are many, or too young to tell."""
    folders = {path.rpartition("/")[0] for path in now.ids} | {"environments"}
    if sum(path.endswith((".yaml", ".yml")) for path in now.ids) > places.NOTICED:
        return ""
    seen = Witness()
    seen.saw(f"{now.root}/{places.PROJECT_FILE}")
    for folder in sorted(folders):
        place = f"{now.root}/{folder}"
        try:
            found = listed(place)
        except OSError:
            return None
        if found and not stat.S_ISDIR(found[""].st_mode):
            return None
        seen.saw_folder(place, found)
    return seen.signature("")


def code() -> str:
    """Changes with this program."""
    package = Path(reconciler.__file__).parent
    parts = [reconciler.__version__]
    for folder, names, files in os.walk(package):
        names[:] = [name for name in names if name != "__pycache__"]
        for file in files:
            found = os.lstat(f"{folder}/{file}")
            parts.append(f"{folder}/{file} {found.st_size} {found.st_mtime_ns}")
    return _hash(sorted(parts))


def relative(root: Path, paths: tuple[str, ...]) -> tuple[str, ...]:
    start = f"{root}/"
    return tuple(path.removeprefix(start) for path in paths)


def _after(now: Now, branch: str, before: str) -> bool:
    from reconciler.core.state import Order

    return now.source().order(before, now.revision, branch=branch) in (Order.SAME, Order.AFTER)


def _hash(parts: list[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
