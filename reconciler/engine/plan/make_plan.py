"""Plan: desired compared with observed, as data. Reads only; two plans of the same facts are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from reconciler import codec
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.journal import Action
from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.digest import Digest
from reconciler.core.duration import in_words
from reconciler.core.field_diff import FieldChange, changes
from reconciler.core.plan import policy_check
from reconciler.core.plan.facts import ServingFacts, TrainingFacts, VerificationFacts
from reconciler.core.plan.plan import (
    Blocked,
    ModelPlan,
    Plan,
    PlanDetail,
    PlanIdentity,
    PlanInputs,
    Step,
    metric_changes,
)
from reconciler.core.plan.planner import Decision, decide_serving, decide_training
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.core.status_codes import HealthStatus, SyncStatus, status_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe, verification
from reconciler.engine.plan.plan_inputs import basis_of, verification_input
from reconciler.engine.plan.training_quota import in_turn
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import Store


def _unheard(subject: str) -> None:
    del subject


def make_plan(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    models: Iterable[str] = (),
    *,
    settled: Sequence[ModelPlan] | None = None,
    about: Callable[[str], None] = _unheard,
) -> Plan:
    """The plan of one environment, or of some of its models. `settled`: where it is known of all other models that
    their parts would come out the same: those parts that are wanted; `desired` need not have their models. `about` is
    told whose facts are read next ("": everybody's)."""
    now = deps.clock()
    about("")
    refresh = refresh_step(deps, environment, now)
    asked = tuple(models)
    served = served_by(deps, desired, environment, asked, others=settled is None)
    about("")
    names = _chosen(deps, desired, environment, served, asked, listed=settled is None)
    snapshot = data_snapshots.newest(deps.stores[environment.name]) if environment.trains and not refresh else None

    def part(name: str) -> ModelPlan:
        about(name)
        return plan_model(deps, desired, environment, name, served=served.get(name), snapshot=snapshot, now=now)

    made = sorted([*(settled or ()), *deps.parallel_map(part, names)], key=attrgetter("model"))
    parts = in_turn(deps, desired, environment, tuple(made))
    return _plan(desired, environment, refresh, parts)


def joined(
    desired: DesiredState, environment: Environment, plans: Iterable[Plan], settled: Iterable[ModelPlan] = ()
) -> Plan:
    """Plans of some of the models each, made at the same commit, and settled parts, as one."""
    together = tuple(plans)
    refresh = next((one.refresh for one in together if one.refresh is not None), None)
    return _plan(desired, environment, refresh, (*settled, *(part for one in together for part in one.models)))


def _plan(desired: DesiredState, environment: Environment, refresh: Step | None, parts: Iterable[ModelPlan]) -> Plan:
    models = tuple(sorted(parts, key=lambda part: part.model))
    identity = PlanIdentity(
        environment=environment.name,
        revision=desired.revision,
        refresh=refresh is not None,
        models=tuple(part.digest for part in models),
    )
    return Plan(
        id=codec.digest_of(identity),
        project=desired.project,
        environment=environment.name,
        role=environment.role.value,
        revision=desired.revision,
        refresh=refresh,
        models=models,
    )


def refresh_step(deps: Dependencies, environment: Environment, now: datetime) -> Step | None:
    """A snapshot is due when there is none or the newest is older than `maxAge`."""
    if not environment.trains:
        return None
    newest = data_snapshots.newest(deps.stores[environment.name])
    origin = environment.data.copy_from or "its own tables"
    if newest is None:
        return Step(action=Action.REFRESH, reason=f"no data snapshot yet: copy the tables of {origin}")
    age, limit = (now - newest.taken).total_seconds(), environment.data.max_age
    if limit is None or age <= limit:
        return None
    reason = f"data snapshot {newest.n} is {in_words(age)} old; maxAge is {in_words(limit)}"
    return Step(action=Action.REFRESH, reason=reason)


def served_by(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    models: tuple[str, ...] = (),
    *,
    others: bool = True,
) -> dict[str, LiveDeployment]:
    """What is served of these models; of none: of all that are declared and, with `others`, of all there are."""
    target = deps.targets.get(environment.name)
    if target is None or environment.trains:
        return {}
    declared = [model.name for model in desired.models_of(environment.name)]
    return {one.model: one for one in target.observe(models or declared, others=others and not models)}


def _chosen(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    served: dict[str, LiveDeployment],
    models: tuple[str, ...],
    *,
    listed: bool = True,
) -> tuple[str, ...]:
    known = {model.name for model in desired.models_of(environment.name)} | served.keys()
    wanted = not models or not known.issuperset(models)
    if listed and wanted and environment.name in deps.targets and not environment.trains:
        known.update(observe.forsaken(deps, desired, environment, frozenset(known)))
    if unknown := sorted(set(models) - known):
        known |= served_by(deps, desired, environment).keys()
        there = ", ".join(sorted(known)) or "none"
        raise UsageError(f"{environment.name} has no model {unknown[0]!r}", hint=f"models there: {there}", code="E801")
    return tuple(sorted(models or known))


def plan_model(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    name: str,
    *,
    served: LiveDeployment | None,
    snapshot: Snapshot | None,
    now: datetime,
) -> ModelPlan:
    """One model's part. Whatever goes wrong with its facts blocks this model and no other."""
    model = desired.model(environment.name, name)
    try:
        if environment.trains and model is not None:
            made = observe.training(deps, desired, environment, model, snapshot=snapshot, now=now)
            return training_part(deps, environment, made, snapshot)
        facts = observe.serving(deps, desired, environment, name, served=served, now=now)
        return serving_part(deps, environment, facts, now)
    except ReconcilerError as error:
        return _broken(environment, name, model, served, error)


def _broken(
    environment: Environment, name: str, model: Model | None, served: LiveDeployment | None, error: ReconcilerError
) -> ModelPlan:
    basis = basis_of(environment, name, model, verdicts=(str(error),), served=served)
    return ModelPlan(
        model=name,
        digest=codec.digest_of(basis),
        basis=basis,
        sync=SyncStatus.UNKNOWN,
        health=HealthStatus.UNKNOWN,
        reason=error.message,
        blocked=Blocked(status=status_of(error), reasons=(str(error),), remedy=error.hint or "see the message"),
    )


def training_part(
    deps: Dependencies, environment: Environment, facts: TrainingFacts, snapshot: Snapshot | None
) -> ModelPlan:
    model, head, build = facts.model, facts.head, facts.build
    basis = basis_of(
        environment,
        model.name,
        model,
        head=head.digest if head else None,
        candidate=build.artifact if build else None,
        build=codec.digest_of(build) if build else None,
        verdicts=tuple(map(verification_input, facts.verifications)),
        snapshot=data_snapshots.data_digest(snapshot, model.recipe.tables) if snapshot and not build else None,
    )
    store = deps.stores[environment.name]
    incumbent = head.state.artifact if head else None
    candidate = build.artifact if build else None
    return _part(
        basis,
        decide_training(facts),
        PlanDetail(
            candidate=candidate,
            incumbent=incumbent,
            changes=_recipe_changes(store, incumbent, model) if candidate != incumbent or not build else (),
            metrics=metric_changes(facts.evaluation, None),
            verifications=_verifications(facts.verifications),
            grade=facts.evaluation.grade.value if facts.evaluation else None,
            data_as_of=build.as_of if build else (snapshot.as_of if snapshot else None),
        ),
    )


def serving_part(deps: Dependencies, environment: Environment, facts: ServingFacts, now: datetime) -> ModelPlan:
    model, head, build = facts.model, facts.head, facts.pin.build
    verifications = (facts.pin.verification,) if facts.pin.verification else ()
    incumbent, candidate = facts.deployed, facts.pinned
    basis = basis_of(
        environment,
        facts.name,
        model,
        served=facts.served,
        head=head.digest if head else None,
        candidate=candidate,
        build=codec.digest_of(build) if build else None,
        verdicts=(
            *map(verification_input, verifications),
            *(["unknown artifact"] if facts.pin.artifact_missing else []),
            *(["foreign recipe"] if facts.pin.recipe_mismatch else []),
            *(["stale data"] if facts.policy.stale_data_age is not None else []),
        ),
        order=facts.order.value,
        controls=policy_check.policy_inputs(facts),
    )
    own = deps.stores[environment.name]
    before = None
    if incumbent is not None and incumbent != candidate and blobs.holds(own, incumbent):
        before = verification.evaluation_of(own, incumbent)
    return _part(
        basis,
        decide_serving(facts),
        PlanDetail(
            candidate=candidate,
            incumbent=incumbent,
            changes=_recipe_changes(own, incumbent, model) if model and candidate != incumbent else (),
            metrics=metric_changes(facts.pin.evaluation, before),
            verifications=_verifications(verifications),
            grade=facts.pin.evaluation.grade.value if facts.pin.evaluation else None,
            data_as_of=build.as_of if build else None,
            data_taken=build.taken if build else None,
            data_age=int((now - build.taken).total_seconds()) if build else None,
        ),
    )


def _part(basis: PlanInputs, decision: Decision, detail: PlanDetail) -> ModelPlan:
    return ModelPlan(
        model=basis.model,
        digest=codec.digest_of(basis),
        basis=basis,
        sync=decision.sync,
        health=decision.health,
        reason=decision.reason,
        steps=decision.steps,
        blocked=decision.blocked,
        detail=replace(detail, notes=decision.notes),
    )


def _verifications(facts: tuple[VerificationFacts, ...]) -> tuple[Verification, ...]:
    return tuple(known.verification for known in facts if known.verification is not None)


def _recipe_changes(store: Store, incumbent: Digest | None, model: Model) -> tuple[FieldChange, ...]:
    if incumbent is None or not blobs.holds(store, incumbent):
        return ()
    return changes(verification.recipe_of(store, incumbent).recipe, model.recipe)
