"""`history`: who changed what, when and why. Changes nothing."""

from __future__ import annotations

from datetime import datetime

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("history")
@click.option("--env", "environment", metavar="ENV", type=options.NAME, help="Only this environment.")
@click.option("--model", metavar="MODEL", type=options.NAME, help="Only this model.")
@click.option(
    "--at",
    metavar="TIME",
    type=options.MOMENT,
    help="Show what was deployed at this time, such as 2026-01-31T12:00:00Z.",
)
@options.shared
@click.pass_obj
def command(invocation: Invocation, environment: str | None, model: str | None, at: datetime | None) -> int:
    """Show who changed what, when and why, newest first; with --at, what was deployed at that time."""
    from reconciler.cli.project import opened
    from reconciler.engine.inspect import status
    from reconciler.report.inspect import history

    with opened(invocation) as project:
        entries = status.history(project.deps, project.desired, environment, model, at)
    streams.show(invocation, history, entries)
    return 0
