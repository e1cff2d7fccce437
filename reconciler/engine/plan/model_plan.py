"""Plan one model: its facts, the planner's decision, the digested inputs, and the details for reviewers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from reconciler import codec
from reconciler.core.age import age_of, all_ahead
from reconciler.core.artifact.observed_state import JournalHead, LiveDeployment, drift_of
from reconciler.core.digest import Digest
from reconciler.core.evaluation.question import figures_apart
from reconciler.core.field_diff import FieldChange, changes
from reconciler.core.judging.applicable_gates import bound_to
from reconciler.core.plan import policy_check
from reconciler.core.plan.facts import ServingFacts, TrainingFacts, VerificationFacts
from reconciler.core.plan.plan import Blocked, ModelPlan, PlanDetail, PlanInputs, metric_changes
from reconciler.core.plan.planner import Decision, decide_serving, decide_training
from reconciler.core.quality import refusal
from reconciler.core.quality.findings import CheckFacts, Finding
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Gate, Verification
from reconciler.core.spec.model import Model
from reconciler.core.status_codes import HealthStatus, SyncStatus, status_of
from reconciler.engine.plan import verification
from reconciler.engine.plan.observe import ServingObserver
from reconciler.engine.plan.observe_training import TrainingObserver
from reconciler.engine.plan.plan_inputs import plan_inputs, verification_input
from reconciler.engine.storage import blobs, data_snapshots, references
from reconciler.errors import InvalidManifestsError, ReconcilerError
from reconciler.ports import Store


def plan_training(observer: TrainingObserver, model: Model) -> ModelPlan:
    """Plan one model of a sandbox. An error in its facts blocks this model and no other."""
    try:
        facts = observer.facts(model)
        if facts.head is not None and not observer.is_erased(facts.head):
            references.check_trained(observer.store, facts.head, observer.newest)
        part = _from_training_facts(observer, facts)
        if part.steps or part.blocked is not None:
            part = _with_checks(part, observer.checks(model, facts.build))
        if part.trains and observer.tables is not None:
            observer.tables.check(model)
    except ReconcilerError as error:
        return unreadable(observer.environment, model.name, model, None, error)
    return part


def _with_checks(part: ModelPlan, checks: CheckFacts) -> ModelPlan:
    """Add what the checks found in the rows that are, or would be, trained on."""
    notes = part.detail.notes
    if part.trains and (reasons := refusal.reasons(checks)):
        notes = (*notes, f"{refusal.STOPPED}{'; '.join(reasons)}")
    return replace(part, detail=replace(part.detail, checks=_told(checks), notes=notes))


def _told(checks: CheckFacts | None) -> tuple[Finding, ...] | None:
    return checks.told if checks is not None and checks.findings is not None else None


def plan_serving(observer: ServingObserver, name: str, served: LiveDeployment | None) -> ModelPlan:
    """Plan one model of an environment that only promotes. An error in its facts blocks this model and no other."""
    try:
        facts = observer.facts(name, served)
        if facts.head is not None:
            own = facts.pin.package if facts.pinned == facts.deployed else None
            references.check_deployed(observer.store, facts.head, own)
        part = _from_serving_facts(observer.store, facts, observer.now)
        if facts.deployed is not None and drift_of(facts.head, facts.served) is not None:
            blobs.release(observer.store, blobs.artifact(observer.store, facts.deployed))  # what would mend it is whole
    except ReconcilerError as error:
        return unreadable(observer.environment, name, observer.models.get(name), served, error)
    return part


def unreadable(
    environment: Environment, name: str, model: Model | None, served: LiveDeployment | None, error: ReconcilerError
) -> ModelPlan:
    """Return the plan of a model whose facts cannot be read: nothing is done about it."""
    reasons: tuple[str, ...] = (str(error),)
    remedy = error.hint or "see the message"
    if isinstance(error, InvalidManifestsError):
        reasons = tuple(f"{one.where}: {one.code} {one.field}: {one.message}" for one in error.problems)
        remedy = "; ".join(dict.fromkeys(one.hint for one in error.problems if one.hint)) or remedy
    inputs = plan_inputs(environment, name, model, verdicts=reasons, served=served)
    return ModelPlan(
        model=name,
        digest=codec.digest_of(inputs),
        basis=inputs,
        sync=SyncStatus.UNKNOWN,
        health=HealthStatus.UNKNOWN,
        reason=error.message,
        blocked=Blocked(status=status_of(error), reasons=reasons, remedy=remedy),
    )


def _from_training_facts(observer: TrainingObserver, facts: TrainingFacts) -> ModelPlan:
    model, build, snapshot = facts.model, facts.build, observer.snapshot
    candidate = build.artifact if build else None
    incumbent = facts.head.state.artifact if facts.head else None
    inputs = plan_inputs(
        observer.environment,
        model.name,
        model,
        head=facts.head.digest if facts.head else None,
        candidate=candidate,
        build=codec.digest_of(build) if build else None,
        verdicts=tuple(map(verification_input, facts.verifications)),
        snapshot=data_snapshots.data_digest(snapshot, model.recipe) if snapshot and not build else None,
    )
    decision, verifications = decide_training(facts), _verifications(facts.verifications)
    return _model_plan(
        inputs,
        decision,
        PlanDetail(
            candidate=candidate,
            incumbent=incumbent,
            changes=_recipe_changes(observer.store, incumbent, model) if candidate != incumbent or not build else (),
            metrics=metric_changes(facts.evaluation, None),
            verifications=verifications,
            gate_files=_gate_files(decision, verifications, model, observer.verifying),
            grade=facts.evaluation.grade.value if facts.evaluation else None,
            data_as_of=build.as_of if build else (snapshot.as_of if snapshot else None),
        ),
        _ahead(facts.head, observer.now),
    )


def _from_serving_facts(store: Store, facts: ServingFacts, now: datetime) -> ModelPlan:
    model, pin = facts.model, facts.pin
    verifications = (pin.verification,) if pin.verification else ()
    incumbent, candidate, build = facts.deployed, facts.pinned, pin.build
    inputs = plan_inputs(
        facts.environment,
        facts.name,
        model,
        served=facts.served,
        head=facts.head.digest if facts.head else None,
        candidate=candidate,
        build=codec.digest_of(build) if build else None,
        verdicts=(
            *map(verification_input, verifications),
            *(["unknown artifact"] if pin.artifact_missing else []),
            *(["foreign recipe"] if pin.recipe_mismatch else []),
            *(["untrue card"] if pin.card_problem is not None and candidate != incumbent else []),
            *(["failed checks"] if pin.checks is not None and pin.checks.refusing else []),
            *(["stale data"] if facts.policy.stale_data_age is not None else []),
            *(["data dated ahead"] if facts.policy.data_ahead is not None else []),
        ),
        order=facts.order.value,
        controls=policy_check.policy_inputs(facts),
    )
    replaced, apart = None, None
    if incumbent is not None and incumbent != candidate and blobs.holds(store, incumbent):
        apart = figures_apart(model.recipe, verification.recipe_of(store, incumbent).recipe) if model else None
        replaced = verification.evaluation_of(store, incumbent) if apart is None else None
    decision, verified = decide_serving(facts), _verifications(verifications)
    return _model_plan(
        inputs,
        decision,
        PlanDetail(
            candidate=candidate,
            incumbent=incumbent,
            changes=_recipe_changes(store, incumbent, model) if model and candidate != incumbent else (),
            metrics=metric_changes(pin.evaluation, replaced),
            verifications=verified,
            gate_files=_gate_files(decision, verified, model, (facts.environment,)),
            grade=pin.evaluation.grade.value if pin.evaluation else None,
            data_as_of=build.as_of if build else None,
            data_taken=build.taken if build else None,
            data_age=age_of(build.taken, now) if build else None,
            checks=_told(pin.checks),
            notes=(_apart(apart),) if apart is not None else (),
        ),
        (*_served_otherwise(facts), *_ahead(facts.head, now)),
    )


def _apart(why: str) -> str:
    return f"the figures of the incumbent do not stand beside the candidate's: {why}"


def _served_otherwise(facts: ServingFacts) -> Iterator[str]:
    """Yield how what is served, and what stands around it, differs from what was applied; and an untrue card of it."""
    if facts.head is None and facts.model is None and facts.served is not None:
        yield "served, and neither declared in git nor in the journal"
    elif (drift := drift_of(facts.head, facts.served)) is not None:
        yield str(drift)
    yield from facts.served.around if facts.served is not None else ()
    if facts.pinned == facts.deployed and (card := policy_check.untrue_card(facts)) is not None:
        yield card.reasons[0]


def _ahead(head: JournalHead | None, now: datetime) -> tuple[str, ...]:
    """Report the recorded times of what is deployed that lie ahead of now."""
    if head is None:
        return ()
    build = head.state.build
    data = (("its data", build.taken),) if build is not None else ()
    return all_ahead(now, (f"journal entry {head.entry.n}", head.entry.when), *data)


def _model_plan(inputs: PlanInputs, decision: Decision, detail: PlanDetail, findings: Iterable[str] = ()) -> ModelPlan:
    return ModelPlan(
        model=inputs.model,
        digest=codec.digest_of(inputs),
        basis=inputs,
        sync=decision.sync,
        health=decision.health,
        reason=decision.reason,
        steps=decision.steps,
        blocked=decision.blocked,
        detail=replace(detail, notes=(*decision.notes, *detail.notes)),
        findings=tuple(findings),
    )


def _verifications(facts: tuple[VerificationFacts, ...]) -> tuple[Verification, ...]:
    return tuple(known.verification for known in facts if known.verification is not None)


def _gate_files(
    decision: Decision, verifications: Iterable[Verification], model: Model | None, judging: Iterable[Environment]
) -> tuple[tuple[str, ...], ...] | None:
    """Return where each gate of each verification is declared; None where nothing is decided by them."""
    if not decision.steps and decision.blocked is None:
        return None
    declared = {environment.name: environment.policy.gates for environment in judging}

    def file(verification: Verification, gate: Gate) -> str:
        gate = bound_to(gate)  # as it is declared
        if model is not None and gate in model.gates:
            return model.file
        if gate in declared.get(verification.environment, ()):
            return f"environments/{verification.environment}.yaml"
        return "the controls in force"

    return tuple(tuple(file(each, result.gate) for result in each.results) for each in verifications)


def _recipe_changes(store: Store, incumbent: Digest | None, model: Model) -> tuple[FieldChange, ...]:
    if incumbent is None or not blobs.holds(store, incumbent):
        return ()
    return changes(verification.recipe_of(store, incumbent).recipe, model.recipe)
