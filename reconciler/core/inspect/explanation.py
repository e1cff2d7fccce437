"""The explanation of one model's state in one environment, with advice that leads on."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.evaluation.brief import JudgedInBrief
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.monitoring.record import MonitoringRecord
from reconciler.core.plan.plan import ModelPlan, Step
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.status_codes import ResultStatus, worst_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Something to do: what for, and the command where there is one."""

    reason: str
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`part`: of today's plan; None where git does not declare the model there. `state`: a sentence. `deployed`: the
    artifact that the journal's head says; `deployed_unknown`: the journal is damaged or lost entries, and cannot say.
    `checks`: what the checks found in the rows that it was trained on; `live`: what monitoring found of it last.
    `judged`: its evaluation in full, in brief, where that is recorded; `unit`: of `live`, where what is deployed
    predicts a transform.
    """

    model: str
    environment: str
    role: str
    revision: str | None
    state: str
    part: ModelPlan | None = None
    refresh: Step | None = None
    deployed: Digest | None = None
    deployed_unknown: bool = False
    advice: tuple[Advice, ...] = ()
    checks: CheckFacts | None = None
    live: MonitoringRecord | None = None
    judged: JudgedInBrief | None = None
    unit: OutcomeUnit | None = None
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        """Return the status that every reader reports of the model, as `ModelPlan.trouble` says it."""
        return self.part.trouble if self.part is not None else ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationSet:
    """The explanations of several models that one command asked for."""

    explanations: tuple[Explanation, ...]
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        """Return the gravest status of the models."""
        return worst_status(explanation.status for explanation in self.explanations)
