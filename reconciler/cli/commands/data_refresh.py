"""`data refresh`: take a data snapshot of a sandbox where one is due."""

from __future__ import annotations

import os

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError


@click.command("refresh")
@options.environments
@options.in_environment("The same as ENV")
@click.option("--force", is_flag=True, help="Copy the tables although no refresh is due.")
@click.option("--yes", is_flag=True, help="Refresh without asking.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, environments: tuple[str, ...], environment: str | None, force: bool, yes: bool
) -> int:
    """Copy the tables of ENV's source as the next data snapshot, where one is due; trains nothing.

    One is due where there is none, the newest is older than `maxAge`, or what it was taken by is declared otherwise
    now. A refresh that fails changes nothing: the last snapshot stays in use. `apply` refreshes by itself; this is
    for a refresh ahead of time.
    """
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.project import opened
    from reconciler.cli.selection import whole_environment
    from reconciler.engine.snapshots.refresh import due, refresh_data
    from reconciler.report.snapshots import refresh_result

    where = whole_environment(invocation, environments, environment, "data refresh")
    with opened(invocation, changes=where) as project:
        declared = project.environment(where)
        reason = due(project.deps, project.desired, declared, force=force)
        if reason is not None and not yes:
            if not streams.can_ask(os.environ):
                raise UsageError(
                    "data refresh asks for confirmation, and there is no terminal to ask on",
                    hint=f"reconciler data refresh {where}{' --force' if force else ''} --yes",
                    code="E802",
                )
            streams.say(f"{where}: {reason}")
            if not click.confirm(f"Copy the tables of {declared.data.copy_from or where}?", err=True, default=False):
                streams.say("nothing was changed")
                return DECLINED
        refreshed = refresh_data(project.deps, project.desired, declared, force=force)
    streams.show(invocation, refresh_result, refreshed)
    return 0
