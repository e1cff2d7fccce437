"""Apply on merge: carry out what the reviewers of merged requests saw, model by model, and nothing else.

Level-based: for each model with something to deploy or retire, the change that brought it (the last one on the
protected branch to its manifest or its environment's file), and the request of that change. So a run that was skipped,
because a newer merge came in meanwhile, is made up for by the next. The request's comment holds a record of what was
reviewed; a commit status on the request's head carries the record's digest, so that an edited comment is noticed. A
model whose plan is another one by now is left alone, and the fact that moved is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler import codec
from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest, is_digest
from reconciler.core.forge.pull_request import PullRequest
from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.plan.plan import ModelPlan, Plan
from reconciler.core.promotion.reviewed_plan import DigestDepth, ReviewedPlan, moved, revealed, reviewed_model
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import Exit
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import manifest_path
from reconciler.errors import IntegrityError, UsageError
from reconciler.ports import CommitOrder, FirstParentChange, Forge

AGAIN = "look at it again: `reconciler plan {0} --out FILE`, then `reconciler apply {0} --plan FILE`"


def status_name(environment: str) -> str:
    """Of the commit status under a request's head, which a forge's rules can require."""
    return f"reconciler/plan/{environment}"


def comment_key(environment: str) -> str:
    return f"plan/{environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPlan:
    """What reviewers saw: the digest of its record, and the record where the comment could hold it. Both None where the
    request showed no plan of this environment."""

    request: PullRequest
    digest: Digest | None = None
    record: ReviewedPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedChange:
    """A commit on the protected branch, the one before it there, and the models of which it is the last change.
    `approved` is None where no request brought it; `unread` says why what was approved does not count."""

    commit: str
    before: str | None
    models: tuple[str, ...]
    approved: ApprovedPlan | None
    unread: str | None = None


def waiting(
    deps: Dependencies, desired: DesiredState, environment: Environment, plan: Plan, forge: Forge
) -> tuple[MergedChange, ...]:
    """The changes that this environment still waits for, oldest first. UsageError where it is not protected."""
    branch, revision = environment.protect, desired.revision
    if branch is None or revision is None:
        raise UsageError(
            f"{environment.name} is applied on merge, so it needs a branch that is merged into",
            hint="protect: {branch: main} in its file, and run from a commit of that branch",
            code="E801",
        )
    last: dict[str, FirstParentChange] = {}
    models: dict[str, list[str]] = {}
    ours = deps.source.changed(f"environments/{environment.name}.yaml", at=revision, branch=branch)
    for part in plan.models:
        if _is_for_a_merge(part):
            own = deps.source.changed(manifest_path(environment.name, part.model), at=revision, branch=branch)
            newest = _newer(deps, own, ours, branch) or FirstParentChange(commit=revision, before=None)
            last[newest.commit] = newest
            models.setdefault(newest.commit, []).append(part.model)
    commits = sorted(last, key=lambda one: _position(deps, one, last, branch))
    return tuple(_change(forge, environment.name, last[one], tuple(models[one])) for one in commits)


def _is_for_a_merge(part: ModelPlan) -> bool:
    """A restore puts back what an earlier merge brought: it is the drift check's business, and any apply's."""
    return part.blocked is not None or any(step.action in (Action.DEPLOY, Action.RETIRE) for step in part.steps)


def _newer(
    deps: Dependencies, one: FirstParentChange | None, other: FirstParentChange | None, branch: str
) -> FirstParentChange | None:
    if one is None or other is None:
        return one or other
    return other if deps.source.order(one.commit, other.commit, branch=branch) is CommitOrder.AFTER else one


def _position(deps: Dependencies, commit: str, among: Iterable[str], branch: str) -> int:
    return sum(deps.source.order(other, commit, branch=branch) is CommitOrder.AFTER for other in among)


def _change(forge: Forge, environment: str, merged: FirstParentChange, models: tuple[str, ...]) -> MergedChange:
    requests = forge.merged_by(merged.commit)
    if not requests:
        return MergedChange(commit=merged.commit, before=merged.before, models=models, approved=None)
    found, unread = ApprovedPlan(request=requests[-1]), None
    try:
        found = _approved(forge, requests[-1], environment)
    except IntegrityError as error:
        unread = str(error)
    return MergedChange(commit=merged.commit, before=merged.before, models=models, approved=found, unread=unread)


def _approved(forge: Forge, request: PullRequest, environment: str) -> ApprovedPlan:
    """IntegrityError E703 when the comment is not what was posted for the request's last commit."""
    digest = _posted(forge, request.commit, environment)
    if digest is None:
        return ApprovedPlan(request=request)
    body = revealed(forge.commented(request.number, comment_key(environment)) or "")
    if body is None:
        return ApprovedPlan(request=request, digest=digest)
    found = codec.decode(ReviewedPlan, body, what=f"the plan in request {request.number}")
    if codec.digest_of(found) != digest or (found.environment, found.commit) != (environment, request.commit):
        raise IntegrityError(
            f"the plan in request {request.number} is not the one that was posted for its last commit", code="E703"
        )
    return ApprovedPlan(request=request, digest=digest, record=found)


