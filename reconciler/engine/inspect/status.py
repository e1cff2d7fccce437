"""Status of today. Reads only."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from reconciler.core.artifact.evaluation import HEADLINES, Evaluation
from reconciler.core.digest import Digest
from reconciler.core.evaluation.brief import command_for
from reconciler.core.inspect.status import (
    NOT_REQUIRED,
    UNSIGNED,
    EnvironmentFacts,
    EnvironmentStatus,
    ModelStatus,
    Status,
    environment_status,
    with_judgement,
    with_live_outcomes,
)
from reconciler.core.plan import policy_check
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.policy import Freeze
from reconciler.core.status_codes import status_of
from reconciler.core.trust.keys import NO_TRUST
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.known import brief_of
from reconciler.engine.find_environment import selected
from reconciler.engine.monitoring import monitoring_log
from reconciler.engine.plan import make_plan, observe_loss, verification
from reconciler.engine.quality.last_drift import drift_notes
from reconciler.engine.removed_environments import declared_beside, leftover, leftovers, without_settled
from reconciler.engine.storage import blobs, data_snapshots, folder_rights
from reconciler.engine.storage.copies import mirrors
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


def with_evaluations(deps: Dependencies, desired: DesiredState, found: Status) -> Status:
    """Return the status with what is recorded of the evaluation in full of each model that is there."""
    environments = []
    for each in found.environments:
        environment = desired.environment(each.environment)
        if environment is None:
            environments.append(each)
            continue
        judged = partial(brief_of, deps.stores, desired, environment)
        told = (with_judgement(model, each.environment, judged(model.model, model.artifact)) for model in each.models)
        environments.append(replace(each, models=tuple(told)))
    return replace(found, environments=tuple(environments))


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
    live = monitoring_log.degraded(deps.stores[environment.name], environment.name, asked)
    models = tuple(
        with_live_outcomes(each, live.get(each.model))
        for each in deps.parallel_map(lambda part: model_status(deps, journals, environment, part), plan.models)
    )
    facts, now = environment_facts(deps, environment), deps.clock()
    return environment_status(
        plan,
        facts,
        now,
        models=models,
        rights=rights,
        frozen=frozen(environment.name, facts.freeze, now),
        left=str(left) if left is not None else None,
        drifted=(
            *drift_notes(deps.stores[environment.name], desired.project, environment.name, asked),
            *mirrors.notes(deps, environment.name),
        ),
    )


def environment_facts(deps: Dependencies, environment: Environment) -> EnvironmentFacts:
    """Read what an environment's status says besides its plan."""
    newest = data_snapshots.newest(deps.stores[environment.name]) if environment.trains else None
    return EnvironmentFacts(
        snapshot=newest.n if newest else None,
        taken=newest.taken if newest else None,
        freeze=environment.policy.freeze,
        mirrored=environment.mirror is not None,
        signed=UNSIGNED if environment.trust == NO_TRUST else None if environment.trust.required else NOT_REQUIRED,
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
    headline = next((name for name in HEADLINES if metrics.get(name) is not None), "")
    unit = None
    if head is not None and head.artifact is not None and headline not in ("", "f1_macro"):
        unit = verification.unit_of(deps.stores[environment.name], head.artifact)
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
        headline=metrics.get(headline),
        data_as_of=head.data_as_of if head and grade is not None else None,
        notes=(
            *part.detail.notes,
            *((f"checks: {', '.join(head.checks)}",) if head is not None and head.checks else ()),
            *((unit.of_own(headline, command_for(part.model, environment.name)),) if unit is not None else ()),
            *(finding for finding in part.findings if finding not in part.reason),
            *(reason for reason in refusals if reason != part.reason),
        ),
        status=part.status,
        unit=unit,
        figure=headline or None,
    )


def _evaluation(store: Store, artifact: Digest) -> Evaluation | None:
    """Return the evaluation of an artifact, or None where it cannot be read, which the plan's part tells."""
    with suppress(ReconcilerError):
        if blobs.holds(store, artifact):
            return verification.evaluation_of(store, artifact)
    return None
