"""Find the approvals and overrides that a deploy needs besides its gates, when a plan is applied.

The forge is asked about a change, not about a model: once per change and apply. Its answer is stored with the journal
entry. Where it cannot be asked, the model is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.journal import ApprovalRecord, OverrideRecord
from reconciler.core.artifact.observed_state import FirstParentChange
from reconciler.core.controls.in_force import PinControls
from reconciler.core.controls.weakened_gates import WeakenedGate
from reconciler.core.digest import short
from reconciler.core.forge.approval_count import ApprovalCount, Rules, count_approvals
from reconciler.core.forge.pull_request import PullRequest
from reconciler.core.plan import policy_check
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Policy
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Approvals, Control, FreezeInForce, Override
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import pin_origin
from reconciler.errors import ConflictError, GateRefusedError
from reconciler.schedule import freeze_windows

MOST_REASONS = 5  # in one message
APPROVE = (
    "have another of them approve the merged commit there, which works after the merge too, and run the same command "
    "again; or propose it again by a new pull request"
)
PROPOSE_AGAIN = (
    "propose it again by a new pull request from a branch of this repository, whose pushes are told; or declare "
    "`notAuthor: false` by a change of its own"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The approvals and overrides that a deploy rests on, as its journal entry records them."""

    approved: ApprovalRecord | None = None
    overrides: tuple[OverrideRecord, ...] = ()


def clearance_for(
    deps: Dependencies,
    desired: DesiredState,
    model: Model,
    *,
    judged: PinControls,
    unmet: tuple[WeakenedGate, ...],
    previously_deployed: bool,
    rollback_held: bool,
    queries: ForgeQueries,
) -> Clearance:
    """Return the approvals and overrides by which `model`'s pin may be deployed now.

    `judged`: what judges the pin; `unmet`: what of it the artifact does not meet, which an owner may let pass.
    `previously_deployed`: the artifact was deployed here before. `rollback_held`: the hold of a `rollback --now` stands
    against it. Raises GateRefusedError E704 when an approval is missing, ForgeError when the forge cannot be asked,
    ConflictError E705 in a freeze.
    """
    environment, policy = judged.environment, judged.environment.policy
    branch = environment.protect
    overrides: list[OverrideRecord] = []

    def overridden(control: Control) -> bool:
        override = policy.override_of(control, model.name, model.artifact)
        if override is None:
            return False
        change = pin_origin.change_of_override(
            deps.source, environment.name, override, branch=branch, revision=desired.revision
        )
        approved = None
        if (wants := _wanted_for_override(judged, override)) is not None:
            subject = f"the override of {control}"
            approved = approval_of(
                queries,
                subject,
                change,
                wants.people,
                branch=branch,
                least=wants.least,
                not_author=wants.not_author,
            )
        overrides.append(OverrideRecord(control=control, reason=override.reason, approved=approved))
        return True

    if rollback_held or policy.hold_of(model.name) is not None:
        overridden(Control.HOLD)  # without one, nothing was planned
    if freeze_in_force(deps, environment, previously_deployed=previously_deployed) is not None:
        overridden(Control.FREEZE)
    approved = None
    change = pin_origin.change_of_pin(deps.source, model, branch=branch, revision=desired.revision)
    if change is None and judged.commit is not None:  # too many changes of the file since: start from its entry
        change = pin_origin.change_of_pin(deps.source, model, branch=branch, revision=judged.commit)
    if judged.quorums and not overridden(Control.APPROVALS):
        subject = f"{short(model.artifact)} in {environment.name}" if model.artifact else environment.name
        for wants in judged.quorums:
            given = approval_of(
                queries,
                subject,
                change,
                wants.people,
                branch=branch,
                least=wants.least,
                not_author=wants.not_author,
            )
            approved = _merge_approvals(approved, given)
    if unmet and not previously_deployed and not overridden(Control.GATES):
        by_owner = approval_of(queries, str(unmet[0]), change, judged.owners, branch=branch, least=1, not_author=True)
        approved = _merge_approvals(approved, by_owner)
    return Clearance(approved=approved, overrides=tuple(overrides))


def _wanted_for_override(judged: PinControls, override: Override) -> Approvals | None:
    """Return who agrees to an override: an owner, else those who approve pins; None where nobody is asked."""
    owners = judged.owners if override in judged.late_overrides else judged.owners_today
    if owners:
        return Approvals(least=1, people=owners)
    return judged.quorums[0] if judged.quorums else None


def agreed(
    queries: ForgeQueries, policy: Policy, change: FirstParentChange, subject: str, *, branch: str
) -> ApprovalRecord | None:
    """Return the approvals by which those who decide agreed to a change: an owner, else the approvals of pins.

    None where the policy asks nobody. Raises GateRefusedError E704 where they did not agree.
    """
    wants = Approvals(least=1, people=policy.owners) if policy.owners else policy.approvals
    if wants is None:
        return None
    return approval_of(
        queries, subject, change, wants.people, branch=branch, least=wants.least, not_author=wants.not_author
    )


