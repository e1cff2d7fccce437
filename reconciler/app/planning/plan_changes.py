"""Plan what is not taken from the last plan of an environment, in parallel or here, and cache it with what is."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.adapters.caches import plan_cache as stored
from reconciler.adapters.caches.file_fingerprints import FileFingerprints
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.adapters.executors import fork_map
from reconciler.app.planning import remote_objects, unchanged_models
from reconciler.app.planning.git_state import GitState
from reconciler.app.planning.last_plan import LastPlan, import_planner, warnings
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.app.planning.planned_models import CacheablePlan, Describer
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject
    from reconciler.core.plan.plan import ModelPlan

MANY = 30  # models from which a second process pays


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChanges:
    """What was planned, of which project, and what is cached of it by now (None: nothing).

    `leftovers`: of other environments that git declares no more, where they were looked for.
    """

    project: OpenProject
    planned: CacheablePlan
    cached: CachedPlan | None
    leftovers: tuple[str, ...] = ()


def plan_changes(
    options: ProjectOptions, head: GitState, last: LastPlan | None, *, describe: Describer | None = None
) -> PlannedChanges:
    """Plan the models that `last` does not hold (None: all). With `describe`, each of them is described, and none of
    those that it holds is listed."""
    names = sorted(last.changed if last is not None else head.models())
    remote = last is not None and last.cached.basis["buckets"]  # then there are threads, which no fork survives
    in_parallel = len(names) >= MANY and fork_map.count() > 1 and not remote
    worktree = unchanged_models.worktree_signature(head)
    noticed = _warnings_beside_imports(head) if in_parallel else []
    listed = last.plans(head.environment) if last is not None and describe is None else ()
    known = listed if last is not None else None
    valid = unchanged_models.still_valid(head, last.cached, names) if last is not None else frozenset[str]()
    fingerprints, planned, warned = FileFingerprints(), None, False
    leftovers: tuple[str, ...] = ()
    if in_parallel:
        with suppress(ReconcilerError):
            project, planned = _plan_in_parallel(options, head, fingerprints, names, valid, known, describe)
            if planned is not None:
                leftovers = left_elsewhere(project, head.environment)
                warned = say(options, noticed)
    if planned is None:
        fingerprints = FileFingerprints()
        project, planned, leftovers = _plan_here(options, head, fingerprints, valid, known, describe)
        warned = project.warned
    # Not cached are plans that say something of the whole environment, and those from stores of which nobody knows
    # what was read.
    of_all = planned.plan.refresh is not None or planned.plan.notes is not None or bool(planned.plan.findings)
    cached = None
    if not of_all and not leftovers and remote_objects.are_all_observed(project.desired):
        cached = save(project, head, last, fingerprints, planned, None if warned else worktree)
    return PlannedChanges(project=project, planned=planned, cached=cached, leftovers=leftovers)


def say(options: ProjectOptions, lines: Sequence[str]) -> bool:
    """Say each warning, and return whether there was any."""
    for line in lines:
        options.say(line)
    return bool(lines)


def _plan_in_parallel(
    options: ProjectOptions,
    head: GitState,
    fingerprints: FileFingerprints,
    names: list[str],
    valid: frozenset[str],
    known: Sequence[ModelPlan] | None,
    describe: Describer | None,
) -> tuple[OpenProject, CacheablePlan | None]:
    """Plan with all processors; no plan where that cannot be."""
    from reconciler.app.planning import parallel_plan
    from reconciler.app.wiring import open_project

    manifests = frozenset(head.manifests)  # none is read here: each process reads those of its partitions
    with open_project(
        options, fingerprints=fingerprints, known=manifests, committed=True, head=head, removed=_removed(known)
    ) as project:
        return project, parallel_plan.plan(
            project, head, fingerprints, names, valid=valid, known=known, describe=describe
        )


def _plan_here(
    options: ProjectOptions,
    head: GitState,
    fingerprints: FileFingerprints,
    valid: frozenset[str],
    known: Sequence[ModelPlan] | None,
    describe: Describer | None,
) -> tuple[OpenProject, CacheablePlan, tuple[str, ...]]:
    """Plan in this process; return what is left of other environments, too."""
    from reconciler.app.planning import planned_models
    from reconciler.app.wiring import open_project
    from reconciler.engine.removed_environments import declared_beside

    with open_project(options, fingerprints=fingerprints, known=valid, head=head, removed=_removed(known)) as project:
        declared = declared_beside(project.desired, project.environment(head.environment))
        opened = replace(project, checkout=replace(project.checkout, desired=declared))
        planned = planned_models.plan(opened, head, fingerprints, known, describe=describe)
        return opened, planned, left_elsewhere(project, head.environment)


def _removed(known: Sequence[ModelPlan] | None) -> tuple[()] | None:
    """Return which removed environments are opened: all, or none where a last plan of the same ones told of them."""
    return None if known is None else ()


def left_elsewhere(project: OpenProject, environment: str) -> tuple[str, ...]:
    """Say what is left of each other environment that git declares no more."""
    from reconciler.engine.removed_environments import leftovers

    left = leftovers(project.deps, project.desired)
    return tuple(str(each) for each in left if each.environment.name != environment)


def _warnings_beside_imports(head: GitState) -> list[str]:
    """Return warnings, found by another process while this one imports what plans are made with."""

    def work(process: int) -> bytes:
        if process:
            return json.dumps(warnings(head)).encode()
        import_planner()
        return b""

    answer = fork_map.fork_map(work, 2)[1]
    return warnings(head) if answer is None else list(json.loads(answer))


def save(
    project: OpenProject,
    head: GitState,
    last: LastPlan | None,
    fingerprints: FileFingerprints,
    planned: CacheablePlan,
    worktree: str | None,
) -> CachedPlan | None:
    """Cache a plan and return what was cached; None where it cannot be told later whether anything changed.

    `worktree`: its signature where everything is committed.
    """
    cached = last.cached if last is not None else None
    signature = cached.signature if cached is not None else fingerprints.signature("")
    if signature is None:
        return None
    seconds = int(time.time())
    branch = project.environment(head.environment).protect
    settled = {name: last.cached.settled[name] for name in last.unchanged} if last is not None else {}
    settled |= {name: model for name, model in planned.settled.items() if model.until > seconds}
    paths = cached.paths if cached is not None else unchanged_models.relative(head.root, fingerprints.paths(""))
    fresh = CachedPlan(
        basis={
            "code": unchanged_models.program_version(),
            "role": planned.plan.role,
            "project": planned.plan.project,
            "support": head.rules,
            "branch": branch or "",
            "buckets": remote_objects.parts_of(project.desired),
            "refs": head.refs(branch) if branch else "",
            "revision": head.revision,
            "roots": "\0".join(project.storage_folders()),
            "generation": cached.basis["generation"] if cached is not None else uuid.uuid4().hex,
        },
        saved=cached.saved if cached is not None else seconds,  # what is carried on is as old as it was
        until=min(planned.until, cached.until if cached is not None else planned.until),
        signature=signature,
        paths=paths,
        worktree=worktree,
        settled=settled,
        unsettled=tuple(model.model for model in planned.plan.models if model.model not in settled),
        valid=head.manifests,
    )
    stored.save(head.cache_file, fresh, before=cached)
    return fresh
