"""Status of today and history of journal entries. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.inspect.history import ErasureEvent, History, HistoryEvent, HistoryLoss
from reconciler.core.inspect.status import (
    EnvironmentFacts,
    EnvironmentStatus,
    ModelStatus,
    Status,
    environment_status,
)
from reconciler.core.plan import policy_check
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.policy import Freeze
from reconciler.core.status_codes import status_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environments_of, selected, unknown_model
from reconciler.engine.plan import make_plan, observe_loss, verification
from reconciler.engine.quality.last_drift import drift_notes
from reconciler.engine.removed_environments import declared_beside, leftover, leftovers, without_settled
from reconciler.engine.storage import blobs, data_snapshots, folder_rights, journal
from reconciler.engine.storage.erasures import tombstones
from reconciler.engine.storage.journal import Journals
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import Store
from reconciler.schedule import freeze_windows


def status(
    deps: Dependencies, desired: DesiredState, environments: tuple[str, ...], models: tuple[str, ...] = ()
) -> Status:
    """Return the status of the named environments, or of all: also of those that git declares no more, while something
    is left of them. `models`: of these alone, where they are."""
    declared = desired if environments else without_settled(desired, leftovers(deps, desired))
    return Status(
        project=desired.project,
        environments=tuple(
            _environment(deps, declared_beside(desired, each), each, asked)
            for each, asked in selected(declared, environments, models)
        ),
    )


def _environment(
    deps: Dependencies, desired: DesiredState, environment: Environment, asked: tuple[str, ...]
) -> EnvironmentStatus:
    left = leftover(deps, desired, environment) if environment.removed is not None else None
    if environment.removed is not None and environment.trains:
        return EnvironmentStatus(
            environment=environment.name,
            role=environment.role.value,
            revision=desired.revision,
            models=(),
            notes=(str(left),) if left is not None else (),
        )
    journals = observe_loss.journals_of(deps, desired)
    try:
        plan = make_plan.make_plan(deps, desired, environment, asked, journals=journals)
        rights = [folder.problem for _, folder in folder_rights.open_folders(deps, environment.name, inside=False)]
    except ReconcilerError as error:
        if asked and isinstance(error, UsageError):  # no such model
            raise
        # One environment that cannot be read must not hide the others.
        return EnvironmentStatus(
            environment=environment.name,
            role=environment.role.value,
            revision=desired.revision,
            models=(),
            notes=tuple(filter(None, (str(error), error.hint))),
            status=status_of(error),
        )
    models = tuple(deps.parallel_map(lambda part: model_status(deps, journals, environment, part), plan.models))
    facts, now = environment_facts(deps, environment), deps.clock()
    return environment_status(
        plan,
        facts,
        now,
        models=models,
        rights=rights,
        frozen=frozen(environment.name, facts.freeze, now),
        left=str(left) if left is not None else None,
        drifted=drift_notes(deps.stores[environment.name], desired.project, environment.name, asked),
    )


def environment_facts(deps: Dependencies, environment: Environment) -> EnvironmentFacts:
    """Read what an environment's status says besides its plan."""
    newest = data_snapshots.newest(deps.stores[environment.name]) if environment.trains else None
    return EnvironmentFacts(
        snapshot=newest.n if newest else None,
        taken=newest.taken if newest else None,
        freeze=environment.policy.freeze,
    )


def frozen(environment: str, freezes: tuple[Freeze, ...], now: datetime) -> str | None:
    """Say why nothing is deployed to an environment now; None where it is not frozen."""
    closed = freeze_windows.closed(freezes, now)
    return policy_check.frozen(environment, closed).reasons[0] if closed is not None else None


