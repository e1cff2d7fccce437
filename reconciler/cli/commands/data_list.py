"""`data list`: the data snapshots of a sandbox."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("list")
@options.environments
@options.in_environment("The same as ENV")
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...], environment: str | None) -> int:
    """List the data snapshots of ENV, newest first, and say whether a refresh is due. Changes nothing."""
    from reconciler.cli.project import opened
    from reconciler.cli.selection import whole_environment
    from reconciler.engine.snapshots.inspect_snapshots import list_snapshots
    from reconciler.report.snapshots import snapshot_list

    where = whole_environment(invocation, environments, environment, "data list")
    with opened(invocation) as project:
        listed = list_snapshots(project.deps, project.desired, project.environment(where))
    streams.show(invocation, snapshot_list, listed)
    return 0
