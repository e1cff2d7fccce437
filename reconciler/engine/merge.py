"""Apply on merge: carry out what the merged request's reviewers saw, model by model, and nothing else.

The request's comment says what that was; a commit status on its head carries the digest of that record, so that an
edited comment is noticed. A model whose digest is another one by now is left alone, and the fact that moved is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler import codec
from reconciler.core.condition import Exit
from reconciler.core.digest import Digest, is_digest
from reconciler.core.environment import Desired, Environment
from reconciler.core.forge import PullRequest
from reconciler.core.plan import Plan
from reconciler.core.result import Applied, ModelResult
from reconciler.core.review import Depth, Reviewed, moved, revealed, reviewed_model
from reconciler.engine import apply, planning, review
from reconciler.engine.world import World
from reconciler.errors import IntegrityError
from reconciler.ports import Forge

AGAIN = "look at it again: `reconciler plan {0} --out FILE`, then `reconciler apply {0} --plan FILE`"


def status_name(environment: str) -> str:
    """Of the commit status under a request's head, which a forge's rules can require."""
    return f"reconciler/plan/{environment}"


def comment_key(environment: str) -> str:
    return f"plan/{environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What reviewers saw: the digest of its record, and the record where the comment could hold it."""

    request: PullRequest
    digest: Digest
    record: Reviewed | None


def approved(forge: Forge, commit: str, environment: str) -> Approved | PullRequest | None:
    """What the request that brought `commit` showed; the request alone where it showed no plan of this environment, and
    None where no request brought the commit. IntegrityError E703 when the comment is not what was posted."""
    requests = forge.merged_by(commit)
    if not requests:
        return None
    request = requests[-1]
    digest = next(
        (
            Digest(word)
            for one in forge.statuses(request.commit)
            if one.name == status_name(environment)
            for word in one.description.split()
            if is_digest(word)
        ),
        None,
    )
    if digest is None:
        return request
    body = revealed(forge.commented(request.number, comment_key(environment)) or "")
    if body is None:
        return Approved(request=request, digest=digest, record=None)
    found = codec.decode(Reviewed, body, what=f"the plan in request {request.number}")
    if codec.digest_of(found) != digest or (found.environment, found.commit) != (environment, request.commit):
        raise IntegrityError(
            f"the plan in request {request.number} is not the one that was posted for its last commit",
            code="E703",
            hint=AGAIN.format(environment),
        )
    return Approved(request=request, digest=digest, record=found)


def carry_out(
    world: World,
    old: Desired | None,
    new: Desired,
    environment: Environment,
    found: Approved | PullRequest | None,
) -> tuple[Applied, Plan]:
    """Apply the touched models whose plan is the reviewed one; the others are results of their own, exit 5."""
    names = tuple(one.model for one in review.touched(old, new, environment))
    plan = planning.make_plan(world, new, environment, names) if names else None
    if plan is None:
        plan = replace(planning.make_plan(world, new, environment), models=())
    stale = _stale(plan, environment, found)
    going = tuple(name for name in names if name not in stale)
    alone = tuple(
        ModelResult(model=name, exit=Exit.CONFLICT, problem=why, remedy=AGAIN.format(environment.name))
        for name, why in stale.items()
    )
    if not going:
        return Applied(environment=environment.name, revision=new.revision, plan=plan.id, results=alone), plan
    made = apply.apply(world, new, environment, _only(plan, going), models=going, confirmed=True)
    return replace(made, results=tuple(sorted((*made.results, *alone), key=lambda one: one.model))), plan


def _only(plan: Plan, names: tuple[str, ...]) -> Plan:
    return replace(plan, models=tuple(one for one in plan.models if one.model in names))


def _stale(plan: Plan, environment: Environment, found: Approved | PullRequest | None) -> dict[str, str]:
    """model -> why what would be done now is not what was approved. What has nothing left to do is never stale."""
    waiting = [one for one in plan.models if one.steps or one.blocked is not None]
    if not isinstance(found, Approved):
        why = "no pull request brought this commit" if found is None else f"request {found.number} showed no plan of it"
        return {one.model: f"nobody reviewed this plan: {why}" for one in waiting}
    if found.record is None:
        if found.digest in {codec.digest_of(_record(plan, environment, found, depth)) for depth in Depth}:
            return {}
        return {one.model: "the plan is stale: something that this request touches has moved" for one in waiting}
    stale = {}
    now = _record(plan, environment, found, found.record.depth)
    for one in waiting:
        before, after = found.record.model(one.model), now.model(one.model)
        if before is None or after is None:
            stale[one.model] = "the plan is stale: this model was not part of what was reviewed"
        elif fields := moved(before, after, now.depth):
            stale[one.model] = f"the plan is stale: {', '.join(fields)} moved since it was reviewed"
    return stale


def _record(plan: Plan, environment: Environment, found: Approved, depth: Depth) -> Reviewed:
    """What the request's comment would hold if it were written now."""
    models = tuple(reviewed_model(one.basis, depth) for one in plan.models)
    return Reviewed(environment=environment.name, commit=found.request.commit, depth=depth, models=models)
