"""The plan of a whole environment for a person to read, as fast as what is remembered allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.adapters import plan_memo
from reconciler.adapters.plan_memo import Memo
from reconciler.cli import remembered, terminal
from reconciler.cli.options import Form, Invocation
from reconciler.cli.remembered import Now
from reconciler.core.unchanged import Unchanged
from reconciler.errors import ReconcilerError
from reconciler.report.unchanged import SHOWN

__all__ = ["Unchanged", "known_valid", "plan"]

if TYPE_CHECKING:
    from reconciler.core.plan import ModelPlan, Plan

FOREVER = 2**40


def plan(
    invocation: Invocation, environment: str, models: tuple[str, ...] = (), *, to_file: bool = False
) -> Plan | Unchanged:
    """The plan; where it is for a person to read, of a whole environment at HEAD, from what is remembered: the same in
    all that is shown as text."""
    at_head = invocation.revision is None and not invocation.working_tree and not invocation.verbose
    if models or to_file or not at_head or invocation.form is not Form.TEXT:
        from reconciler.cli.wiring import opened
        from reconciler.engine.planning import make_plan

        with opened(invocation) as project:
            return make_plan(project.world, project.desired, project.environment(environment), models)
    return _remembered(invocation, environment)


def _remembered(invocation: Invocation, environment: str) -> Plan | Unchanged:
    now = remembered.look(environment)
    memo = plan_memo.load(now.memo) if now is not None else None
    if now is None or memo is None or (found := _settled(now, environment, memo)) is None:
        return _made(invocation, environment, now, None, [], frozenset())
    known, pending = found
    if pending or len(known) <= SHOWN or now.ids != memo.valid:
        left_out = remembered.unneeded(now, environment, memo, pending)
        return _made(invocation, environment, now, memo, known, left_out)
    if not _is_committed(now, memo):
        _note(now)
    return Unchanged(environment=environment, role=memo.basis["role"], revision=now.revision, models=len(known))


def known_valid(invocation: Invocation, environment: str, model: str) -> tuple[frozenset[str], bool]:
    """(manifests and cards of other models that the last plan of `environment` found valid and that are as they were,
    whether everything is still committed)."""
    if invocation.revision is not None or invocation.working_tree:
        return frozenset(), False
    now = remembered.look(environment)
    memo = plan_memo.load(now.memo) if now is not None else None
    if now is None or memo is None or not remembered.same_rules(now, memo):
        return frozenset(), False
    known = remembered.unneeded(now, environment, memo, [model])
    others = frozenset(path for path in known if path.rpartition("/")[2].rpartition(".")[0] != model)
    return others, _is_committed(now, memo)


def _is_committed(now: Now, memo: Memo) -> bool:
    """Whether the work tree is as it was when everything was committed."""
    worktree = remembered.worktree(now)
    return worktree is not None and worktree == memo.worktree and memo.basis.get("revision") == now.revision


def _settled(now: Now, environment: str, memo: Memo) -> tuple[list[str], list[str]] | None:
    try:
        return remembered.settled(now, environment, memo)
    except (ReconcilerError, KeyError):
        return None


def _made(
    invocation: Invocation,
    environment: str,
    now: Now | None,
    memo: Memo | None,
    known: list[str],
    left_out: frozenset[str],
) -> Plan:
    from reconciler.adapters.witness import Witness
    from reconciler.cli.wiring import opened
    from reconciler.engine.lasting import stays_until
    from reconciler.engine.planning import make_plan

    witness = Witness()
    worktree = remembered.worktree(now) if now is not None else None
    parts = _parts(environment, memo, known) if memo is not None else {}
    with opened(invocation, witness=witness, known=left_out) as project:
        here = project.environment(environment)
        made = make_plan(project.world, project.desired, here, settled=parts, about=witness.about)
        if now is None or now.revision != project.desired.revision or made.refresh is not None:
            return made
        if project.desired.far:  # nothing on this disk changes when something changes there
            return made
        until = stays_until(project.world, project.desired, here, made)
    seconds = int(time.time())
    said = memo.signature if memo is not None else witness.signature("")
    if said is None:
        return made
    roots = {place.root for one in project.desired.environments for place in one.places if place.root is not None}
    fresh = Memo(
        basis={
            "code": remembered.code(),
            "role": made.role,
            "support": now.support,
            "branch": here.protect or "",
            "refs": now.refs(here.protect) if here.protect else "",
            "revision": now.revision,
            "roots": "\0".join(sorted(roots)),
        },
        saved=seconds,
        until=min(until.get("", FOREVER), memo.until if memo is not None else FOREVER),
        signature=said,
        paths=memo.paths if memo is not None else remembered.relative(now.root, witness.paths("")),
        worktree=worktree if not project.noted else None,
        settled={name: memo.settled[name] for name in known} if memo is not None else {},
        valid=now.ids,
    )
    for part in made.models:
        lasts = until.get(part.model, FOREVER)
        seen = witness.signature(part.model)
        if part.model not in parts and _quiet(part) and seen is not None and lasts > seconds:
            fresh.settled[part.model] = plan_memo.Settled(
                blobs=now.blobs(environment, part.model),
                signature=seen,
                until=lasts,
                digest=part.digest,
                sync=part.sync.value,
                health=part.health.value,
                reason=part.reason,
                paths=remembered.relative(now.root, witness.paths(part.model)),
            )
    fresh.unsettled = tuple(part.model for part in made.models if part.model not in fresh.settled)
    plan_memo.save(now.memo, fresh)
    return made


def _quiet(part: ModelPlan) -> bool:
    return not part.steps and part.blocked is None and not part.detail.notes


def _parts(environment: str, memo: Memo, known: list[str]) -> dict[str, ModelPlan]:
    """What is shown of settled models. What they depend on is not remembered: it is neither shown nor written."""
    from reconciler.core.condition import Health, Sync
    from reconciler.core.digest import Digest
    from reconciler.core.plan import Basis, ModelPlan

    basis = Basis(
        environment=environment,
        model="",
        pin=None,
        recipe=None,
        gates=(),
        head=None,
        served="",
        candidate=None,
        build=None,
        verdicts=(),
        snapshot=None,
        order="",
    )
    return {
        name: ModelPlan(
            model=name,
            digest=Digest(one.digest),
            basis=basis,
            sync=Sync(one.sync),
            health=Health(one.health),
            reason=one.reason,
        )
        for name in known
        for one in (memo.settled[name],)
    }


def _note(now: Now) -> None:
    from reconciler.adapters.source_git import GitSource
    from reconciler.cli import uncommitted

    for line in uncommitted.notes(GitSource(now.root), now.root, now.revision):
        terminal.say(line)
