"""Find the approvals and overrides that a deploy needs besides its gates, when a plan is applied.

The forge is asked about a change, not about a model: once per change and apply. Its answer is stored with the journal
entry. Where it cannot be asked, the model is skipped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reconciler.core.artifact.journal import ApprovalRecord, OverrideRecord
from reconciler.core.artifact.observed_state import FirstParentChange
from reconciler.core.digest import short
from reconciler.core.forge.pull_request import Approval, PullRequest
from reconciler.core.plan import policy_check
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Control, FreezeInForce, is_team, team_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import pin_origin
from reconciler.errors import ConflictError, GateRefusedError, ReconcilerError
from reconciler.ports import Forge
from reconciler.schedule import freeze_windows

T = TypeVar("T")


Requests = tuple[tuple[PullRequest, tuple[Approval, ...]], ...]


class ForgeQueries:
    """Queries of one apply to the forge: each is sent once, and its answer or failure is rollback_held."""

    def __init__(self, forge: Forge | None) -> None:
        self.forge = forge
        self._requests: dict[str, Requests | ReconcilerError] = {}
        self._members: dict[str, tuple[str, ...] | ReconcilerError] = {}
        self._asking = threading.RLock()  # models are worked on side by side

    def requests(self, commit: str) -> Requests:
        """Return the merged pull requests that introduced `commit`, with the approvals of each head commit.

        Without a forge there are none.
        """
        with self._asking:
            return _answer_once(self._requests, commit, self._ask)

    def people(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return the logins of these names in lower case, with the members of each team."""
        people: set[str] = set()
        for name in names:
            if is_team(name) and self.forge is not None:
                with self._asking:
                    members: tuple[str, ...] = _answer_once(self._members, team_of(name), self.forge.members)
                    people.update(members)
            else:
                people.add(name)
        return frozenset(map(str.casefold, people))

    def _ask(self, commit: str) -> Requests:
        if self.forge is None:
            return ()
        merged = self.forge.merged_by(commit)
        return tuple(
            (
                request,
                tuple(approval for approval in self.forge.approvals(request.number) if _of_head(approval, request)),
            )
            for request in merged
        )


def _answer_once(answers: dict[str, T | ReconcilerError], about: str, ask: Callable[[str], T]) -> T:
    if about not in answers:
        try:
            answers[about] = ask(about)
        except ReconcilerError as error:
            answers[about] = error
    answer = answers[about]
    if isinstance(answer, ReconcilerError):
        raise answer
    return answer


def _of_head(approval: Approval, request: PullRequest) -> bool:
    """Return whether an approval is for the pull request's last commit, and so for what was merged."""
    return approval.commit is None or approval.commit == request.commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The approvals and overrides that a deploy rests on, as its journal entry records them."""

    approved: ApprovalRecord | None = None
    overrides: tuple[OverrideRecord, ...] = ()


def clearance_for(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: Model,
    *,
    previously_deployed: bool,
    rollback_held: bool,
    queries: ForgeQueries,
) -> Clearance:
    """Return the approvals and overrides by which `model`'s pin may be deployed now.

    `previously_deployed`: the artifact was deployed here before. `rollback_held`: the hold of a `rollback --now` stands
    against it. Raises GateRefusedError E704 when an approval is missing, ForgeError when the forge cannot be asked,
    ConflictError E705 in a freeze.
    """
    policy = environment.policy
    overrides: list[OverrideRecord] = []

    def overridden(control: Control) -> bool:
        override = policy.override_of(control, model.name, model.artifact)
        if override is None:
            return False
        change = pin_origin.change_of_override(
            deps.source, environment.name, override, branch=environment.protect, revision=desired.revision
        )
        owners = pin_origin.owners_before(deps.source, environment.name, change) if change is not None else ()
        approved = None
        if owners or policy.owners:
            subject = f"the override of {control}"
            approved = _approved(queries, subject, change, owners, least=1, not_author=True)
        overrides.append(OverrideRecord(control=control, reason=override.reason, approved=approved))
        return True

    if rollback_held or policy.hold_of(model.name) is not None:
        overridden(Control.HOLD)  # without one, nothing was planned
    if freeze_in_force(deps, environment, previously_deployed=previously_deployed) is not None:
        overridden(Control.FREEZE)
    approved = None
    needs_approvals = policy.approvals is not None and not overridden(Control.APPROVALS)
    change = pin_origin.change_of_pin(deps.source, model, branch=environment.protect, revision=desired.revision)
    if needs_approvals and policy.approvals is not None:
        wants = policy.approvals
        subject = f"{short(model.artifact)} in {environment.name}" if model.artifact else environment.name
        approved = _approved(queries, subject, change, wants.people, least=wants.least, not_author=wants.not_author)
    weaker = (
        pin_origin.weakened(deps.source, model, policy, change)
        if change is not None and not previously_deployed
        else ()
    )
    if change is not None and weaker and not overridden(Control.GATES):
        owners = pin_origin.owners_before(deps.source, environment.name, change)
        by_owner = _approved(queries, str(weaker[0]), change, owners, least=1, not_author=True)
        approved = _merge_approvals(approved, by_owner)
    return Clearance(approved=approved, overrides=tuple(overrides))


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


def _approved(
    queries: ForgeQueries,
    subject: str,
    change: FirstParentChange | None,
    approvers: tuple[str, ...],
    *,
    least: int,
    not_author: bool,
) -> ApprovalRecord:
    """Return the pull request that introduced `change`, with at least `least` approvals of `approvers`.

    Raises GateRefusedError E704 where there is none.
    """
    people = ", ".join(approvers) or "a policy owner, and none was declared before this change"
    wanted = f"{least} approval{'s' * (least != 1)} by {people}"
    if change is None:
        raise _missing(f"{subject} needs {wanted}, and the commit of the branch that introduced it was not found")
    if queries.forge is None:
        message = f"{subject} needs {wanted}, and no GitHub or GitLab is known to look approvals up"
        raise _missing(message, "set RECONCILER_FORGE=github (or gitlab) and GITHUB_TOKEN (or GITLAB_TOKEN)")
    where = f"commit {change.commit[:12]}"
    requests = queries.requests(change.commit)
    logins = queries.people(approvers) if requests else frozenset[str]()
    for request, approvals in requests:
        author = request.author.casefold()
        counted = tuple(
            approval
            for approval in approvals
            if approval.by.casefold() in logins and not (not_author and approval.by.casefold() == author)
        )
        if len(counted) >= least:
            return ApprovalRecord(
                number=request.number,
                url=request.url,
                author=request.author,
                commit=request.commit,
                brought=change.commit,
                approvals=counted,
            )
        has = ", ".join(approval.by for approval in counted) or "none of them"
        where = f"{request.url}, approved by {has}"
        if not_author and author in {approval.by.casefold() for approval in approvals}:
            where += f"; the approval of {request.author}, its author, does not count"
    if not requests:
        raise _missing(f"{subject} needs {wanted}, and no merged pull request is known that introduced {where}")
    raise _missing(f"{subject} needs {wanted}: {where}", "have it approved there, and run the same command again")


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
