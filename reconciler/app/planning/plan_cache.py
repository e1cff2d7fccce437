"""`plan`, from what the last plan found: models of which nothing changed are not planned anew.

A part is taken up only while everything that it was made from is the same: the manifest's blob, the environments, this
program, the branch, and every path that was read for it (`adapters.witness`). Anything unexpected means: plan it all.
What is shown is the same either way. `apply` never comes here.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import reconciler
from reconciler.adapters.caches import plan_cache
from reconciler.adapters.caches.file_fingerprints import FileFingerprints, same, signature
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.adapters.filesystem.durable_files import listed
from reconciler.app import locations
from reconciler.app.planning.git_state import GitState, hash_of


def settled(
    now: GitState, environment: str, memo: CachedPlan, *, besides: Callable[[], None]
) -> tuple[list[str], list[str]] | None:
    """Models (of which nothing changed, to plan anew); None: the whole plan must be made anew. Where git says already
    that something changed, `besides` may be called while others look at what did not."""
    basis, seconds, start = memo.basis, int(time.time()), f"{now.root}/"
    if not same_rules(now, memo):
        return None
    if not memo.saved <= seconds <= min(memo.until, memo.saved + plan_cache.DAY):
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


def same_rules(now: GitState, memo: CachedPlan) -> bool:
    """Whether what was valid then is valid now: the same program, project and environments, and only plain files."""
    return not now.odd and (memo.basis.get("code"), memo.basis.get("support")) == (code(), now.support)


def unneeded(now: GitState, environment: str, memo: CachedPlan, pending: list[str]) -> frozenset[str]:
    """Manifests and cards that are valid, as they were, and not those of the pending models."""
    needed = {f"manifests/{environment}/{name}{ending}" for name in pending for ending in (".yaml", ".md")}
    return frozenset(path for path, blob in now.ids.items() if path not in needed and memo.valid.get(path) == blob)


def worktree(now: GitState) -> str | None:
    """What the disk says of the manifests in the work tree; None where they are many, or too young to tell."""
    folders = {path.rpartition("/")[0] for path in now.ids} | {"environments"}
    if sum(path.endswith((".yaml", ".yml")) for path in now.ids) > locations.NOTICED:
        return ""
    seen = FileFingerprints()
    seen.saw(f"{now.root}/{locations.PROJECT_FILE}")
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
    return hash_of(sorted(parts))


def relative(root: Path, paths: tuple[str, ...]) -> tuple[str, ...]:
    start = f"{root}/"
    return tuple(path.removeprefix(start) for path in paths)


def _after(now: GitState, branch: str, before: str) -> bool:
    from reconciler.core.artifact.observed_state import CommitOrder

    return now.source().order(before, now.revision, branch=branch) in (CommitOrder.SAME, CommitOrder.AFTER)
