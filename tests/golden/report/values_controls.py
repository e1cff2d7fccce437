"""Handmade values for the controls of an environment: what is held up, what was let through, and by whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.core.artifact.journal import Action, ApprovalRecord, OverrideRecord, RollbackHold
from reconciler.core.forge.pull_request import Approval
from reconciler.core.inspect.history import History
from reconciler.core.plan.plan import Blocked, ModelPlan, Plan, PlanDetail, Step
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.policy import Control
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from tests.golden.report import values


def history() -> History:
    (event,) = values.history().events[-1:]
    hold = RollbackHold(
        pin=values.digest("deployed"), reason="it fails on refunds", who="Ada", when=datetime(2026, 11, 20, tzinfo=UTC)
    )
    overrides = (
        OverrideRecord(control=Control.FREEZE, reason=values.HOSTILE[2], approved=approved("rita")),
        OverrideRecord(control=Control.HOLD, reason="the quarter is closed"),
    )
    return History(
        events=(
            replace(event, n=1, reason="rollback from ffebcf613479: it fails on refunds", hold=hold),
            replace(event, approved=approved("fay", values.HOSTILE[1]), overrides=overrides),
        )
    )


def approved(*people: str) -> ApprovalRecord:
    when = datetime(2026, 11, 20, 7, 15, tzinfo=UTC)
    return ApprovalRecord(
        number=12,
        url="https://forge.example/shop/models/12",
        author="author",
        commit=values.REVISION,
        brought="9" * 40,
        approvals=tuple(Approval(by=name, commit=values.REVISION, when=when) for name in people),
    )


def controlled_plan() -> Plan:
    """A model held up by each control, one that needs approvals, one let through by an override."""
    opens = datetime(2026, 11, 30, 5, tzinfo=UTC)

    def held_up(name: str, status: ResultStatus, reasons: tuple[str, ...], remedy: str, **more: Any) -> ModelPlan:
        return values.part(
            name,
            sync=SyncStatus.OUT_OF_SYNC,
            health=more.pop("health", HealthStatus.HEALTHY),
            reason=reasons[0],
            blocked=Blocked(status=status, reasons=reasons, remedy=remedy, until=more.pop("until", None)),
            **more,
        )

    weakened = "GATE WEAKENED f1_macro at least: 0.55 -> 0.45"
    deploy = Step(
        action=Action.DEPLOY, artifact=values.digest("candidate"), reason="passed its gates; the first artifact here"
    )
    return values.plan(
        "production",
        "production",
        (
            held_up(
                "frozen",
                ResultStatus.CONFLICT,
                (f"production is frozen until 2026-11-30 05:00 UTC: {values.HOSTILE[0]}",),
                "run the same command again after the freeze; an urgent deployment needs `reconciler override`",
                until=opens,
            ),
            held_up(
                "rejected",
                ResultStatus.DENIED,
                (f"production serves {values.digest('deployed')[7:19]}, which is rejected: trained on refunds",),
                "run `reconciler rollback rejected --in production --now`, or promote another candidate",
                health=HealthStatus.DEGRADED,
            ),
            held_up(
                "rolled-back",
                ResultStatus.DENIED,
                ("git still pins ffebcf613479, which was rolled back on 2026-11-20 08:30 UTC by Ada: it fails",),
                "merge the rollback that `reconciler rollback rolled-back --in production --now` proposes, or promote "
                "another candidate",
                health=HealthStatus.SUSPENDED,
            ),
            held_up(
                "weakened",
                ResultStatus.DENIED,
                (weakened, "by the same change that pins the artifact"),
                "weaken the gate in a change of its own, and promote after its merge",
            ),
            values.part(
                "approved",
                sync=SyncStatus.OUT_OF_SYNC,
                health=HealthStatus.MISSING,
                reason=deploy.reason,
                steps=(deploy,),
                detail=PlanDetail(
                    notes=(
                        weakened,
                        "needs an approval by a policy owner (shop/risk), checked at apply",
                        "needs 2 approvals by ada, shop/finance, checked at apply",
                        f"override of freeze: {values.HOSTILE[2]}",
                    )
                ),
            ),
        ),
    )


def rolled_back() -> ProposalResult:
    return replace(
        values.proposed(),
        branch="rollback/production/customer-payments/dda18a0e21ae",
        summary=("ffebcf613479 -> dda18a0e21ae, deployed before by journal entry 4",),
        served_by=7,
    )
