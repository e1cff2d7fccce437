"""Plan one environment: desired state against observed state. Reads only; equal facts give equal plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from reconciler import codec
from reconciler.core.age import age_of, ahead, all_ahead
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.journal import Action
from reconciler.core.controls.controls import ControlsHead
from reconciler.core.duration import in_words
from reconciler.core.plan.damage import Damage
from reconciler.core.plan.plan import REFRESH_ASKED, ModelPlan, Plan, PlanIdentity, Step
from reconciler.core.snapshots.declaration import SnapshotDeclaration
from reconciler.core.spec.data import DataBinding
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine import machine_notes
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import nearest
from reconciler.engine.plan import model_plan, observe, observe_loss, observe_training
from reconciler.engine.plan.observe import ServingObserver
from reconciler.engine.plan.observe_training import TrainingObserver
from reconciler.engine.plan.training_quota import within_quota
from reconciler.engine.quality import checked_refresh
from reconciler.engine.refresh.refresh_notes import capped_notes, refresh_notes, windows_ahead
from reconciler.engine.storage import builds, data_snapshots, references
from reconciler.engine.storage.erasures import tombstones
from reconciler.engine.storage.journal import Journals
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import ParallelMap


def ignore(model: str) -> None:
    """Take no notice of whose facts are read."""
    del model


def make_plan(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    models: Iterable[str] = (),
    *,
    settled: Sequence[ModelPlan] | None = None,
    about: Callable[[str], None] = ignore,
    journals: Journals | None = None,
    refresh_anyway: bool = False,
) -> Plan:
    """Plan one environment, or some of its models.

    `settled`: model plans that are known to come out the same; given, no other models exist than those and `desired`'s.
    `about` is told whose facts are read next ("": everybody's). `journals`: to read from, which know afterwards what
    was seen. `refresh_anyway`: a new data snapshot is taken, due or not. Raises IntegrityError E603 where the
    environment's store is gone, UsageError E801 where it has no data snapshots.
    """
    asked, now = tuple(models), deps.clock()
    journals = journals or observe_loss.journals_of(deps, desired)
    about("")
    registered = observe_loss.check_store(deps, desired, environment)
    if refresh_anyway and not environment.trains:
        raise UsageError(
            f"{environment.name} has no data snapshot to refresh", hint="name a sandbox, which has", code="E801"
        )
    if environment.trains:
        newest = data_snapshots.newest(deps.stores[environment.name])
        references.check_snapshot(deps.stores[environment.name], newest, environment.name, copied_again=refresh_anyway)
        declared = data_snapshots.declared_now(deps, desired, environment, newest)
        refresh = refresh_step(environment.data, newest, now, declared, requested_by(desired, environment, now))
        if refresh is None and refresh_anyway:
            refresh = Step(action=Action.REFRESH, reason=REFRESH_ASKED)
        snapshot = newest if refresh is None else None
        sandbox = observe_training.training_observer(
            deps, desired, environment, snapshot=snapshot, newest=newest, now=now, journals=journals
        )
        sandbox.read_shared()
        trained = tuple(_plan_sandbox(sandbox, asked, settled or (), registered, deps.parallel_map, about))
        told = machine_notes.of_sandbox(deps, desired, sandbox, trained)
        if refresh is not None or any(part.trains for part in trained):
            told = (*capped_notes(desired, environment), *told)
            told = (*windows_ahead(desired.models_of(environment.name), now.date()), *told)
        if refresh is not None:
            told = (*refresh_notes(deps, desired, environment, newest), *told)
            if declared.erasures:
                told = (*tombstones.what_stops_a_copy(deps, desired, environment), *told)
        told = (*checked_refresh.notes_of(desired, environment, deps.stores[environment.name], newest), *told)
        return _plan(desired, environment, refresh, trained, told or None, findings=_ahead(newest, now))
    observer = observe.serving_observer(deps, desired, environment, now=now, journals=journals)
    log = ControlsLog(store=deps.stores[environment.name], project=desired.project, environment=environment.name)
    controls = _last_controls(observer, log)
    notes = observer.notes()
    observer.read_shared()
    plans = _plan_deployments(observer, asked, settled, registered, deps.parallel_map, about)
    entry = controls.entry if controls is not None else None
    findings = all_ahead(now, (f"entry {entry.n} of its controls log", entry.when)) if entry is not None else ()
    told = (*(notes or ()), *machine_notes.of_deployments(deps, desired, environment, plans))
    return _plan(desired, environment, None, plans, told or None, findings)


def _last_controls(observer: ServingObserver, log: ControlsLog) -> ControlsHead | None:
    """Return the last entry of the controls; raises what reading it raises, IntegrityError E604 where a part is gone.

    Whatever else speaks against the controls, each model's plan says.
    """
    try:
        head = observer.controls.head
    except ReconcilerError:
        head = log.head()
    if head is not None:
        log.check_named(head)
    return head


def _ahead(newest: Snapshot | None, now: datetime) -> tuple[str, ...]:
    """Report a newest data snapshot that is dated ahead of now."""
    return all_ahead(now, (f"data snapshot {newest.n}", newest.taken)) if newest is not None else ()


def with_journals(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    models: Iterable[str] = (),
    *,
    refresh_anyway: bool = False,
    about: Callable[[str], None] = ignore,
) -> tuple[Plan, Journals]:
    """Plan an environment, or some of its models, and return the journals that were read for it, too."""
    journals = observe_loss.journals_of(deps, desired)
    plan = make_plan(deps, desired, environment, models, journals=journals, refresh_anyway=refresh_anyway, about=about)
    about("")
    return plan, journals


def _plan_sandbox(
    observer: TrainingObserver,
    asked: tuple[str, ...],
    settled: Sequence[ModelPlan],
    registered: frozenset[str],
    parallel_map: ParallelMap,
    about: Callable[[str], None],
) -> Iterable[ModelPlan]:
    def plan_one(name: str) -> ModelPlan:
        about(name)
        return model_plan.plan_training(observer, observer.models[name])

    if unknown := sorted(set(asked) - observer.models.keys()):
        raise _no_model(observer.environment.name, unknown[0], observer.models)
    plans = [*settled, *parallel_map(plan_one, sorted(asked or observer.models))]
    if not asked:
        name = observer.environment.name
        lost = observe_loss.lost_among(observer.journals, name, registered - observer.models.keys())
        plans += (model_plan.unreadable(observer.environment, model, None, None, error) for model, error in lost)
    plans.sort(key=attrgetter("model"))
    return within_quota(tuple(plans), observer.environment.max_train, observer.data_taken)


def _plan_deployments(
    observer: ServingObserver,
    asked: tuple[str, ...],
    settled: Sequence[ModelPlan] | None,
    registered: frozenset[str],
    parallel_map: ParallelMap,
    about: Callable[[str], None],
) -> Iterable[ModelPlan]:
    served = observer.served(asked, others=settled is None)
    about("")
    known = {*observer.models, *served}
    if settled is None and observer.target is not None and not (asked and known.issuperset(asked)):
        known |= observer.orphaned(known, registered)
    if settled is None:
        known |= {retirement.model for retirement in observer.environment.policy.retire}
    if unknown := sorted(set(asked) - known):
        raise _no_model(observer.environment.name, unknown[0], known | observer.served().keys())

    def plan_one(name: str) -> ModelPlan:
        about(name)
        return model_plan.plan_serving(observer, name, served.get(name))

    return (*(settled or ()), *parallel_map(plan_one, sorted(asked or known)))


def _no_model(environment: str, name: str, known: Iterable[str]) -> UsageError:
    hint = nearest(name, known) or f"models there: {', '.join(sorted(known)) or 'none'}"
    return UsageError(f"no model {name!r} is declared for {environment}", hint=hint, code="E801")


def joined(
    desired: DesiredState, environment: Environment, plans: Iterable[Plan], settled: Iterable[ModelPlan] = ()
) -> Plan:
    """Join plans of some of the models each, made at the same commit, and settled model plans into one."""
    together = tuple(plans)
    refresh = next((plan.refresh for plan in together if plan.refresh is not None), None)
    notes = next((plan.notes for plan in together if plan.notes is not None), None)
    models = (*settled, *(model for plan in together for model in plan.models))
    findings = next((plan.findings for plan in together if plan.findings), ())
    return _plan(desired, environment, refresh, models, notes, findings)


def _plan(
    desired: DesiredState,
    environment: Environment,
    refresh: Step | None,
    model_plans: Iterable[ModelPlan],
    notes: tuple[str, ...] | None = None,
    findings: tuple[str, ...] = (),
) -> Plan:
    models = tuple(sorted(model_plans, key=attrgetter("model")))
    identity = PlanIdentity(
        environment=environment.name,
        revision=desired.revision,
        refresh=refresh is not None,
        models=tuple(model.digest for model in models),
    )
    return Plan(
        id=codec.digest_of(identity),
        project=desired.project,
        environment=environment.name,
        role=environment.role.value,
        revision=desired.revision,
        refresh=refresh,
        models=models,
        notes=notes,
        findings=findings,
    )


def requested_by(desired: DesiredState, environment: Environment, now: datetime) -> str | None:
    """Return the newest day (ISO) of which any model of a sandbox asks for a retrain, of those that have come."""
    days = (model.retrain.requested for model in desired.models_of(environment.name))
    return max((day for day in days if builds.asked_since(day, now) is not None), default=None)  # type: ignore[type-var]


def refresh_step(
    data: DataBinding,
    newest: Snapshot | None,
    now: datetime,
    declared: SnapshotDeclaration | None = None,
    requested: str | None = None,
) -> Step | None:
    """Return the refresh that is due: there is no snapshot, the newest is older than `maxAge`, what it was taken by is
    declared otherwise now, or a model asks for newer data. `declared`: what a snapshot is taken by today; `requested`:
    see `requested_by`."""
    if newest is None:
        source = f"the tables of {data.copy_from}" if data.copy_from else "its own tables"
        return Step(action=Action.REFRESH, reason=f"no data snapshot yet: apply will copy {source}")
    if declared is not None and (otherwise := data_snapshots.declared_otherwise(newest, declared)) is not None:
        return Step(action=Action.REFRESH, reason=otherwise)
    age, limit = age_of(newest.taken, now), data.max_age
    if age is None:
        return Step(action=Action.REFRESH, reason=ahead(f"data snapshot {newest.n}", newest.taken))
    if (asked := builds.asked_since(requested, now)) is not None and newest.taken < asked:
        reason = f"a retrain was asked for on {requested}; data snapshot {newest.n} is of {newest.taken:%Y-%m-%d}"
        return Step(action=Action.REFRESH, reason=reason)
    if limit is None or age <= limit:
        return None
    reason = f"data snapshot {newest.n} is {in_words(age)} old; maxAge is {in_words(limit)}"
    return Step(action=Action.REFRESH, reason=reason)


def damage(deps: Dependencies, desired: DesiredState, environment: Environment) -> tuple[Damage, ...]:
    """Return what stops the environment's plan, or the plan of one of its models, because it is lost or damaged or
    cannot be read. That git cannot answer is no damage."""
    try:
        return damage_of(make_plan(deps, desired, environment))
    except ReconcilerError as error:
        status = status_of(error)
        if status not in (ResultStatus.DAMAGED, ResultStatus.FAILED):
            return ()
        return (Damage(model=None, problem=str(error), status=status, remedy=error.hint),)


def damage_of(plan: Plan) -> tuple[Damage, ...]:
    """Return the damage that a plan of models tells of: facts that are lost or damaged, or cannot be read."""
    return tuple(
        Damage(model=part.model, problem=part.blocked.reasons[0], status=part.status, remedy=part.blocked.remedy)
        for part in plan.models
        if part.blocked is not None and part.trouble in (ResultStatus.DAMAGED, ResultStatus.FAILED)
    )
