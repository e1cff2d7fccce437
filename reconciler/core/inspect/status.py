"""Result of `status`: sync and health of each model of each environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.core.age import age_of
from reconciler.core.digest import Digest
from reconciler.core.evaluation.brief import JudgedInBrief, command_for
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.core.spec.policy import Freeze
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus, worst_health, worst_status

if TYPE_CHECKING:
    from reconciler.core.monitoring.record import MonitoringRecord
    from reconciler.core.plan.plan import Plan

UNSIGNED = "verification records are not signed"
NOT_REQUIRED = "what is not signed is let through: `trust.required` is not set"
"""The note of every environment until there are signatures: in JSON and on pages, not before a person each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """`since`: when the entry that put `artifact` there was written; `headline`: F1 macro, R2 or pinball on its
    holdout, `figure`: which of them; `unit`: of what these, the grade and live figures are, where the model predicts a
    transform;
    `judged`: its evaluation in full, in brief, where that was asked for and is recorded."""

    model: str
    sync: SyncStatus
    health: HealthStatus
    reason: str
    artifact: Digest | None = None
    entry: int | None = None
    since: datetime | None = None
    grade: str | None = None
    headline: float | None = None
    data_as_of: str | None = None
    notes: tuple[str, ...] = ()
    status: ResultStatus = ResultStatus.CLEAN
    judged: JudgedInBrief | None = None
    unit: OutcomeUnit | None = None
    figure: str | None = None


def with_live_outcomes(status: ModelStatus, record: MonitoringRecord | str | None) -> ModelStatus:
    """Return the status with what monitoring found of the deployed artifact; a text where that cannot be read."""
    if record is None:
        return status
    if isinstance(record, str):
        return replace(status, notes=(*status.notes, record))
    from reconciler.core.monitoring import words

    if record.artifact != status.artifact:
        return status
    health = worst_health((status.health, HealthStatus.DEGRADED))
    return replace(status, health=health, notes=(*status.notes, words.degraded(record, status.unit)))


def with_judgement(status: ModelStatus, environment: str, judged: JudgedInBrief | None) -> ModelStatus:
    """Return the status with what is recorded of the evaluation in full of what is there, or with what makes it."""
    if status.artifact is None:
        return status
    if judged is None:
        made = f"no evaluation in full is recorded: `{command_for(status.model, environment)}` makes it"
        return replace(status, notes=(*status.notes, made))
    told = (judged.line, f"grade {judged.grade.grade}: {judged.grade.reason}")
    return replace(status, judged=judged, notes=(*status.notes, *told))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """What an environment's status says besides its plan and as long as that holds, before the clock is looked at: the
    newest data snapshot and when it was `taken`, when the environment is frozen, what is said of `signed` evidence,
    whether it has a mirror."""

    snapshot: int | None = None
    taken: datetime | None = None
    freeze: tuple[Freeze, ...] = ()
    signed: str | None = UNSIGNED
    mirrored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStatus:
    """`snapshot`, `snapshot_age` (seconds): the newest data snapshot, where the environment takes them. Where no
    keys are trusted, every verification is unsigned, and `notes` says so. `status` (in JSON the number `exit`): whether
    anything that decides what is served is lost, damaged or not as it was applied; changes that git declares and nobody
    applied yet do not count."""

    environment: str
    role: str
    revision: str | None
    models: tuple[ModelStatus, ...]
    snapshot: int | None = None
    snapshot_age: int | None = None
    notes: tuple[str, ...] = ()
    status: ResultStatus = ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The status of a project's environments."""

    project: str
    environments: tuple[EnvironmentStatus, ...]
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        """Return the worst of its environments."""
        return worst_status(environment.status for environment in self.environments)


def environment_status(
    plan: Plan | UnchangedPlan,
    facts: EnvironmentFacts,
    now: datetime,
    *,
    models: tuple[ModelStatus, ...],
    rights: Iterable[str],
    frozen: str | None,
    left: str | None = None,
    drifted: Iterable[str] = (),
) -> EnvironmentStatus:
    """Return the status of the environment of `plan`, which may lack models that have nothing to do and nothing to say.

    `rights`: who else may write its folders; `frozen`: why nothing is deployed now; `left`: what is left of it where
    git declares it no more; `drifted`: which models predict records unlike those that they were trained on.
    """
    notes, trouble = [note for note in (facts.signed, left) if note is not None], ResultStatus.CLEAN
    if not isinstance(plan, UnchangedPlan):  # of which there is nothing to say
        notes += [plan.refresh.reason] if plan.refresh is not None else []
        notes += (*(plan.notes or ()), *plan.findings)
        trouble = plan.trouble
    notes += (*rights, *([frozen] if frozen is not None else []), *drifted)
    return EnvironmentStatus(
        environment=plan.environment,
        role=plan.role,
        revision=plan.revision,
        models=models,
        snapshot=facts.snapshot,
        snapshot_age=age_of(facts.taken, now) if facts.taken is not None else None,
        notes=tuple(dict.fromkeys(notes)),
        status=trouble,
    )