def check_still_unfrozen(
    deps: Dependencies, environment: Environment, model: Model, *, previously_deployed: bool
) -> None:
    """Check right before the commit point that no freeze has begun since the plan was made.

    Raises ConflictError E705.
    """
    if environment.policy.override_of(Control.FREEZE, model.name, model.artifact) is None:
        check_not_frozen(deps, environment, previously_deployed=previously_deployed)


def check_not_frozen(deps: Dependencies, environment: Environment, *, previously_deployed: bool) -> None:
    """Raise ConflictError E705 in a freeze; only some windows hold up what was deployed before."""
    if (on := freeze_in_force(deps, environment, previously_deployed=previously_deployed)) is not None:
        blocked = policy_check.frozen(environment.name, on)
        raise ConflictError(blocked.reasons[0], hint=blocked.remedy, code="E705")


def freeze_in_force(deps: Dependencies, environment: Environment, *, previously_deployed: bool) -> FreezeInForce | None:
    """Return the freeze that blocks a deploy now, or None."""
    windows = tuple(period for period in environment.policy.freeze if period.blocks_rollback or not previously_deployed)
    return freeze_windows.closed(windows, deps.clock()) if windows else None


def approval_of(
    queries: ForgeQueries,
    subject: str,
    change: FirstParentChange | None,
    approvers: tuple[str, ...],
    *,
    branch: str | None,
    least: int,
    not_author: bool,
) -> ApprovalRecord:
    """Return the pull request into `branch` that brought `change`, with at least `least` approvals of `approvers`.

    Raises GateRefusedError E704 where there is none; its message says whose approval did not count, and why.
    """
    people = ", ".join(approvers) or "a policy owner, and none was declared before this change"
    wanted = f"{subject} needs {least} approval{'s' * (least != 1)} by {people}"
    if change is None:
        raise _missing(f"{wanted}, and the commit of the branch that introduced it was not found")
    if queries.forge is None:
        message = f"{wanted}, and no GitHub or GitLab is known to look approvals up"
        raise _missing(message, "set RECONCILER_FORGE=github (or gitlab) and GITHUB_TOKEN (or GITLAB_TOKEN)")
    merged = queries.requests(change.commit)
    requests = [request for request in merged if request.base == branch]
    if not requests:
        message = f"{wanted}, and no pull request merged into {branch} is known that "
        message += f"introduced commit {change.commit[:12]}"
        elsewhere = ", ".join(f"{request.url} was merged into {request.base}" for request in merged)
        raise _missing(f"{message}; {elsewhere}" if elsewhere else message)
    places, hint = [], APPROVE
    for request in requests:
        count = _count(queries, request, queries.people(approvers), not_author=not_author)
        if len(count.counted) >= least:
            return ApprovalRecord(
                number=request.number,
                url=request.url,
                author=request.author,
                commit=request.commit,
                brought=change.commit,
                approvals=count.counted,
            )
        places.append(_place(request, count))
        hint = PROPOSE_AGAIN if count.gap is not None else hint
    raise _missing(f"{wanted}: {'; '.join(places)}", hint)


def _count(queries: ForgeQueries, request: PullRequest, people: frozenset[str], *, not_author: bool) -> ApprovalCount:
    """Count a request's approvals. The forge is asked whose work it is only where somebody approved it."""
    reviews = queries.reviews(request.number)
    rules = Rules(people=people, me=queries.me() if reviews else None, not_author=not_author)
    count = count_approvals(request, reviews, None, rules)
    if not_author and count.counted:
        count = count_approvals(request, reviews, queries.contributions(request.number), rules)
    return count


def _place(request: PullRequest, count: ApprovalCount) -> str:
    """Say who approved a request, and why the others do not count."""
    approvers = ", ".join(approval.by for approval in count.counted) or "none of them"
    more = f"; and {len(count.refused) - MOST_REASONS} more do not count" if len(count.refused) > MOST_REASONS else ""
    return "; ".join((f"{request.url}, approved by {approvers}", *count.refused[:MOST_REASONS])) + more


def _missing(
    message: str, hint: str = "propose the change again by a pull request, and have it approved before the merge"
) -> GateRefusedError:
    return GateRefusedError(message, hint=hint, code="E704")


def _merge_approvals(first: ApprovalRecord | None, second: ApprovalRecord) -> ApprovalRecord:
    """Join the approvals of one pull request by two rules; of two requests, return the second."""
    if first is None or first.number != second.number:
        return second
    merged = {approval.by: approval for approval in (*first.approvals, *second.approvals)}
    return ApprovalRecord(
        number=second.number,
        url=second.url,
        author=second.author,
        commit=second.commit,
        brought=second.brought,
        approvals=tuple(merged[by] for by in sorted(merged)),
    )
