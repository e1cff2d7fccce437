"""The plan of a whole environment for a person to read, as fast as what is remembered allows."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.adapters.caches import plan_cache as plan_memo
from reconciler.adapters.caches.file_fingerprints import FileFingerprints
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.adapters.executors import fork_map
from reconciler.app.planning import git_state
from reconciler.app.planning import plan_cache as remembered
from reconciler.app.planning.git_state import GitState
from reconciler.core.plan.plan_summary import PlanExcerpt, UnchangedPlan
from reconciler.errors import ReconcilerError
from reconciler.report.plan.in_sync import SHOWN

__all__ = ["PlanExcerpt", "UnchangedPlan", "known_valid", "plan"]

MANY = 30  # models from which a second process pays

if TYPE_CHECKING:
    from reconciler.app.planning.parallel_plan import PlanWithCache
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject
    from reconciler.core.plan.plan import ModelPlan, Plan
    from reconciler.core.spec.environment import Environment


def plan(
    options: ProjectOptions, environment: str, models: tuple[str, ...] = (), *, whole: bool = False
) -> Plan | PlanExcerpt | UnchangedPlan:
    """The plan; where it is for a person to read, of a whole environment at HEAD, from what is remembered: the same in
    all that is shown as text."""
    if models or whole or not options.at_head or options.verbose:
        from reconciler.app.wiring import open_project
        from reconciler.engine.plan.make_plan import make_plan

        with open_project(options) as project:
            return make_plan(project.deps, project.desired, project.environment(environment), models)
    return _remembered(options, environment)


def _remembered(options: ProjectOptions, environment: str) -> Plan | PlanExcerpt | UnchangedPlan:
    now = git_state.look(options.root, environment)
    memo = plan_memo.load(now.memo) if now is not None else None
    if now is None or memo is None or (found := _settled(now, environment, memo)) is None:
        return _made(options, environment, now)
    known, pending = found
    if pending or len(known) <= SHOWN or now.ids != memo.valid:
        return _made(options, environment, now, memo, known, pending)
    if not _is_committed(now, memo):
        _say(options, _uncommitted(now))
    return UnchangedPlan(environment=environment, role=memo.basis["role"], revision=now.revision, models=len(known))


def known_valid(options: ProjectOptions, environment: str, model: str) -> tuple[frozenset[str], bool, GitState | None]:
    """(manifests and cards of other models that the last plan of `environment` found valid and that are as they were,
    whether everything is still committed, what git has)."""
    if not options.at_head:
        return frozenset(), False, None
    now = git_state.look(options.root, environment)
    memo = plan_memo.load(now.memo) if now is not None else None
    if now is None or memo is None or not remembered.same_rules(now, memo):
        return frozenset(), False, now
    known = remembered.unneeded(now, environment, memo, [model])
    others = frozenset(path for path in known if path.rpartition("/")[2].rpartition(".")[0] != model)
    return others, _is_committed(now, memo), now


def _is_committed(now: GitState, memo: CachedPlan) -> bool:
    """Whether the work tree is as it was when everything was committed."""
    worktree = remembered.worktree(now)
    return worktree is not None and worktree == memo.worktree and memo.basis.get("revision") == now.revision


def _settled(now: GitState, environment: str, memo: CachedPlan) -> tuple[list[str], list[str]] | None:
    try:
        return remembered.settled(now, environment, memo, besides=_planner)
    except (ReconcilerError, KeyError):
        return None


def _planner() -> None:
    """What a plan is made with, imported."""
    from reconciler.app import wiring  # noqa: F401


def _made(
    options: ProjectOptions,
    environment: str,
    now: GitState | None,
    memo: CachedPlan | None = None,
    known: Sequence[str] = (),
    pending: Sequence[str] = (),
) -> Plan | PlanExcerpt:
    """The plan, of which the parts of `known` models are in `memo`; what it settles is remembered."""
    names = sorted(pending if memo is not None else now.models(environment) if now is not None else ())
    many = len(names) >= MANY and fork_map.count() > 1
    worktree = remembered.worktree(now) if now is not None else None
    lines = _noticed(now) if now is not None and many else []
    from reconciler.app.planning import parallel_plan as shares
    from reconciler.app.wiring import open_project
    from reconciler.engine.plan.make_plan import make_plan

    shown = known if len(known) <= SHOWN else ()
    parts = _parts(environment, memo, shown) if memo is not None else None
    valid = frozenset[str]()
    if now is not None and memo is not None:
        valid = remembered.unneeded(now, environment, memo, list(pending))
    found, witness, noted = None, FileFingerprints(), False
    if now is not None and many:
        with (
            suppress(ReconcilerError),
            open_project(options, witness=witness, known=frozenset(now.ids), committed=True, now=now) as project,
        ):
            here = project.environment(environment)
            found = shares.shared(project, here, now, witness, names, valid=valid, settled=parts)
            noted = found is not None and _say(options, lines)
    if found is None:
        witness = FileFingerprints()
        with open_project(options, witness=witness, known=valid, now=now) as project:
            here, noted = project.environment(environment), project.noted
            if now is None:
                return make_plan(project.deps, project.desired, here)
            found = shares.made(project, here, now, witness, parts)
    far = project.desired.is_remote  # nothing on this disk changes when something changes there
    if now is not None and found.plan.refresh is None and not far:
        _remember(project, here, now, memo, known, witness, found, None if noted else worktree)
    calm = len(known) - len(shown)
    return PlanExcerpt(plan=found.plan, calm=calm) if calm else found.plan


def _noticed(now: GitState) -> list[str]:
    """What is not committed: another process looks while this one imports what plans are made with."""

    def work(process: int) -> bytes:
        if process:
            return json.dumps(_uncommitted(now)).encode()
        _planner()
        return b""

    answer = fork_map.fork_map(work, 2)[1]
    return _uncommitted(now) if answer is None else list(json.loads(answer))


def _remember(
    project: OpenProject,
    here: Environment,
    now: GitState,
    memo: CachedPlan | None,
    known: Sequence[str],
    witness: FileFingerprints,
    found: PlanWithCache,
    worktree: str | None,
) -> None:
    said = memo.signature if memo is not None else witness.signature("")
    if said is None:
        return
    seconds = int(time.time())
    roots = {place.root for one in project.desired.environments for place in one.places if place.root is not None}
    settled = {name: memo.settled[name] for name in known} if memo is not None else {}
    settled |= {name: one for name, one in found.settled.items() if one.until > seconds}
    fresh = CachedPlan(
        basis={
            "code": remembered.code(),
            "role": found.plan.role,
            "support": now.support,
            "branch": here.protect or "",
            "refs": now.refs(here.protect) if here.protect else "",
            "revision": now.revision,
            "roots": "\0".join(sorted(roots)),
        },
        saved=memo.saved if memo is not None else seconds,  # what is carried on is as old as it was
        until=min(found.until, memo.until if memo is not None else found.until),
        signature=said,
        paths=memo.paths if memo is not None else remembered.relative(now.root, witness.paths("")),
        worktree=worktree,
        settled=settled,
        unsettled=tuple(part.model for part in found.plan.models if part.model not in settled),
        valid=now.ids,
    )
    plan_memo.save(now.memo, fresh, before=memo)


def _parts(environment: str, memo: CachedPlan, known: Sequence[str]) -> tuple[ModelPlan, ...]:
    """What is shown of settled models. What they depend on is not remembered: it is neither shown nor written."""
    from reconciler.app.planning.parallel_plan import basis_of, quiet_part

    basis = basis_of(environment)
    found = ((name, memo.settled[name]) for name in known)
    return tuple(quiet_part(basis, name, one.digest, one.sync, one.health, one.reason) for name, one in found)


def _uncommitted(now: GitState) -> list[str]:
    from reconciler.app import uncommitted_changes as uncommitted

    return list(uncommitted.notes(now.source(), now.root, now.revision))


def _say(options: ProjectOptions, lines: list[str]) -> bool:
    """Whether there was anything to say."""
    for line in lines:
        options.say(line)
    return bool(lines)
