"""Tell at once that an apply has nothing to do: one that read everything had nothing to do, and nothing changed since.

What such an apply read is compared as for every plan from memory (`unchanged_models`). ADR 39 says what it believes.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.adapters.caches.file_fingerprints import FileFingerprints, signature
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.adapters.filesystem.durable_files import read_checked, write_checked
from reconciler.adapters.git.plumbing import Git
from reconciler.app.planning import git_state, unchanged_models
from reconciler.app.planning.git_state import GitState, hash_of
from reconciler.app.planning.last_plan import is_committed, last_plan, warnings
from reconciler.app.planning.plan_changes import save, say
from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.app.planning.planned_models import CacheablePlan
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject
    from reconciler.core.plan.apply_result import ApplyResult
    from reconciler.core.plan.plan import Plan
    from reconciler.engine.storage.journal import Journals

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleApply:
    """An apply of a whole environment at HEAD, of which it is remembered that it had nothing to do.

    `head`, `index`: what git had when it began, and a hash of its index. `fingerprints` is told what it reads.
    """

    options: ProjectOptions
    head: GitState
    index: str
    fingerprints: FileFingerprints

    def result(self) -> tuple[UnchangedPlan, ApplyResult] | None:
        """Return the plan and the result of the apply where nothing changed since one that had nothing to do; else
        None."""
        record, last = _record(self.head), last_plan(self.head)
        if record is None or last is None or not last.is_whole(self.head) or last.cached.unsettled:
            return None
        if record["index"] != self.index or record["revision"] != self.head.revision:
            return None
        if record["models"] != _models(last.cached):
            return None
        if signature(f"{self.head.root}/", record["paths"]) != record["signature"]:
            return None
        if not is_committed(self.head, last.cached):
            say(self.options, warnings(self.head))
        from reconciler.core.digest import Digest
        from reconciler.core.plan.apply_result import ApplyResult, ModelResult

        plan = UnchangedPlan(
            environment=self.head.environment,
            role=last.cached.basis["role"],
            revision=self.head.revision,
            models=len(last.unchanged),
        )
        return plan, ApplyResult(
            environment=self.head.environment,
            revision=self.head.revision,
            plan=Digest(record["plan"]),
            results=tuple(ModelResult(model=name) for name in sorted(last.unchanged)),
        )

    def remember(self, project: OpenProject, plan: Plan, journals: Journals, applied: ApplyResult) -> None:
        """Remember that the apply of `plan`, which was made from `journals`, had nothing to do, if so."""
        from reconciler.app.planning import planned_models

        if not _is_idle(project, self.head, plan, applied) or self.index != _index(self.head):
            return
        planned = planned_models.cacheable(project, self.head, self.fingerprints, plan, journals)
        paths, shared = self.fingerprints.paths(""), self.fingerprints.signature("")
        if shared is None or len(planned.settled) != len(plan.models):
            return  # something was touched too lately to tell later whether it changed
        if signature("/", paths) != shared:
            return  # this very apply has written something that it had read
        cached = self._cached(project, planned)
        if cached is None or cached.unsettled:
            return
        record = {
            "format": FORMAT,
            "revision": self.head.revision,
            "index": self.index,
            "plan": plan.id,
            "models": _models(cached),
            "paths": unchanged_models.relative(self.head.root, paths),
            "signature": shared,
        }
        write_checked(_path(self.head), [json.dumps(record).encode()])

    def _cached(self, project: OpenProject, planned: CacheablePlan) -> CachedPlan | None:
        """Return the cached plan, which is written anew unless the last one says the same of every model."""
        last = last_plan(self.head)
        if last is not None and last.is_whole(self.head):
            known = last.cached.settled
            same = {name: model.made_from for name, model in known.items()} == {
                name: model.made_from for name, model in planned.settled.items()
            }
            if same:
                return last.cached
        worktree = None if project.warned else unchanged_models.worktree_signature(self.head)
        return save(project, self.head, None, self.fingerprints, planned, worktree)


def idle_apply(options: ProjectOptions, head: GitState | None) -> IdleApply | None:
    """Begin an apply of a whole environment at HEAD; None where nothing is to be gained by remembering it."""
    if head is None or not git_state.has_many(head):
        return None
    return IdleApply(options=options, head=head, index=_index(head), fingerprints=FileFingerprints())


def _is_idle(project: OpenProject, head: GitState, plan: Plan, applied: ApplyResult) -> bool:
    """Tell whether an apply changed nothing, and the next one will not either unless something else does."""
    from reconciler.app.planning import remote_objects
    from reconciler.app.planning.planned_models import is_unchanged
    from reconciler.core.status_codes import ResultStatus
    from reconciler.engine.apply.record_controls import are_recorded

    environment = project.environment(head.environment)
    if project.desired.revision != head.revision or project.desired.is_remote:
        return False
    if plan.refresh is not None or plan.notes or plan.findings or applied.plan != plan.id:
        return False
    if applied.status is not ResultStatus.CLEAN or not all(map(is_unchanged, plan.models)):
        return False
    if not remote_objects.are_all_observed(project.desired):
        return False
    with suppress(ReconcilerError):
        return environment.trains or are_recorded(project.deps, project.desired, environment)
    return False


def _record(head: GitState) -> dict[str, Any] | None:
    """Return what is remembered of the last apply with nothing to do; None where nothing is."""
    try:
        (line,) = read_checked(_path(head), own=True)
        record = json.loads(line)
        texts = (record[name] for name in ("revision", "index", "plan", "models", "signature"))
        if record["format"] == FORMAT and all(type(text) is str for text in (*texts, *record["paths"])):
            return dict(record)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return None


def _models(cached: CachedPlan) -> str:
    """Return a hash of what the plan of each model was made from, in its generation."""
    parts = sorted(f"{name} {model.made_from}" for name, model in cached.settled.items())
    return hash_of([cached.basis["generation"], *parts])


def _index(head: GitState) -> str:
    """Return a hash of git's index: what is staged counts for an apply."""
    return hash_of([Git(head.top).run("ls-files", "--stage", "-z").decode("utf-8", "surrogateescape")])


def _path(head: GitState) -> Path:
    return head.cache_file.with_suffix(".apply")
