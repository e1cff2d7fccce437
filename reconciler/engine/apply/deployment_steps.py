"""Carry out the steps of one model where models are only promoted to: deploy, restore or retire."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reconciler.core.artifact.journal import Action
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import digest_of_bytes, short
from reconciler.core.plan.plan import ModelPlan, Step
from reconciler.core.plan.retirement import consent_in_git, needs_confirmation
from reconciler.engine.apply import approvals, deploy
from reconciler.engine.apply.apply_run import ApplyRun, StepResult
from reconciler.engine.controls.pin_controls import pin_controls
from reconciler.engine.plan import observe
from reconciler.errors import ConflictError, GateRefusedError


def steps(run: ApplyRun, part: ModelPlan, retired: int) -> Iterator[StepResult]:
    """Carry out the part's steps. Everything was decided from facts that its digest covers; the journal's exclusive
    create is what makes acting on them safe."""
    if part.steps:
        deploy.target_of(run.deps, run.environment)  # nothing is journaled that cannot be put in place
    for step in part.steps:
        match step.action:
            case Action.DEPLOY:
                yield _deploy(run, part, step)
            case Action.RESTORE:
                yield _restore(run, part, step)
            case Action.RETIRE:
                yield _retire(run, part, step, retired)
            case _:
                raise ConflictError(f"{run.environment.name} cannot {step.action}", hint="plan again")


def _planned_head(run: ApplyRun, part: ModelPlan) -> JournalHead | None:
    """Return the journal's head; ConflictError where it is not the one that the plan was made from."""
    head = run.journals.head(run.environment.name, part.model)
    if (head.digest if head is not None else None) != part.basis.head:
        raise _changed(run, part)
    return head


def _deployed_head(run: ApplyRun, part: ModelPlan) -> JournalHead:
    head = _planned_head(run, part)
    if head is None:
        raise _changed(run, part)
    return head


def _changed(run: ApplyRun, part: ModelPlan) -> ConflictError:
    return ConflictError(
        f"{run.environment.name}/{part.model} was changed by another apply", hint="run the same command again"
    )


def _deploy(run: ApplyRun, part: ModelPlan, step: Step) -> StepResult:
    deps, environment = run.deps, run.environment
    model = run.desired.model(environment.name, part.model)
    if model is None or model.artifact is None:
        raise ConflictError(f"{environment.name} does not declare {part.model} any more", hint="plan again")
    head = _planned_head(run, part)
    before = head or run.journals.predecessor(model)
    verification = next(iter(part.detail.verifications), None)
    previously_deployed = before is not None and model.artifact in before.state.vetted
    observer = observe.serving_observer(deps, run.desired, environment, now=deps.clock())
    judged = pin_controls(observer.controls, model)
    clearance = approvals.clearance_for(
        deps,
        run.desired,
        model,
        judged=judged,
        unmet=observer.facts(model.name, None).policy.unmet,
        previously_deployed=previously_deployed,
        rollback_held=head is not None and head.state.hold is not None and head.state.hold.pin == model.artifact,
        queries=run.queries,
    )
    deploy.deploy(
        deps,
        run.writer,
        environment=environment,
        model=model,
        head=head,
        plan=part.digest,
        build=run.journals.build_of((environment.name, *environment.promotes_from), model, model.artifact),
        verification=verification,
        previously_deployed=before.state.vetted if before else (),
        reason=step.reason,
        card=digest_of_bytes(run.desired.card(environment.name, model.name)),
        clearance=clearance,
        final_check=partial(
            approvals.check_still_unfrozen, deps, judged.environment, model, previously_deployed=previously_deployed
        ),
    )
    return StepResult(line=f"deployed {short(model.artifact)}", artifact=model.artifact)


def _restore(run: ApplyRun, part: ModelPlan, step: Step) -> StepResult:
    head = _deployed_head(run, part)
    entry = deploy.restore(
        run.deps, run.writer, environment=run.environment, head=head, plan=part.digest, reason=step.reason
    )
    restored = short(head.state.artifact) if head.state.artifact else "the retired state: no artifact is served"
    line = f"put in place again by entry {entry.entry.n}: {restored}" if entry == head else f"restored {restored}"
    return StepResult(line=line, artifact=head.state.artifact)


def _retire(run: ApplyRun, part: ModelPlan, step: Step, retired: int) -> StepResult:
    name = run.environment.name
    controls = observe.serving_observer(run.deps, run.desired, run.environment, now=run.deps.clock()).controls
    policy, suddenly_empty = controls.effective.policy, controls.suddenly_empty(run.desired.count_in(name))
    if not run.confirmed and needs_confirmation(policy, part.model, suddenly_empty=suddenly_empty):
        raise GateRefusedError(
            f"retiring {part.model} needs a person's consent: nobody confirmed this plan, and policy.retire of {name} "
            "does not name the model",
            hint=f"{consent_in_git(run.environment, part.model)}; or confirm the plan: `reconciler apply {name}` in a "
            f"terminal, or `reconciler plan {name} --out FILE`, and then `reconciler apply {name} --plan FILE`",
            code="E707",
        )
    if retired >= policy.max_retire and policy.retirement_of(part.model) is None:
        raise ConflictError(
            f"{retired} model{'s' * (retired != 1)} retired; policy.maxRetire allows {policy.max_retire} per apply",
            hint="run the same command again to retire the next one, or raise policy.maxRetire",
        )
    head = _deployed_head(run, part)
    deploy.retire(run.deps, run.writer, environment=run.environment, head=head, plan=part.digest, reason=step.reason)
    return StepResult(line="retired: no artifact is served any more", retired=True)
