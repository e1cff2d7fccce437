"""`history`: who changed what, when and why. Changes nothing."""

from __future__ import annotations

from datetime import datetime

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.status_codes import ResultStatus


@click.command("history")
@options.names
@click.option("--env", "--in", "environment", metavar="ENV", type=options.NAME, help="The same as ENV.")
@click.option("--model", metavar="MODEL", type=options.NAME, help="The same as MODEL.")
@click.option(
    "--at",
    metavar="TIME",
    type=options.MOMENT,
    help="Show what was deployed at this time, such as 2026-01-31T12:00:00Z.",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, names: tuple[str, ...], environment: str | None, model: str | None, at: datetime | None
) -> int:
    """Show who changed what, when and why, newest first; with --at, what was deployed at that time.

    Of ENV or every environment, of each MODEL that is named or of all of them.
    Exits 6 when a journal is gone, though something else (a register, a target, a tag, another store) names it.
    Whether only the last entries of one are missing, `reconciler audit` tells.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import looked_at
    from reconciler.engine.inspect import status
    from reconciler.report.inspect import history

    environments, models = looked_at(invocation, names, environment)
    models = (*models, *((model,) if model is not None else ()))
    with opened(invocation, removed=environments) as project:
        entries = status.history(project.deps, project.desired, environments, models, at)
    code = exit_code(ResultStatus.DAMAGED if entries.lost else ResultStatus.CLEAN)
    streams.show(invocation, history, entries, exit=code)
    return code
