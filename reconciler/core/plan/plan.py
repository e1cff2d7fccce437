"""A plan as data: the steps for each model of one environment, and their reason. `make_*` are pure and level-based.

Steps follow from facts that are missing, never from fields that changed; a change of a field only explains.
Each model's part has a digest over its `PlanInputs`: names and digests of all that it depends on, no ages,
paths or clocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest
from reconciler.core.evaluation.brief import JudgedInBrief
from reconciler.core.field_diff import FieldChange
from reconciler.core.quality.findings import Finding
from reconciler.core.spec.gates import Verification
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus, worst_status

PLAN_FORMAT = 1
REFRESH_ASKED = "a new data snapshot is asked for"
"""The reason of a refresh that is not due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One executable unit. `artifact` is the digest it is about, where it is known before the step runs; `target` the
    environment that a verification is for. `adopts`: a build of these inputs exists, nothing is trained."""

    action: Action
    reason: str
    artifact: Digest | None = None
    target: str | None = None
    adopts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Why a model is skipped: reasons for a person and the remedy. `status` is the number `exit` in JSON.

    `until`: only the clock stands in the way, up to then; no digest depends on it.
    """

    status: ResultStatus
    reasons: tuple[str, ...]
    remedy: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """All that a model's part of a plan depends on. Two equal bases mean the same plan."""

    environment: str
    model: str
    pin: Digest | None
    recipe: Digest | None
    gates: tuple[Digest, ...]
    head: Digest | None
    served: str
    candidate: Digest | None
    build: Digest | None
    verdicts: tuple[str, ...]
    snapshot: Digest | None
    order: str
    controls: tuple[str, ...] = ()


_INPUTS = {
    "environment": "the environment",
    "model": "the name of the model",
    "pin": "the pinned artifact",
    "recipe": "the recipe",
    "gates": "the gates",
    "head": "the journal",
    "served": "the served files",
    "candidate": "the candidate",
    "build": "the build",
    "verdicts": "the gate results",
    "snapshot": "the data snapshot",
    "order": "the order of the commits",
    "controls": "the policy",
    "inputs": "the inputs of the plan",
}


def inputs_in_words(fields: Iterable[str]) -> str:
    """Return fields of `PlanInputs` as messages name them."""
    words = [_INPUTS.get(field, field) for field in fields]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """Candidate against incumbent, each on its own holdout unless a comparison on the same rows says otherwise."""

    metric: str
    candidate: float | None
    incumbent: float | None


def metric_changes(candidate: Evaluation | None, incumbent: Evaluation | None) -> tuple[MetricChange, ...]:
    """Return every metric that either evaluation has, sorted by name."""
    new, old = (dict(evaluation.metrics) if evaluation else {} for evaluation in (candidate, incumbent))
    return tuple(
        MetricChange(metric=name, candidate=new.get(name), incumbent=old.get(name))
        for name in sorted(new.keys() | old.keys())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDetail:
    """Details for a reviewer besides the decision. Ages are for people and are not part of the plan's inputs.

    `checks`: what the checks found in the candidate's rows, as far as a person is told; None where no record says it,
    or the plan has nothing to do. `gate_files`: for each of `verifications`, where the gate of each result is declared;
    None where nothing is judged.
    """

    candidate: Digest | None = None
    incumbent: Digest | None = None
    changes: tuple[FieldChange, ...] = ()
    metrics: tuple[MetricChange, ...] = ()
    verifications: tuple[Verification, ...] = ()
    gate_files: tuple[tuple[str, ...], ...] | None = None
    grade: str | None = None
    data_as_of: str | None = None
    data_taken: datetime | None = None
    data_age: int | None = None
    notes: tuple[str, ...] = ()
    checks: tuple[Finding, ...] | None = None
    judged: JudgedInBrief | None = None
    """The candidate's evaluation in full, in brief, where it is recorded and the plan rests on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """One model's part. No steps and not blocked: action `none`, said explicitly. `findings`: what is served otherwise
    than it was applied, and times that lie ahead of now; nothing of it is lost, and no digest depends on it."""

    model: str
    digest: Digest
    basis: PlanInputs
    sync: SyncStatus
    health: HealthStatus
    reason: str
    steps: tuple[Step, ...] = ()
    blocked: Blocked | None = None
    detail: PlanDetail = PlanDetail()
    findings: tuple[str, ...] = ()

    @property
    def status(self) -> ResultStatus:
        """Return the blocking status, else pending where there are steps, else clean."""
        if self.blocked is not None:
            return self.blocked.status
        return ResultStatus.PENDING if self.steps else ResultStatus.CLEAN

    @property
    def trouble(self) -> ResultStatus:
        """Return what every reader reports: damaged or failed where its facts cannot be read, pending where there are
        findings, else clean. A change that git declares and nobody applied yet is no trouble."""
        if self.blocked is not None and self.blocked.status in (ResultStatus.DAMAGED, ResultStatus.FAILED):
            return self.blocked.status
        return ResultStatus.PENDING if self.findings else ResultStatus.CLEAN

    @property
    def trains(self) -> bool:
        """Return whether a new artifact is to be trained."""
        return any(step.action is Action.TRAIN and not step.adopts for step in self.steps)

    @property
    def waits(self) -> bool:
        """Return whether the model is only queued for a later run."""
        return self.blocked is not None and self.blocked.status is ResultStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIdentity:
    """The content that a plan's id is the digest of."""

    environment: str
    revision: str | None
    refresh: bool
    models: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`id` is the digest of its `PlanIdentity`. `notes`: what concerns the whole environment; no part of a digest.
    `findings`: what of the whole environment is not as it should be, though nothing of it is lost."""

    id: Digest
    project: str
    environment: str
    role: str
    revision: str | None
    refresh: Step | None
    models: tuple[ModelPlan, ...]
    notes: tuple[str, ...] | None = None
    findings: tuple[str, ...] = ()
    format: int = PLAN_FORMAT

    @property
    def empty(self) -> bool:
        return self.refresh is None and not any(model.steps for model in self.models)

    @property
    def trouble(self) -> ResultStatus:
        """Return what every reader reports of the environment, as `ModelPlan.trouble` says it of a model."""
        own = ResultStatus.PENDING if self.findings else ResultStatus.CLEAN
        return worst_status([own, *(model.trouble for model in self.models)])

    def part(self, model: str) -> ModelPlan | None:
        return next((plan for plan in self.models if plan.model == model), None)