def model_status(deps: Dependencies, journals: Journals, environment: Environment, part: ModelPlan) -> ModelStatus:
    """Return the status of one model, which was planned from these journals."""
    name = environment.name, part.model
    grade, metrics = None, dict[str, float | None]()
    if name not in journals.seen:
        with suppress(ReconcilerError):  # the plan's part says what is wrong; status shows what can still be read
            journals.head(*name)
    head = journals.seen.get(name)
    if head is not None and head.artifact is not None:
        if head.artifact == part.detail.candidate and part.detail.grade is not None:
            grade, metrics = part.detail.grade, {each.metric: each.candidate for each in part.detail.metrics}
        elif (evaluation := _evaluation(deps.stores[environment.name], head.artifact)) is not None:
            grade, metrics = evaluation.grade.value, dict(evaluation.metrics)
    refusals = part.blocked.reasons if part.blocked else ()
    return ModelStatus(
        model=part.model,
        sync=part.sync,
        health=part.health,
        reason=part.reason,
        artifact=head.artifact if head else None,
        entry=head.n if head else None,
        since=head.when if head else None,
        grade=grade,
        headline=metrics.get("f1_macro") or metrics.get("r2"),
        data_as_of=head.data_as_of if head and grade is not None else None,
        notes=(
            *part.detail.notes,
            *((f"checks: {', '.join(head.checks)}",) if head is not None and head.checks else ()),
            *(finding for finding in part.findings if finding not in part.reason),
            *(reason for reason in refusals if reason != part.reason),
        ),
        status=part.status,
    )


def _evaluation(store: Store, artifact: Digest) -> Evaluation | None:
    """Return the evaluation of an artifact, or None where it cannot be read, which the plan's part tells."""
    with suppress(ReconcilerError):
        if blobs.holds(store, artifact):
            return verification.evaluation_of(store, artifact)
    return None


def history(
    deps: Dependencies,
    desired: DesiredState,
    environments: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
    at: datetime | None = None,
) -> History:
    """Return journal entries, newest first: of the named environments and models, or of all.

    With `at`, per model the last one that was written by then.
    """
    declared = environments_of(desired, environments)
    events: list[HistoryEvent] = []
    lost: list[HistoryLoss] = []
    known = set[str]()
    for owner in declared:
        store = deps.stores[owner.name]
        lost += _lost(deps, desired, owner, models)
        journaled_here = journal.models(store, owner.name)
        known |= {*journaled_here, *(model.name for model in desired.models_of(owner.name))}
        for name in journaled_here:
            if models and name not in models:
                continue
            journaled = [_event(head) for head in _entries(store, desired.project, owner.name, name)]
            if at is not None:
                journaled = [event for event in journaled if event.when <= at][-1:]
            events.extend(journaled)
    known |= {loss.model for loss in lost if loss.model is not None}
    if unknown := [model for model in models if model not in known]:
        raise unknown_model(desired, environments[0] if environments else None, unknown[0])
    deploys = {
        owner.name: not owner.trains for owner in declared
    }  # times are whole seconds: first trained, then deployed
    events.sort(
        key=lambda event: (event.when, deploys[event.environment], event.environment, event.model, event.n),
        reverse=True,
    )
    erasures = () if models else tuple(_erasures(deps, declared, at))
    return History(events=tuple(events), at=at, lost=tuple(lost), erasures=erasures or None)


def _erasures(deps: Dependencies, environments: Iterable[Environment], at: datetime | None) -> Iterator[ErasureEvent]:
    """Yield the erasures of data that live in these environments, newest first."""
    for environment in environments:
        for one in reversed(tombstones.read(deps.stores[environment.name], environment.name)):
            if at is None or one.when <= at:
                yield ErasureEvent(
                    environment=environment.name,
                    n=one.n,
                    key=f"{one.table}.{one.column}",
                    when=one.when,
                    who=one.who,
                    reason=one.reason,
                    returns=one.returns,
                )


def _lost(
    deps: Dependencies, desired: DesiredState, environment: Environment, models: tuple[str, ...]
) -> Iterator[HistoryLoss]:
    """Yield what is gone of an environment's journals, or of those of some models."""
    observer = observe_loss.LossObserver(deps, desired)
    if (error := observer.store(environment.name)) is not None:
        yield HistoryLoss(environment=environment.name, model=None, problem=str(error), remedy=error.hint)
        return
    for name, gone in observer.gone(environment.name):
        if not models or name in models:
            yield HistoryLoss(environment=environment.name, model=name, problem=str(gone), remedy=gone.hint)


def _entries(store: Store, project: str, environment: str, model: str) -> Iterator[JournalHead]:
    return journal.entries(store, project=project, environment=environment, model=model)


def _event(head: JournalHead) -> HistoryEvent:
    entry = head.entry
    return HistoryEvent(
        environment=entry.environment,
        model=entry.model,
        n=entry.n,
        action=entry.action,
        artifact=entry.artifact,
        commit=entry.commit,
        who=entry.who,
        when=entry.when,
        reason=entry.reason,
        entry=head.digest,
        approved=entry.approved,
        overrides=entry.overrides,
        hold=entry.state.hold,
    )
