"""Plan an environment as fast as its last plan allows: what has not changed since is taken from the cache.

The plan says the same however it was made. `apply` never uses the cache.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.adapters.caches import plan_cache as stored
from reconciler.adapters.caches.file_fingerprints import FileFingerprints
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.adapters.executors import fork_map
from reconciler.app.planning import git_state, remote_objects, unchanged_models
from reconciler.app.planning.git_state import GitState
from reconciler.core.plan.plan_summary import PlanExcerpt, UnchangedPlan
from reconciler.errors import ReconcilerError
from reconciler.report.plan.in_sync import SHOWN

if TYPE_CHECKING:
    from reconciler.app.planning.planned_models import CacheablePlan
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject
    from reconciler.core.plan.plan import ModelPlan, Plan

MANY = 30  # models from which a second process pays


class ValidManifests(NamedTuple):
    """Manifests and cards of HEAD that are `valid` without being read; `committed`: the work tree has no changes."""

    head: GitState | None
    valid: frozenset[str] = frozenset()
    committed: bool = False


class _LastPlan(NamedTuple):
    """The cached plan, the models whose plans it still holds, and those to plan again."""

    cached: CachedPlan
    unchanged: Sequence[str]
    changed: Sequence[str]

    @property
    def listed(self) -> Sequence[str]:
        """Return the unchanged models that the plan lists; with more of them, they are only counted."""
        return self.unchanged if len(self.unchanged) <= SHOWN else ()

    @property
    def counted(self) -> int:
        """Return the number of unchanged models that the plan does not list."""
        return len(self.unchanged) - len(self.listed)

    def plans(self, environment: str) -> tuple[ModelPlan, ...]:
        """Return the plans of listed models, without what they depend on: neither shown nor written."""
        from reconciler.app.planning.planned_models import inputs_left_out, unchanged_plan

        inputs = inputs_left_out(environment)
        return tuple(unchanged_plan(inputs, name, self.cached.settled[name]) for name in self.listed)


class PlanCache:
    """The plans of one project's environments: cached, made in parallel or made plainly, whichever is fastest."""

    def __init__(self, options: ProjectOptions) -> None:
        self._options = options

    def plan(
        self, environment: str, models: Sequence[str] = (), *, whole: bool = False, refresh_anyway: bool = False
    ) -> Plan | PlanExcerpt | UnchangedPlan:
        """Plan an environment, or some of its models.

        With `whole` the plan has all that a file or a program needs. Without it, for a person to read, many models with
        nothing to do may be counted instead of listed, and the last plan is used: where a whole environment is planned
        at HEAD. `refresh_anyway`: with a new data snapshot, due or not.
        Raises UsageError E801 where git declares no such environment or model, and what reading and planning
        raise.
        """
        cacheable = self._options.at_head and not (models or whole or refresh_anyway or self._options.verbose)
        head = git_state.read(self._options.root, environment) if cacheable else None
        if head is None or not head.is_declared:
            return self._plan_plainly(environment, models, refresh_anyway=refresh_anyway)
        last = _last_plan(head)
        if last is None or last.changed or not last.counted or head.manifests != last.cached.valid:
            return self._plan_changes(head, last)
        if not _is_committed(head, last.cached):
            self._say(_warnings(head))
        role = last.cached.basis["role"]
        return UnchangedPlan(environment=environment, role=role, revision=head.revision, models=len(last.unchanged))

    def valid_manifests(self, environment: str, *, but: Collection[str]) -> ValidManifests:
        """Return what need not be read again to know that all manifests are valid; models `but` are to be read."""
        head = git_state.read(self._options.root, environment) if self._options.at_head else None
        cached = stored.load(head.cache_file) if head is not None else None
        if head is None or cached is None or not unchanged_models.same_rules(head, cached):
            return ValidManifests(head=head)
        valid = unchanged_models.still_valid(head, cached, list(but))
        others = frozenset(path for path in valid if path.rpartition("/")[2].rpartition(".")[0] not in but)
        return ValidManifests(head=head, valid=others, committed=_is_committed(head, cached))

    def _plan_plainly(self, environment: str, models: Sequence[str], *, refresh_anyway: bool) -> Plan:
        """Plan in this process, and cache nothing."""
        from reconciler.app.wiring import open_project
        from reconciler.engine.plan.make_plan import make_plan
        from reconciler.engine.removed_environments import check_deploys, declared_beside

        with open_project(self._options, removed=None) as project:
            declared = project.environment(environment)
            check_deploys(declared)
            beside = declared_beside(project.desired, declared)
            plan = make_plan(project.deps, beside, declared, models, refresh_anyway=refresh_anyway)
            return _with_leftovers(project, plan)

    def _plan_changes(self, head: GitState, last: _LastPlan | None) -> Plan | PlanExcerpt:
        """Plan what is not taken from the last plan, and cache it with what is."""
        names = sorted(last.changed if last is not None else head.models())
        remote = last is not None and last.cached.basis["buckets"]  # then there are threads, which no fork survives
        in_parallel = len(names) >= MANY and fork_map.count() > 1 and not remote
        worktree = unchanged_models.worktree_signature(head)
        warnings = _warnings_beside_imports(head) if in_parallel else []
        known = last.plans(head.environment) if last is not None else None
        valid = unchanged_models.still_valid(head, last.cached, names) if last is not None else frozenset[str]()
        fingerprints, planned, warned = FileFingerprints(), None, False
        if in_parallel:
            with suppress(ReconcilerError):
                project, planned = self._plan_in_parallel(head, fingerprints, names, valid, known)
                warned = planned is not None and self._say(warnings)
        if planned is None:
            fingerprints = FileFingerprints()
            project, planned = self._plan_here(head, fingerprints, valid, known)
            warned = project.warned
        # Not cached are plans that say something of the whole environment, and those from stores of which nobody knows
        # what was read.
        of_all = planned.plan.refresh is not None or planned.plan.notes is not None or bool(planned.plan.findings)
        if not of_all and remote_objects.are_all_observed(project.desired):
            _save(project, head, last, fingerprints, planned, None if warned else worktree)
        counted = last.counted if last is not None else 0
        return PlanExcerpt(plan=planned.plan, unchanged=counted) if counted else planned.plan

    def _plan_in_parallel(
        self,
        head: GitState,
        fingerprints: FileFingerprints,
        names: list[str],
        valid: frozenset[str],
        known: Sequence[ModelPlan] | None,
    ) -> tuple[OpenProject, CacheablePlan | None]:
        """Plan with all processors; no plan where that cannot be."""
        from reconciler.app.planning import parallel_plan
        from reconciler.app.wiring import open_project

        manifests = frozenset(head.manifests)  # none is read here: each process reads those of its partitions
        with open_project(
            self._options, fingerprints=fingerprints, known=manifests, committed=True, head=head
        ) as project:
            return project, parallel_plan.plan(project, head, fingerprints, names, valid=valid, known=known)

    def _plan_here(
        self,
        head: GitState,
        fingerprints: FileFingerprints,
        valid: frozenset[str],
        known: Sequence[ModelPlan] | None,
    ) -> tuple[OpenProject, CacheablePlan]:
        """Plan in this process."""
        from reconciler.app.planning import planned_models
        from reconciler.app.wiring import open_project
        from reconciler.engine.removed_environments import declared_beside

        removed = None if known is None else ()  # with a last plan of the same environments, it said so
        with open_project(self._options, fingerprints=fingerprints, known=valid, head=head, removed=removed) as project:
            declared = declared_beside(project.desired, project.environment(head.environment))
            opened = replace(project, checkout=replace(project.checkout, desired=declared))
            planned = planned_models.plan(opened, head, fingerprints, known)
            return opened, replace(planned, plan=_with_leftovers(project, planned.plan))

    def _say(self, warnings: list[str]) -> bool:
        """Say each warning, and return whether there was any."""
        for line in warnings:
            self._options.say(line)
        return bool(warnings)


