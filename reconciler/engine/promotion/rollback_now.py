"""Roll back at once: deploy an earlier artifact, then propose the same in git. The only deploy that precedes git.

The journal entry carries a hold on the pin that git still declares, so that no apply redeploys it before git agrees.
Every step first checks whether it is done: killed anywhere in between, the same command finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from reconciler.core.artifact.journal import RollbackHold
from reconciler.core.artifact.observed_state import JournalHead, drift_of
from reconciler.core.digest import Digest, short
from reconciler.core.plan import policy_check
from reconciler.core.plan.facts import ServingFacts
from reconciler.core.plan.planner import out_of_order
from reconciler.core.promotion.proposal import ProposalResult, ProposalSet
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.apply import apply, approvals, deploy
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import Checkout
from reconciler.engine.notices.of_apply import deployment
from reconciler.engine.notices.tell import tell
from reconciler.engine.plan import make_plan, observe
from reconciler.engine.promotion import deployment_history, propose, propose_set
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.engine.trust.entries import entry_writer
from reconciler.errors import ConflictError, GateRefusedError, ReconcilerError, UsageError
from reconciler.ports import Proposer

NO_REASON = "no reason given"


def now(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    model: str,
    environment: Environment,
    to: int | None,
    reason: str,
    route: Callable[[], PullRequestRoute] | None = None,
) -> ProposalResult:
    """Deploy what entry `to` deployed (default: the artifact before the current one) at once, and propose it in git.

    `route` is called only after the deployment, and where git does not declare the artifact already: a missing token
    does not stop an emergency.

    Raises GateRefusedError E706 where the artifact is rejected or the model is held, ConflictError E705 while a freeze
    blocks rollbacks.
    """
    head, unrecorded = swap(deps, checkout, model=model, environment=environment, to=to, reason=reason)
    n = head.entry.n
    _tell(deps, checkout.desired, environment, (model,))
    try:
        declared = checkout.desired.model(environment.name, model)
        agrees = declared is not None and declared.artifact == head.state.artifact
        way = route() if route is not None and not agrees else None
        proposed = propose.rollback(deps, checkout, proposer, model=model, environment=environment, to=n, route=way)
    except ReconcilerError as error:
        error.message = f"the rollback is deployed (entry {n}), but its proposal in git failed: {error.message}"
        raise
    return _served(proposed, head, unrecorded)


def _served(proposed: ProposalResult, head: JournalHead, unrecorded: str | None) -> ProposalResult:
    """Return the proposal with the entry that deployed it. `unrecorded`: a reason that came too late for it."""
    hold, summary = head.state.hold, proposed.summary
    if unrecorded is not None:
        summary = (*summary, f"already rolled back by journal entry {head.entry.n}; {unrecorded}")
    return replace(proposed, served_by=head.entry.n, held=hold.pin if hold is not None else None, summary=summary)


def at_once(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    environment: Environment,
    to: int | None,
    reason: str,
    route: Callable[[], PullRequestRoute] | None = None,
) -> ProposalResult | ProposalSet:
    """Roll one or more models back at once, and propose it. Raises UsageError E801 for an entry of several models, and
    for a sandbox."""
    _check(checkout, models, environment, to)
    if len(models) == 1:
        return now(
            deps,
            checkout,
            proposer,
            model=models[0],
            environment=environment,
            to=to,
            reason=reason,
            route=route,
        )
    return now_models(deps, checkout, proposer, models=models, environment=environment, reason=reason, route=route)


def propose_only(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    environment: Environment,
    to: int | None,
    route: PullRequestRoute | None = None,
) -> ProposalResult | ProposalSet:
    """Propose to roll one or more models back. Raises UsageError E801 for an entry of several models, and for a
    sandbox."""
    _check(checkout, models, environment, to)
    told = partial(_served_before, deps, checkout, environment)
    if len(models) == 1:
        return told(
            propose.rollback(deps, checkout, proposer, model=models[0], environment=environment, to=to, route=route)
        )
    proposed = propose_set.rollback_models(
        deps, checkout, proposer, models=models, environment=environment, route=route
    )
    return replace(proposed, models=tuple(map(told, proposed.models)))


def _served_before(
    deps: Dependencies, checkout: Checkout, environment: Environment, proposed: ProposalResult
) -> ProposalResult:
    """Return the proposal with the entry by which `--now` deployed it already, where one did and git does not agree."""
    head = observe.head_of(deps, checkout.desired, environment.name, proposed.model)
    if head is None or head.state.hold is None or head.state.artifact != proposed.artifact or proposed.branch is None:
        return proposed
    return _served(proposed, head, None)


def _check(checkout: Checkout, models: Sequence[str], environment: Environment, to: int | None) -> None:
    if environment.trains:
        places = [other.name for other in checkout.desired.downstream(environment.name)]
        again = " ".join(models)
        hint = "; ".join(f"reconciler rollback {again} --in {place}" for place in places) or "change the recipe instead"
        raise UsageError(f"{environment.name} trains its models and deploys none", hint=hint, code="E801")
    if to is not None and len(models) > 1:
        hint = "; ".join(f"reconciler rollback {model} --in {environment.name} --to {to}" for model in models)
        raise UsageError("--to is a journal entry of one model, and several are named", hint=hint, code="E801")


def now_models(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    environment: Environment,
    reason: str,
    route: Callable[[], PullRequestRoute] | None = None,
) -> ProposalSet:
    """Roll each of `models` back at once, as `now` does, and propose it for all of them in one request.

    Nothing is deployed where one of them has nothing to return to. Raises what `now` raises; where some are rolled back
    by then, the error says which.
    """
    desired = checkout.desired
    for model in models:
        artifact = deployment_history.rollback_artifact(deps, desired, model, environment, None)
        deployment_history.declared_entry(deps, desired, model, environment, artifact)
    heads: dict[str, tuple[JournalHead, str | None]] = {}
    for model in models:
        try:
            heads[model] = swap(deps, checkout, model=model, environment=environment, to=None, reason=reason)
        except ReconcilerError as error:
            if heads:
                done = f"{', '.join(heads)}: rolled back at once, and not proposed in git yet"
                error.message = f"{model} is not rolled back: {error.message} ({done})"
            raise
    _tell(deps, desired, environment, heads)
    try:
        proposed = propose_set.rollback_models(
            deps,
            checkout,
            proposer,
            models=models,
            environment=environment,
            to=lambda model: heads[model][0].entry.n,
            route=route() if route is not None else None,
        )
    except ReconcilerError as error:
        error.message = f"the rollbacks are deployed, but their proposal in git failed: {error.message}"
        raise
    served = tuple(_served(each, *heads[each.model]) for each in proposed.models)
    return replace(proposed, models=served)


def _tell(deps: Dependencies, desired: DesiredState, environment: Environment, models: Iterable[str]) -> None:
    """Tell people of what was rolled back, where the environment says whom."""
    if not environment.notify:
        return
    store = deps.stores[environment.name]
    made = (deployment(store, desired.project, environment.name, model) for model in models)
    tell(deps, desired.project, environment, tuple(notice for notice in made if notice is not None))


def swap(
    deps: Dependencies, checkout: Checkout, *, model: str, environment: Environment, to: int | None, reason: str
) -> tuple[JournalHead, str | None]:
    """Deploy the earlier artifact and return its journal entry, written now or by an earlier try.

    With a sentence on the reason, where it is another than the one that the earlier try recorded.
    """
    desired = checkout.desired
    apply.may_apply(deps, desired, environment)
    deploy.target_of(deps, environment)
    declared = desired.model(environment.name, model)
    if declared is None or declared.artifact is None:
        raise UsageError(
            f"git does not declare {model} for {environment.name}, so it cannot be rolled back",
            hint="promote it, or `git revert` the commit that removed it",
            code="E801",
        )
    target = deployment_history.rollback_artifact(deps, desired, model, environment, to)
    apply.claim(deps, desired, environment)
    observer = observe.serving_observer(deps, desired, environment, now=deps.clock())
    served = observer.served().get(model)
    if observer.controls.moved is not None:
        reason_held, remedy = observer.controls.moved
        raise GateRefusedError(reason_held, hint=remedy, code="E706")
    facts = observer.facts(model, served)
    if (late := out_of_order(facts)) is not None:
        raise ConflictError(late.reasons[0], hint=late.remedy)
    head = facts.head
    if head is None:
        raise ConflictError(
            f"{environment.name}/{model} was changed by another apply; run the command again",
            hint="run the same command again",
        )
    plan = make_plan.make_plan(deps, desired, environment, (model,)).models[0].digest
    writer = entry_writer(deps, desired)
    observer.read_trust(()).check_signer(writer.signer)
    if target == head.state.artifact:
        if drift_of(head, served) is None:
            return head, _unrecorded(head, reason)
        redeploy = f"redeploy after rollback: {reason}"
        return deploy.restore(deps, writer, environment=environment, head=head, plan=plan, reason=redeploy), None
    _check_policy(facts, target)
    back = replace(declared, artifact=target)
    build = observer.journals.build_of((environment.name, *environment.promotes_from), back, target, head)
    observer.check_training(target, build, head)
    deployed = deploy.deploy(
        deps,
        writer,
        environment=environment,
        model=back,
        head=head,
        plan=plan,
        build=build,
        verification=None,
        previously_deployed=head.state.vetted,
        reason=f"rollback from {_artifact_label(head)}: {reason}",
        hold=_hold(deps, declared, target, reason, desired.revision),
        final_check=partial(approvals.check_not_frozen, deps, facts.environment, previously_deployed=True),
    )
    return deployed, None


def _unrecorded(head: JournalHead, reason: str) -> str | None:
    """Say that the reason is not recorded, where one is given and the journal has another."""
    hold = head.state.hold
    if hold is None or reason in (hold.reason, NO_REASON):
        return None
    return f"its reason stays {hold.reason!r}, and the one given now is not recorded"


def _artifact_label(head: JournalHead) -> str:
    return short(head.state.artifact) if head.state.artifact is not None else "nothing"


def _hold(deps: Dependencies, declared: Model, target: Digest, reason: str, commit: str | None) -> RollbackHold | None:
    """Return the hold on the pin that git declares; None where that is the artifact rolled back to."""
    if declared.artifact is None or declared.artifact == target:
        return None
    return RollbackHold(pin=declared.artifact, reason=reason, who=deps.actor(), when=deps.clock(), commit=commit)


def _check_policy(facts: ServingFacts, target: Digest) -> None:
    """Raise GateRefusedError E706 where the environment's policy forbids the rollback.

    No override applies, since overrides are for pinned artifacts. Approvals are those of the request that follows.
    """
    blocked = policy_check.rejection(facts, target)
    held = facts.environment.policy.hold_of(facts.name)
    if blocked is None and held is not None:
        blocked = policy_check.hold(facts, None)
    if blocked is not None:
        raise GateRefusedError(blocked.reasons[0], hint=blocked.remedy, code="E706")