def _posted(forge: Forge, commit: str, environment: str) -> Digest | None:
    """The digest of the record that was posted for this commit, as its status says."""
    for one in forge.statuses(commit):
        if one.name == status_name(environment):
            return next((Digest(word) for word in one.description.split() if is_digest(word)), None)
    return None


def carry_out(
    deps: Dependencies, desired: DesiredState, environment: Environment, plan: Plan, change: MergedChange
) -> ApplyResult:
    """Apply those of the change's models whose plan is the reviewed one; the others are results of their own."""
    parts = tuple(one for one in plan.models if one.model in change.models)
    stale = dict(_stale(parts, environment, change))
    alone = [
        ModelResult(
            model=name,
            exit=Exit.INTEGRITY if change.unread else Exit.CONFLICT,
            problem=why,
            remedy=AGAIN.format(environment.name),
        )
        for name, why in stale.items()
    ]
    going = tuple(one for one in parts if one.model not in stale)
    if not going:
        return ApplyResult(environment=environment.name, revision=desired.revision, plan=plan.id, results=tuple(alone))
    names = tuple(one.model for one in going)
    made = apply.apply(deps, desired, environment, replace(plan, models=going), models=names, confirmed=True)
    return replace(made, results=tuple(sorted((*made.results, *alone), key=lambda one: one.model)))


def _stale(parts: tuple[ModelPlan, ...], environment: Environment, change: MergedChange) -> Iterator[tuple[str, str]]:
    """(model, why what would be done now is not what was approved)."""
    approved, nobody = change.approved, "nobody reviewed this plan"
    if change.unread is not None:
        yield from ((one.model, change.unread) for one in parts)
    elif approved is None:
        yield from ((one.model, f"{nobody}: no pull request brought commit {change.commit[:12]}") for one in parts)
    elif approved.digest is None:
        why = f"{nobody}: request {approved.request.number} showed none of {environment.name} at its last commit"
        yield from ((one.model, why) for one in parts)
    elif approved.record is None:
        yield from _stale_in_all(parts, environment, approved)
    else:
        for one in parts:
            before = approved.record.model(one.model)
            now = reviewed_model(one.basis, approved.record.depth)
            if before is None:
                yield one.model, f"the plan is stale: request {approved.request.number} did not show this model"
            elif fields := moved(before, now, approved.record.depth):
                yield one.model, f"the plan is stale: {', '.join(fields)} moved since it was reviewed"


def _stale_in_all(
    parts: tuple[ModelPlan, ...], environment: Environment, approved: ApprovedPlan
) -> Iterator[tuple[str, str]]:
    """Where the comment had no room for a record, only that something moved can be told."""
    for depth in DigestDepth:
        now = ReviewedPlan(
            environment=environment.name,
            commit=approved.request.commit,
            depth=depth,
            models=tuple(reviewed_model(one.basis, depth) for one in parts),
        )
        if codec.digest_of(now) == approved.digest:
            return
    yield from ((one.model, "the plan is stale: something that the request touches has moved") for one in parts)
