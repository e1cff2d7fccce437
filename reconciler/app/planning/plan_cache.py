"""Plan an environment as fast as its last plan allows: what has not changed since is taken from the cache.

The plan says the same however it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.adapters.caches import plan_cache as stored
from reconciler.app.planning import git_state, unchanged_models
from reconciler.app.planning.git_state import GitState
from reconciler.app.planning.last_plan import LastPlan, is_committed, last_plan, warnings
from reconciler.app.planning.plan_changes import left_elsewhere, plan_changes, say
from reconciler.core.plan.plan_summary import PlanExcerpt, UnchangedPlan

if TYPE_CHECKING:
    from reconciler.app.project_options import ProjectOptions
    from reconciler.core.plan.plan import Plan


class ValidManifests(NamedTuple):
    """Manifests and cards of HEAD that are `valid` without being read; `committed`: the work tree has no changes."""

    head: GitState | None
    valid: frozenset[str] = frozenset()
    committed: bool = False


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
        last = last_plan(head)
        if last is None or not last.counted or not last.is_whole(head):
            return self._plan_changes(head, last)
        if not is_committed(head, last.cached):
            say(self._options, warnings(head))
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
        return ValidManifests(head=head, valid=others, committed=is_committed(head, cached))

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
            return _with_notes(plan, left_elsewhere(project, environment))

    def _plan_changes(self, head: GitState, last: LastPlan | None) -> Plan | PlanExcerpt:
        """Plan what is not taken from the last plan, and cache it with what is."""
        changes = plan_changes(self._options, head, last)
        plan = _with_notes(changes.planned.plan, changes.leftovers)
        counted = last.counted if last is not None else 0
        return PlanExcerpt(plan=plan, unchanged=counted) if counted else plan


def _with_notes(plan: Plan, notes: tuple[str, ...]) -> Plan:
    return replace(plan, notes=(*(plan.notes or ()), *notes)) if notes else plan
