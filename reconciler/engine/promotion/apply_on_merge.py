"""Apply merged pull requests: exactly the plan that their reviewers saw, model by model.

Level-based: for each model with something to deploy or retire, find the merge that introduced the change (the last one
on the protected branch to the model's manifest or the environment's file) and its pull request. A run that was skipped,
because a newer merge came in meanwhile, is therefore made up for by the next. The request's comment holds a record of
what was reviewed; a commit status on the request's head carries the record's digest, so that an edited comment is
noticed. A model whose plan differs by now is skipped, and the changed field is named. For models that could not be
applied, a branch that restores what git declared before is proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler import codec
from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest, is_digest
from reconciler.core.forge.project_place import at_place, branch_name
from reconciler.core.forge.pull_request import PullRequest
from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.plan.plan import ModelPlan, Plan, inputs_in_words
from reconciler.core.promotion.reviewed_plan import (
    DigestDepth,
    ReviewedPlan,
    changed_fields,
    parse_hidden_record,
    reviewed_model,
    visible_digest,
)
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import Checkout, manifest_path
from reconciler.errors import IntegrityError, UsageError
from reconciler.ports import CommitOrder, FirstParentChange, Forge, Proposal, Proposer

AGAIN = "review the new plan: `reconciler plan {0} --out FILE`, then `reconciler apply {0} --plan FILE`"


def status_name(environment: str) -> str:
    """Return the name of the commit status on a request's head, which branch protection rules can require."""
    return f"reconciler/plan/{environment}"


def comment_key(environment: str) -> str:
    """Return the key by which the plan comment of an environment is found again."""
    return f"plan/{environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPlan:
    """The plan that reviewers of `request` saw: the digest of its record, and the record where the comment could hold
    it. Both are None where the request showed no plan of this environment."""

    request: PullRequest
    digest: Digest | None = None
    record: ReviewedPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedChange:
    """A commit on the protected branch, its parent there, and the models whose last change it is.

    `approved` is None where no pull request introduced it; `unreadable` says why its recorded plan does not count.
    """

    commit: str
    before: str | None
    models: tuple[str, ...]
    approved: ApprovedPlan | None
    unreadable: str | None = None


def pending_changes(
    deps: Dependencies, desired: DesiredState, environment: Environment, plan: Plan, forge: Forge
) -> tuple[MergedChange, ...]:
    """Return the merged changes that `environment` has not applied yet, oldest first.

    Raises UsageError E801 where the environment has no protected branch or git is a work tree.
    """
    branch, revision = environment.protect, desired.revision
    if branch is None or revision is None:
        raise UsageError(
            f"apply on merge needs a protected branch, and {environment.name} has none",
            hint=f"add `protect: {{branch: main}}` to environments/{environment.name}.yaml, and run on that branch",
            code="E801",
        )
    last: dict[str, FirstParentChange] = {}
    models: dict[str, list[str]] = {}
    shared = deps.source.changed(f"environments/{environment.name}.yaml", at=revision, branch=branch)
    for model_plan in plan.models:
        if _introduced_by_merge(model_plan):
            own = deps.source.changed(manifest_path(environment.name, model_plan.model), at=revision, branch=branch)
            newest = _newer(deps, own, shared, branch) or FirstParentChange(commit=revision, before=None)
            last[newest.commit] = newest
            models.setdefault(newest.commit, []).append(model_plan.model)
    commits = sorted(last, key=lambda commit: _position(deps, commit, last, branch))
    return tuple(_change(forge, environment.name, branch, last[commit], tuple(models[commit])) for commit in commits)


def _introduced_by_merge(model_plan: ModelPlan) -> bool:
    """Tell whether a merge introduces this plan. A restore redeploys an earlier merge: any `apply` may do it."""
    deploys = any(step.action in (Action.DEPLOY, Action.RETIRE) for step in model_plan.steps)
    return deploys or model_plan.blocked is not None


def _newer(
    deps: Dependencies, own_change: FirstParentChange | None, other: FirstParentChange | None, branch: str
) -> FirstParentChange | None:
    if own_change is None or other is None:
        return own_change or other
    return (
        other if deps.source.order(own_change.commit, other.commit, branch=branch) is CommitOrder.AFTER else own_change
    )


def _position(deps: Dependencies, commit: str, among: Iterable[str], branch: str) -> int:
    return sum(deps.source.order(other, commit, branch=branch) is CommitOrder.AFTER for other in among)


def _change(
    forge: Forge, environment: str, branch: str, merged: FirstParentChange, models: tuple[str, ...]
) -> MergedChange:
    """Return the change with what the reviewers of its request saw; requests into other branches say nothing of it."""
    requests = [request for request in forge.merged_by(merged.commit) if request.base == branch]
    if not requests:
        return MergedChange(commit=merged.commit, before=merged.before, models=models, approved=None)
    approved, unreadable = ApprovedPlan(request=requests[-1]), None
    try:
        approved = _approved(forge, requests[-1], environment)
    except IntegrityError as error:
        unreadable = str(error)
    return MergedChange(
        commit=merged.commit, before=merged.before, models=models, approved=approved, unreadable=unreadable
    )


