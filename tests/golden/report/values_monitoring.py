"""Values of reports on what is live, for golden files and schemas."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.monitoring.record import LiveFigure, LiveVerdict, RetrainRequest
from reconciler.core.monitoring.results import MonitoredModel, Monitoring, RetrainProposal
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, SupersededPullRequest
from reconciler.core.quality.drift import summary_of
from reconciler.core.status_codes import ResultStatus
from tests.golden.report import values_quality
from tests.golden.report.values import HOSTILE, digest


def monitored() -> Monitoring:
    drift = values_quality.drifted().drift
    return Monitoring(
        environment="production",
        role="production",
        revision="1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        models=(
            MonitoredModel(
                model="customer-churn",
                artifact=digest("churn"),
                verdict=LiveVerdict.KEPT,
                figure="accuracy",
                promised=0.84,
                promised_rows=1_200,
                predicted=5_310,
                waiting=410,
                known=LiveFigure(value=0.836, rows=4_900, first="2026-09-01", last="2026-11-20"),
                evidence=-3.2,
                entry=7,
            ),
            MonitoredModel(
                model="customer-payments",
                artifact=digest("candidate"),
                verdict=LiveVerdict.DEGRADED,
                figure="accuracy",
                promised=0.804,
                promised_rows=500,
                predicted=4_100,
                waiting=900,
                gone=12,
                known=LiveFigure(value=0.778, rows=3_188, first="2026-08-31", last="2026-11-19"),
                recent=LiveFigure(value=0.702, rows=940, first="2026-10-10", last="2026-11-19"),
                evidence=6.1,
                found="2026-11-20",
                drift=summary_of(drift) if drift is not None else None,
                drift_day="2026-11-20",
                notes=(f"outcomes that are none of its classes, and count as wrong: 3 {HOSTILE[0]}",),
                entry=31,
                status=ResultStatus.PENDING,
            ),
            MonitoredModel(
                model="days-to-pay",
                artifact=digest("days"),
                problem="E604 blob sha256:0000 is not in the store",
                remedy="restore the blob from a backup or another environment's store",
                status=ResultStatus.DAMAGED,
            ),
            MonitoredModel(
                model="new-model",
                artifact=digest("new"),
                verdict=LiveVerdict.NOTHING,
                figure="mae",
                promised=4.2,
                promised_rows=80,
                predicted=40,
                waiting=40,
                entry=0,
            ),
            MonitoredModel(model="not-deployed", problem="nothing is deployed"),
        ),
    )


OPENING = OpenedPullRequest(
    state=OpenedState.OPENED,
    because="GitHub, by the remote's address",
    base="main",
    title="Train customer-payments again: worse in production than promised",
    remote="https://github.com/acme/models",
    forge="GitHub",
    number=31,
    url="https://github.com/acme/models/pull/31",
    superseded=(SupersededPullRequest(number=30, url="https://github.com/acme/models/pull/30"),),
)


def asked() -> Monitoring:
    """Return the same, once the sandbox was asked."""
    found = monitored()
    branch = "retrain/production/customer-payments/5f1d2a9c0b7e"
    request = RetrainProposal(
        sandbox="sandbox",
        models=("customer-payments",),
        branch=branch,
        commit="9" * 40,
        base="1" * 40,
        files=("manifests/sandbox/customer-payments.yaml",),
        opening=OPENING,
        left=(("old-model", "sandbox does not declare it"),),
    )
    known = RetrainRequest(branch=branch, number=31, url=OPENING.url)
    models = tuple(
        replace(model, asked=known) if model.verdict is LiveVerdict.DEGRADED else model for model in found.models
    )
    return replace(found, models=models, request=request)


def asked_by_hand() -> Monitoring:
    found = asked()
    assert found.request is not None
    by_hand = replace(
        OPENING,
        state=OpenedState.BY_HAND,
        because="no forge is known",
        forge=None,
        number=None,
        url=None,
        remote=None,
        superseded=(),
        body="the text of the request",
    )
    return replace(found, models=found.models[1:2], request=replace(found.request, opening=by_hand, left=()))
