"""Handmade values for `drift`, `adopt` and `anchor`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.inspect.drift import DriftFinding, DriftReport, EnvironmentDrift, IssueChange
from reconciler.core.inspect.explanation import Advice
from reconciler.core.inspect.journal_checkpoint import CheckpointHead, CheckpointResult
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.status_codes import ResultStatus
from tests.golden.report import values

SEEN = datetime(2026, 3, 1, 2, 7, tzinfo=UTC)


def drifted() -> DriftReport:
    apply = Advice(reason="restore the applied artifact", command="reconciler apply production customer-payments")
    adopt = Advice(
        reason="or keep 1a2b3c4d5e6f: propose it", command="reconciler adopt customer-payments --in production"
    )
    hostile = " ".join(values.HOSTILE)
    findings = (
        DriftFinding(
            model="disputes", kind=DriftType.TAMPERED, what=f"{hostile}: not the bytes that were deployed", since=SEEN
        ),
        DriftFinding(
            model="customer-payments",
            kind=DriftType.WRONG_DIGEST,
            what="1a2b3c4d5e6f is served; 0f1e2d3c4b5a was applied",
            since=SEEN,
            remedies=(apply, adopt),
        ),
        DriftFinding(
            model="terms",
            kind=DriftType.UNREADABLE,
            what="E603 production/terms serves entry 7, but its journal ends at 6",
            remedies=(
                Advice(reason="the journal lost entries: restore it from a backup; apply nothing there until then"),
            ),
            status=ResultStatus.DAMAGED,
        ),
        DriftFinding(
            model=None,
            kind=DriftType.CONFIG_CHANGED,
            what="store.json is missing from the store",
            since=SEEN,
            remedies=(Advice(reason="restore it from a backup of the store", command="reconciler audit production"),),
        ),
    )
    return DriftReport(
        project="receivables",
        revision=values.REVISION,
        environments=(
            EnvironmentDrift(
                environment="production",
                role="production",
                findings=findings,
                models=1204,
                loaded=50,
                pending=2,
                notes=("50 of 1,201 models were loaded today; the others follow on later days",),
                news=IssueChange.UPDATED,
                issue="https://forge.example/issues/7",
                status=ResultStatus.DAMAGED,
            ),
            EnvironmentDrift(environment="staging", role="staging", findings=(), models=1, loaded=1),
            EnvironmentDrift(
                environment="test",
                role="test",
                findings=(),
                problem="E602 the target cannot be read",
                status=ResultStatus.FAILED,
            ),
            EnvironmentDrift(
                environment="sandbox",
                role="sandbox",
                findings=(),
                notes=("a sandbox has no target: no model is served from there",),
            ),
        ),
    )


def in_production() -> EnvironmentDrift:
    return drifted().environments[0]


def well_again() -> EnvironmentDrift:
    return replace(in_production(), findings=())


def anchored(*, signed: bool = False, fresh: bool = True) -> CheckpointResult:
    heads = tuple(
        CheckpointHead(environment=environment, model=model, n=n, entry=values.digest(f"{environment} {model}"))
        for environment, model, n in (("production", "customer-payments", 12), ("sandbox", "disputes", 4))
    )
    return CheckpointResult(
        project="receivables",
        name="reconciler/anchor/7",
        commit=values.REVISION,
        heads=heads,
        fresh=fresh,
        signed=signed,
    )


def adopted() -> ProposalResult:
    return replace(
        values.proposed(),
        branch=f"adopt/production/customer-payments/{values.digest('candidate')[7:19]}",
    )