def _with_leftovers(project: OpenProject, plan: Plan) -> Plan:
    """Return the plan with a note on what is left of each other environment that git declares no more."""
    from reconciler.engine.removed_environments import leftovers

    left = [str(each) for each in leftovers(project.deps, project.desired) if each.environment.name != plan.environment]
    return replace(plan, notes=(*(plan.notes or ()), *left)) if left else plan


def _last_plan(head: GitState) -> _LastPlan | None:
    cached = stored.load(head.cache_file)
    if cached is None:
        return None
    try:
        comparison = unchanged_models.compare(head, cached, meanwhile=_import_planner)
    except (ReconcilerError, KeyError):
        return None
    return _LastPlan(cached=cached, unchanged=comparison[0], changed=comparison[1]) if comparison is not None else None


def _import_planner() -> None:
    """Import the planner, whose modules take long to load."""
    from reconciler.app import wiring  # noqa: F401


def _is_committed(head: GitState, cached: CachedPlan) -> bool:
    """Return whether the work tree is as it was when everything was committed."""
    signature = unchanged_models.worktree_signature(head)
    return signature is not None and signature == cached.worktree and cached.basis.get("revision") == head.revision


def _warnings(head: GitState) -> list[str]:
    """Return a warning where manifests are not committed."""
    from reconciler.app import uncommitted_changes

    return list(uncommitted_changes.notes(head.source(), head.root, head.revision))


def _warnings_beside_imports(head: GitState) -> list[str]:
    """Return warnings, found by another process while this one imports what plans are made with."""

    def work(process: int) -> bytes:
        if process:
            return json.dumps(_warnings(head)).encode()
        _import_planner()
        return b""

    answer = fork_map.fork_map(work, 2)[1]
    return _warnings(head) if answer is None else list(json.loads(answer))


def _save(
    project: OpenProject,
    head: GitState,
    last: _LastPlan | None,
    fingerprints: FileFingerprints,
    planned: CacheablePlan,
    worktree: str | None,
) -> None:
    """Cache a plan. `worktree`: its signature where everything is committed."""
    cached = last.cached if last is not None else None
    signature = cached.signature if cached is not None else fingerprints.signature("")
    if signature is None:
        return
    seconds = int(time.time())
    branch = project.environment(head.environment).protect
    settled = {name: last.cached.settled[name] for name in last.unchanged} if last is not None else {}
    settled |= {name: model for name, model in planned.settled.items() if model.until > seconds}
    paths = cached.paths if cached is not None else unchanged_models.relative(head.root, fingerprints.paths(""))
    fresh = CachedPlan(
        basis={
            "code": unchanged_models.program_version(),
            "role": planned.plan.role,
            "support": head.rules,
            "branch": branch or "",
            "buckets": remote_objects.parts_of(project.desired),
            "refs": head.refs(branch) if branch else "",
            "revision": head.revision,
            "roots": "\0".join(project.storage_folders()),
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
