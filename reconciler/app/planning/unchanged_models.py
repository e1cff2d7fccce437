"""Find the models of an environment of which nothing changed since the last plan.

A model's cached plan is used only while all that it was made from is the same: the manifest's blob, the environments,
this program, the branch, and every path that was read for it. Anything unexpected means that all models are planned.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import reconciler
from reconciler.adapters.caches import plan_cache
from reconciler.adapters.caches.file_fingerprints import FileFingerprints, same, signature
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.adapters.filesystem.durable_files import listed
from reconciler.app import locations
from reconciler.app.planning import remote_objects
from reconciler.app.planning.git_state import GitState, hash_of
from reconciler.core.names import folded


def compare(head: GitState, cached: CachedPlan, *, meanwhile: Callable[[], None]) -> tuple[list[str], list[str]] | None:
    """Return the models of which nothing changed, and those to plan again; None: all are to be planned.

    `meanwhile` is called while other processes compare files, where git says already that something changed.
    """
    basis, seconds, start = cached.basis, int(time.time()), f"{head.root}/"
    if not cached.saved <= seconds <= min(cached.until, cached.saved + plan_cache.DAY):
        return None
    if not same_rules(head, cached):
        return None
    # Buckets answer while the rest is compared: what they list takes longest. Not before the rules are known to be the
    # same: where all stores are on disks by now, processes may be forked, and threads that wait for an answer may not.
    asked = remote_objects.asked_states(basis["buckets"], _paths(cached)) if basis["buckets"] else dict
    if asked is None:
        return None
    roots = tuple(folded(root) for root in basis["roots"].split("\0") if root)
    below = tuple(f"{root}/" for root in roots)
    if any(path in roots or path.startswith(below) for path in map(folded, head.tracked)):
        return None
    branch_moved = basis["branch"] and (basis["refs"], basis["revision"]) != (head.refs(basis["branch"]), head.revision)
    declared = head.models()
    if not declared.issuperset(cached.unsettled):
        return None
    if basis["revision"] != head.revision and head.environments_touched(since=basis["revision"]):
        return None  # one that came and went since may have left something
    states = asked()
    if signature(start, cached.paths, states) != cached.signature:
        return None
    claims = [(model.signature, model.paths) for model in cached.settled.values()]
    edited = any(model.blobs != head.blobs(name) for name, model in cached.settled.items())
    unchanged: list[str] = []
    follows: list[bool] = []

    def beside() -> None:
        meanwhile()
        follows.append(not branch_moved or _follows(head, basis["branch"], basis["revision"]))

    planning = edited or not declared.issubset(cached.settled)
    matches = same(start, claims, states=states, besides=beside if planning else None)
    if branch_moved and not (follows[0] if follows else _follows(head, basis["branch"], basis["revision"])):
        return None
    for (name, model), match in zip(cached.settled.items(), matches, strict=True):
        if match and seconds <= model.until and model.blobs == head.blobs(name):
            unchanged.append(name)
        elif name not in declared:
            return None
    return unchanged, sorted(declared.difference(unchanged))


def _paths(cached: CachedPlan) -> Iterator[str]:
    """Yield every path that was read for the cached plan."""
    yield from cached.paths
    for model in cached.settled.values():
        yield from model.paths


def same_rules(head: GitState, cached: CachedPlan) -> bool:
    """Return whether a manifest that was valid then is valid now: by the same program, project and environments."""
    rules = (cached.basis.get("code"), cached.basis.get("support"))
    return not head.special_files and rules == (program_version(), head.rules)


def still_valid(head: GitState, cached: CachedPlan, changed: list[str]) -> frozenset[str]:
    """Return paths of manifests and cards that were valid and are the same, without those of `changed` models."""
    needed = {f"manifests/{head.environment}/{name}{ending}" for name in changed for ending in (".yaml", ".md")}
    return frozenset(
        path for path, blob in head.manifests.items() if path not in needed and cached.valid.get(path) == blob
    )


def worktree_signature(head: GitState) -> str | None:
    """Return a signature of the manifests on disk; None where one was written too lately to tell a change from it.

    It is empty where they are so many that uncommitted changes are not looked for.
    """
    folders = {path.rpartition("/")[0] for path in head.manifests} | {"environments"}
    if sum(path.endswith((".yaml", ".yml")) for path in head.manifests) > locations.NOTICED:
        return ""
    fingerprints = FileFingerprints()
    fingerprints.saw(f"{head.root}/{locations.PROJECT_FILE}")
    for folder in sorted(folders):
        path = f"{head.root}/{folder}"
        try:
            files = listed(path)
        except OSError:
            return None
        if files and not stat.S_ISDIR(files[""].st_mode):
            return None
        fingerprints.saw_folder(path, files)
    return fingerprints.signature("")


@cache
def program_version() -> str:
    """Return the version of this program: of what runs, whatever is installed while it does."""
    return version_of(Path(reconciler.__file__).parent)


def version_of(package: Path) -> str:
    """Return a hash that changes with every file of a program, which lies in `package`."""
    parts = [reconciler.__version__]
    for folder, names, files in os.walk(package):
        names[:] = [name for name in names if name != "__pycache__"]
        for file in files:
            status = os.lstat(f"{folder}/{file}")
            parts.append(f"{folder}/{file} {status.st_size} {status.st_mtime_ns}")
    return hash_of(sorted(parts))


def relative(root: Path, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return paths below `root` as relative ones, others as they are."""
    start = f"{root}/"
    return tuple(path.removeprefix(start) for path in paths)


def _follows(head: GitState, branch: str, revision: str) -> bool:
    """Return whether HEAD is `revision` or a later commit of the branch."""
    from reconciler.core.artifact.observed_state import CommitOrder

    return head.source().order(revision, head.revision, branch=branch) in (CommitOrder.SAME, CommitOrder.AFTER)
