"""Result of `monitor`: of each deployed model of an environment, whether it keeps what it promised."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.monitoring.record import LiveFigure, LiveVerdict, RetrainRequest
from reconciler.core.promotion.proposal import OpenedPullRequest
from reconciler.core.quality.drift import DriftSummary
from reconciler.core.status_codes import ResultStatus, worst_status


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredModel:
    """One model. `verdict` is None where `problem` says why nothing can be told. `predicted`: records that were
    predicted, of which `known` have an outcome, `waiting` none yet, and `gone` are not in the tables any more.
    `drift`: of the records predicted last, on `drift_day`: an early sign, no proof. `entry`: of the monitoring log.
    `unit`: of the figures, where the model predicts a transform."""

    model: str
    artifact: Digest | None = None
    verdict: LiveVerdict | None = None
    figure: str | None = None
    promised: float | None = None
    promised_rows: int | None = None
    predicted: int = 0
    waiting: int = 0
    gone: int = 0
    known: LiveFigure | None = None
    recent: LiveFigure | None = None
    evidence: float | None = None
    found: str | None = None
    drift: DriftSummary | None = None
    drift_day: str | None = None
    asked: RetrainRequest | None = None
    notes: tuple[str, ...] = ()
    problem: str | None = None
    remedy: str | None = None
    entry: int | None = None
    unit: OutcomeUnit | None = None
    status: ResultStatus = ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainProposal:
    """What --open did: `models` of `sandbox` are asked to be trained again, by a commit on `branch` and its request.
    Without a branch there was nothing new to ask for. `left`: models that cannot be asked for, each with the reason."""

    sandbox: str
    models: tuple[str, ...]
    branch: str | None = None
    commit: str | None = None
    base: str | None = None
    files: tuple[str, ...] = ()
    opening: OpenedPullRequest | None = None
    left: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """The deployed models of one environment, by name. `request`: with --open, of degraded models."""

    environment: str
    role: str
    revision: str | None
    models: tuple[MonitoredModel, ...]
    request: RetrainProposal | None = None
    format: int = 1

    @property
    def has_degraded(self) -> bool:
        """Tell whether any model is worse than promised."""
        return any(model.verdict is LiveVerdict.DEGRADED for model in self.models)

    @property
    def status(self) -> ResultStatus:
        """Return the gravest status of the models; a degraded one is pending."""
        return worst_status(model.status for model in self.models)