def _approved(forge: Forge, request: PullRequest, environment: str) -> ApprovedPlan:
    """Return the reviewed plan; IntegrityError E703 when the comment is not the one posted for the last commit."""
    digest = _posted(forge, request.commit, environment)
    if digest is None:
        return ApprovedPlan(request=request)
    text = forge.comment_body(request.number, comment_key(environment)) or ""
    body = parse_hidden_record(text)
    if body is None:
        return ApprovedPlan(request=request, digest=digest)
    record = codec.decode(ReviewedPlan, body, what=f"the plan in request {request.number}")
    edited = codec.digest_of(record) != digest or record.shown not in (None, visible_digest(text, digest))
    if edited or (record.environment, record.commit) != (environment, request.commit):
        raise IntegrityError(
            f"the plan comment of request {request.number} was edited or belongs to another commit", code="E703"
        )
    return ApprovedPlan(request=request, digest=digest, record=record)


def _posted(forge: Forge, commit: str, environment: str) -> Digest | None:
    """Return the digest of the plan record that was posted for this commit, as its status says."""
    for status in forge.statuses(commit):
        if status.name == status_name(environment):
            return next((Digest(word) for word in status.description.split() if is_digest(word)), None)
    return None


def apply_change(
    deps: Dependencies, desired: DesiredState, environment: Environment, plan: Plan, change: MergedChange
) -> ApplyResult:
    """Apply the change's models whose plan equals the reviewed one; report each of the others as stale."""
    model_plans = tuple(model_plan for model_plan in plan.models if model_plan.model in change.models)
    stale = dict(_stale(model_plans, environment, change))
    skipped = [
        ModelResult(
            model=name,
            status=ResultStatus.DAMAGED if change.unreadable else ResultStatus.CONFLICT,
            problem=reason,
            remedy=AGAIN.format(environment.name),
        )
        for name, reason in stale.items()
    ]
    current = tuple(model_plan for model_plan in model_plans if model_plan.model not in stale)
    if not current:
        results = tuple(skipped)
        return ApplyResult(environment=environment.name, revision=desired.revision, plan=plan.id, results=results)
    names = tuple(model_plan.model for model_plan in current)
    applied = apply.apply(deps, desired, environment, replace(plan, models=current), models=names, confirmed=True)
    return replace(applied, results=tuple(sorted((*applied.results, *skipped), key=lambda result: result.model)))


def _stale(
    model_plans: tuple[ModelPlan, ...], environment: Environment, change: MergedChange
) -> Iterator[tuple[str, str]]:
    """Yield (model, reason) for each model whose plan is not the approved one."""
    approved, unreviewed = change.approved, "this plan was not reviewed"
    names = [model_plan.model for model_plan in model_plans]
    if change.unreadable is not None:
        yield from ((name, change.unreadable) for name in names)
    elif approved is None:
        reason = f"{unreviewed}: commit {change.commit[:12]} was not merged by a pull request"
        yield from ((name, reason) for name in names)
    elif approved.digest is None:
        reason = (
            f"{unreviewed}: request {approved.request.number} has no plan of {environment.name} for its last commit"
        )
        yield from ((name, reason) for name in names)
    elif approved.record is None:
        yield from _stale_by_digest(model_plans, environment, approved)
    else:
        for model_plan in model_plans:
            before = approved.record.model(model_plan.model)
            now = reviewed_model(model_plan.basis, approved.record.depth)
            if before is None:
                yield model_plan.model, f"the plan is stale: request {approved.request.number} did not show this model"
            elif fields := changed_fields(before, now, approved.record.depth):
                yield model_plan.model, f"the plan is stale: {inputs_in_words(fields)} changed since the review"


def _stale_by_digest(
    model_plans: tuple[ModelPlan, ...], environment: Environment, approved: ApprovedPlan
) -> Iterator[tuple[str, str]]:
    """Compare by digest, where the comment had no room for a record: which field changed is then unknown."""
    for depth in DigestDepth:
        now = ReviewedPlan(
            environment=environment.name,
            commit=approved.request.commit,
            depth=depth,
            models=tuple(reviewed_model(model_plan.basis, depth) for model_plan in model_plans),
        )
        if codec.digest_of(now) == approved.digest:
            return
    reason = "the plan is stale: the plan of a model of the request changed since, or the plan comment was edited"
    yield from ((model_plan.model, reason) for model_plan in model_plans)


def propose_revert(
    proposer: Proposer, old: Checkout, new: Checkout, *, environment: str, models: Iterable[str], reason: str
) -> str | None:
    """Commit a branch with what `old` declares for `models`, and return its name; None where nothing differs.

    It is committed, not merged: people decide whether to go back or forward.
    """
    files: dict[str, str] = {}
    removed = []
    for model in models:
        for path in (manifest_path(environment, model), card_path(environment, model)):
            before, now = old.text(path), new.text(path)
            if before is None and now is not None:
                removed.append(path)
            elif before is not None and before != now:
                files[path] = before
    if new.revision is None or not (files or removed):
        return None
    branch = branch_name("revert", environment, proposer.place, new.revision[:12])
    title = f"Revert {at_place(environment, proposer.place)} to before {new.revision[:12]}"
    message = f"{title}\n\n{reason}\n\nReconciler-Environment: {environment}\n"
    proposer.propose(
        Proposal(
            branch=branch,
            start=new.revision,
            files=tuple(sorted(files.items())),
            message=message,
            removed=tuple(sorted(removed)),
        )
    )
    return branch
