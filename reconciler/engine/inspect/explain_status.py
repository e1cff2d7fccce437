"""Explain one model: its plan today, and its place on the way through the environments. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest, short
from reconciler.core.inspect.explanation import Advice, Explanation
from reconciler.core.monitoring.record import LiveVerdict, MonitoringRecord
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.quality import refusal
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus, status_of, worst_health
from reconciler.engine.apply import approvals, forge_queries
from reconciler.engine.controls.pin_controls import pin_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.evidence import against_deployed
from reconciler.engine.evaluation.known import brief_of
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.monitoring import monitoring_log
from reconciler.engine.plan import make_plan, observe, verification
from reconciler.engine.promotion import adopt
from reconciler.engine.storage import builds
from reconciler.errors import ReconcilerError


def why(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> Explanation:
    """Explain a model's state in an environment, with the commands that lead on.

    Raises UsageError E801 with the nearest names when no environment that this one can see has such a model.
    """
    if desired.model(environment.name, model) is None:
        observe.head_of(deps, desired, environment.name, model)  # a journal that is gone is told of
    deployed = _artifact(deps, desired, environment, model)
    if desired.model(environment.name, model) is None and deployed is None:
        return _not_declared(deps, desired, environment, model)
    plan = make_plan.make_plan(deps, desired, environment, (model,))
    (part,) = plan.models
    deployed_unknown = part.trouble is ResultStatus.DAMAGED and _is_journal_damaged(deps, desired, environment, model)
    deployed = None if deployed_unknown else deployed
    live = _live(deps, environment, model, deployed)
    if live is not None and live.verdict is LiveVerdict.DEGRADED:
        part = replace(part, health=worst_health((part.health, HealthStatus.DEGRADED)))
    return Explanation(
        model=model,
        environment=environment.name,
        role=environment.role.value,
        revision=desired.revision,
        state=part.reason,
        part=part,
        refresh=plan.refresh,
        deployed=deployed,
        deployed_unknown=deployed_unknown,
        advice=(
            *_retrain(environment, live),
            *_advice(deps, desired, environment, part, deployed, refresh=plan.refresh is not None),
        ),
        checks=_checks(deps, desired, environment, model) if deployed is not None else None,
        live=live,
        judged=brief_of(deps.stores, desired, environment, model, deployed),
        unit=verification.unit_of(deps.stores[environment.name], live.artifact) if live is not None else None,
    )


def _live(deps: Dependencies, environment: Environment, model: str, deployed: Digest | None) -> MonitoringRecord | None:
    """Return what monitoring found of the deployed artifact; None also where that cannot be read: `monitor` tells."""
    try:
        newest = monitoring_log.last(deps.stores[environment.name], environment.name, model)
    except ReconcilerError:
        return None
    return newest[1] if newest is not None and newest[1].artifact == deployed else None


def _retrain(environment: Environment, live: MonitoringRecord | None) -> Iterator[Advice]:
    """Advise what to do about a model that known outcomes show to be worse than promised."""
    if live is None or live.verdict is not LiveVerdict.DEGRADED:
        return
    if live.asked is not None:
        yield Advice(reason=f"it is asked to be trained again: merge {live.asked.url or live.asked.branch}")
        return
    command = f"reconciler monitor {environment.name} {live.model} --open"
    yield Advice(reason="ask the sandbox to train it again", command=command)


def _checks(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> CheckFacts | None:
    """Return what the checks found in the rows of the deployed artifact; None where that cannot be read."""
    declared = desired.model(environment.name, model)
    names = (environment.name, *desired.upstream(environment.name))
    try:
        head = observe.head_of(deps, desired, environment.name, model)
        if head is None or head.state.build is None:
            return None
        stores = (deps.stores[name] for name in names if name in deps.stores)
        report = builds.checks_of(stores, head.state.build.fingerprint)
    except ReconcilerError:
        return None
    return CheckFacts(
        findings=report.findings if report is not None else None,
        off=declared.checks_off if declared is not None else (),
        allowed=environment.policy.checks,
    )


def _advice(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    part: ModelPlan,
    deployed: Digest | None,
    *,
    refresh: bool,
) -> Iterator[Advice]:
    if part.blocked is not None:
        yield Advice(reason=part.blocked.remedy)
    if any(step.action is Action.DEPLOY for step in part.steps):
        yield from _permission(deps, desired, environment, part)
    stopped = next((note for note in part.detail.notes if note.startswith(refusal.STOPPED)), None)
    if stopped is not None and not refresh:  # apply would say so again
        remedies = (finding.remedy for finding in part.detail.checks or () if finding.message in stopped)
        yield from (Advice(reason=remedy) for remedy in dict.fromkeys(remedies))
    elif part.steps or refresh:
        advice = "apply the plan" if part.blocked is None else "meanwhile, carry out the other steps of the plan"
        yield Advice(reason=advice, command=f"reconciler apply {environment.name} {part.model}")
    if part.steps or refresh:
        if part.sync is not SyncStatus.IN_SYNC:
            yield from _adopt(deps, desired, environment, part.model)
        return
    if part.trouble in (ResultStatus.DAMAGED, ResultStatus.FAILED):
        return  # what may be promoted is told once it is known again what is deployed
    if environment.trains:
        yield from _downstream(deps, desired, environment, part, deployed)
    else:
        yield from _other_artifacts(deps, desired, environment, part.model)


def _permission(
    deps: Dependencies, desired: DesiredState, environment: Environment, part: ModelPlan
) -> Iterator[Advice]:
    """Advise by the forge's answer on the approvals that apply will ask for."""
    model = desired.model(environment.name, part.model)
    if model is None:
        return
    head = observe.head_of(deps, desired, environment.name, part.model)
    previously_deployed = head is not None and model.artifact in head.state.vetted
    queries = forge_queries.ForgeQueries(deps.forge)
    observer = observe.serving_observer(deps, desired, environment, now=deps.clock())
    try:
        clearance = approvals.clearance_for(
            deps,
            desired,
            model,
            judged=pin_controls(observer.controls, model),
            unmet=observer.facts(model.name, None).policy.unmet,
            previously_deployed=previously_deployed,
            rollback_held=False,
            queries=queries,
        )
    except ReconcilerError as error:
        yield Advice(reason=f"{error.message}; {error.hint}" if error.hint else error.message)
        return
    for record in (clearance.approved, *(override.approved for override in clearance.overrides)):
        if record is not None:
            people = ", ".join(approved.by for approved in record.approvals)
            yield Advice(reason=f"{record.url} is approved by {people}")


