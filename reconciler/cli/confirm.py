"""A person's yes to a plan, asked on standard error."""

from __future__ import annotations

import os
import sys

import click

from reconciler.console import streams as terminal
from reconciler.core.plan.plan import Plan
from reconciler.core.status_codes import Exit
from reconciler.errors import UsageError
from reconciler.report.plan import text as reporter

DECLINED = int(Exit.PENDING)


def possible() -> None:
    """UsageError E802 where nobody can be asked."""
    if not terminal.can_ask(os.environ):
        raise UsageError(
            "apply asks before it changes anything, and there is no terminal to ask on",
            hint="use --yes, or review a plan first and apply it with --plan FILE",
            code="E802",
        )


def given(plan: Plan) -> bool:
    """Show the plan and ask. Nothing to do needs no yes."""
    terminal.say(reporter.text(plan, terminal.look(sys.stderr)))
    if plan.empty:
        return True
    answered = click.confirm(f"Apply this to {plan.environment}?", err=True, default=False)
    if not answered:
        terminal.say("nothing was changed")
    return answered
