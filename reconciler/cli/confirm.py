"""Ask a person, on standard error, to confirm a plan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.core.status_codes import ResultStatus
from reconciler.errors import UsageError
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.plan import in_sync

if TYPE_CHECKING:
    from reconciler.core.plan.plan import Plan

DECLINED = exit_code(ResultStatus.PENDING)


def check_terminal(environment: str, models: Sequence[str], *, needed: bool) -> None:
    """Raise UsageError E802 where a confirmation is needed and nobody can be asked; its hint says how to do without."""
    asked = " ".join((environment, *models))
    if needed and not streams.can_ask(os.environ):
        raise UsageError(
            "apply asks for confirmation, and there is no terminal to ask on",
            hint=f"reconciler apply {asked} --yes; or review a plan first: `reconciler plan {asked} --out FILE`, and "
            f"then `reconciler apply {environment} --plan FILE`",
            code="E802",
        )


def tell_unchanged(invocation: Invocation, plan: UnchangedPlan) -> None:
    """Show a plan without changes, which needs no confirmation."""
    streams.say(to_text(in_sync.blocks(plan, Detail.SCREEN), streams.question_style(invocation)))


def ask(invocation: Invocation, plan: Plan) -> bool:
    """Show the plan and return whether a person confirms it. A plan without changes needs no confirmation."""
    from reconciler.report.plan import plan_report

    streams.say(to_text(plan_report.blocks(plan, Detail.SCREEN), streams.question_style(invocation)))
    if plan.empty:
        return True
    answered = click.confirm(f"Apply this to {plan.environment}?", err=True, default=False)
    if not answered:
        streams.say("nothing was changed")
    return answered