def _adopt(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> Iterator[Advice]:
    """Offer to keep another artifact of ours that somebody put into the target by hand."""
    target = deps.targets.get(environment.name)
    if environment.trains or target is None:
        return
    try:
        head = observe.head_of(deps, desired, environment.name, model)
        served = next(
            (deployment for deployment in target.observe([model], others=False) if deployment.model == model), None
        )
        artifact = adopt.adoptable(deps, desired, environment, model, head, served)
    except ReconcilerError:
        return  # the plan says what is wrong with it
    if artifact is not None:
        command = f"reconciler adopt {model} --in {environment.name}"
        yield Advice(
            reason=f"or keep {short(artifact)}, which somebody deployed by hand: propose to pin it", command=command
        )


def _downstream(
    deps: Dependencies, desired: DesiredState, environment: Environment, part: ModelPlan, artifact: Digest | None
) -> Iterator[Advice]:
    """Name the environments downstream that pin this artifact or could take it."""
    if artifact is None or part.blocked is not None:
        return
    for other in desired.downstream(environment.name):
        declared = desired.model(other.name, part.model)
        if declared is not None and declared.artifact == artifact:
            yield Advice(
                reason=f"{other.name} pins this artifact; see its state there",
                command=f"reconciler why {part.model} --in {other.name}",
            )
        else:
            subject = f"{other.name} does not pin this artifact yet"
            yield _proposal(deps, desired, environment, other, part.model, artifact, subject)


def _other_artifacts(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str
) -> Iterator[Advice]:
    """Offer artifacts of the source environments other than the pinned one."""
    declared = desired.model(environment.name, model)
    pin = declared.artifact if declared is not None else None
    for origin in _sources(desired, environment):
        artifact = _artifact(deps, desired, origin, model)
        if artifact is not None and artifact != pin:
            candidate = f"{short(artifact)}, which is not pinned here"
            yield _offer(deps, desired, environment, origin, model, candidate)


def _not_declared(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> Explanation:
    advice: list[Advice] = []
    for origin in _sources(desired, environment):
        artifact = _artifact(deps, desired, origin, model)
        if artifact is not None:
            advice.append(_offer(deps, desired, environment, origin, model, short(artifact)))
        elif desired.model(origin.name, model) is not None:
            command = f"reconciler why {model} --in {origin.name}"
            advice.append(Advice(reason=f"{origin.name} declares {model}, but has not trained it yet", command=command))
    if not advice:
        raise unknown_model(desired, environment.name, model)
    return Explanation(
        model=model,
        environment=environment.name,
        role=environment.role.value,
        revision=desired.revision,
        state=f"{model} is not declared for {environment.name} in git",
        advice=tuple(advice),
    )


def _offer(
    deps: Dependencies, desired: DesiredState, environment: Environment, origin: Environment, model: str, artifact: str
) -> Advice:
    """Offer to promote the artifact of `origin`, unless this environment's gates failed on it already."""
    head = observe.head_of(deps, desired, origin.name, model)
    gates = head.state.judged_for(environment.name) if head is not None else None
    if gates is not None and not gates.passed:
        command = f"reconciler why {model} --in {origin.name}"
        return Advice(
            reason=f"{origin.name} has {artifact}, which failed the gates of {environment.name}; see why",
            command=command,
        )
    candidate = head.state.artifact if head is not None else None
    return _proposal(deps, desired, origin, environment, model, candidate, f"{origin.name} has {artifact}")


def _proposal(
    deps: Dependencies,
    desired: DesiredState,
    origin: Environment,
    to: Environment,
    model: str,
    artifact: Digest | None,
    subject: str,
) -> Advice:
    """Advise to propose an artifact of `origin`, or only name the command where nothing says that it is better."""
    command = f"reconciler promote {model} --to {to.name}"
    head = observe.head_of(deps, desired, origin.name, model)
    if artifact is None or head is None:
        return Advice(reason=f"{subject}; propose it", command=command)
    judged = head.state.judged_for(to.name)
    if judged is not None and not judged.passed:
        command = f"reconciler why {model} --in {origin.name}"
        return Advice(reason=f"{subject}, and it failed the gates of {to.name}; see why", command=command)
    store = deps.stores[origin.name]
    told, favoured = against_deployed(store, artifact, judged, to.name, _artifact(deps, desired, to, model))
    if favoured:
        return Advice(reason=f"{subject}; propose it: {told}", command=command)
    return Advice(reason=f"{subject}; {told}. If it is to be deployed all the same", command=command)


def _sources(desired: DesiredState, environment: Environment) -> Iterator[Environment]:
    for name in environment.promotes_from:
        origin = desired.environment(name)
        if origin is not None:
            yield origin


def _is_journal_damaged(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> bool:
    """Tell whether the journal does not say what is deployed: it is damaged, or behind what its target serves."""
    target = deps.targets.get(environment.name)
    try:
        head = observe.head_of(deps, desired, environment.name, model)
        served = target.observe([model], others=False) if target is not None else ()
        observe.not_ahead(environment, model, head, next((each for each in served if each.model == model), None))
    except ReconcilerError as error:
        return status_of(error) is ResultStatus.DAMAGED
    return False


def _artifact(deps: Dependencies, desired: DesiredState, environment: Environment, model: str) -> Digest | None:
    """Return the deployed artifact; None also where the journal cannot be read: the plan tells why."""
    try:
        head = observe.head_of(deps, desired, environment.name, model)
    except ReconcilerError:
        return None
    return head.state.artifact if head is not None else None
