"""`history`: who changed what, when and why. Changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

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
@click.option(
    "--since",
    metavar="TIME",
    type=options.BEGINNING,
    help="Show later entries only: a time, or 30d for the last 30 days.",
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Show the newest N entries only.")
@click.option("--entry", metavar="N", type=click.IntRange(min=0), help="Show the entries of this number only.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    model: str | None,
    at: datetime | None,
    since: datetime | timedelta | None,
    limit: int | None,
    entry: int | None,
) -> int:
    """Show who changed what, when and why, newest first; with --at, what was deployed at that time.

    Of ENV or every environment, of each MODEL that is named or of all of them. What an entry brought is told with its
    grade, its data, and who approved it. The number of a request is that which the commit's message names.
    Exits 6 when a journal is gone, though something else (a register, a target, a tag, another store) names it.
    Whether only the last entries of one are missing, `reconciler audit` tells.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import looked_at
    from reconciler.core.inspect.history import HistoryFilter
    from reconciler.engine.inspect import history as inspected
    from reconciler.report.inspect import history

    environments, models = looked_at(invocation, names, environment)
    models = (*models, *((model,) if model is not None else ()))
    with opened(invocation, removed=environments) as project:
        from_then = project.deps.clock() - since if isinstance(since, timedelta) else since
        asked = HistoryFilter(at=at, since=from_then, entry=entry, limit=limit)
        entries = inspected.history(project.deps, project.desired, environments, models, asked)
    code = exit_code(ResultStatus.DAMAGED if entries.lost else ResultStatus.CLEAN)
    streams.show(invocation, history, entries, exit=code)
    return code
