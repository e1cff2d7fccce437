"""`data show`: one data snapshot of a sandbox."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("show")
@options.environment
@click.argument("number", metavar="[N]", type=click.IntRange(min=0), required=False)
@options.shared
@click.pass_obj
def command(invocation: Invocation, environment: str, number: int | None) -> int:
    """Show data snapshot N of ENV [default: the newest]: its tables, and what it was taken by. Changes nothing."""
    from reconciler.cli.project import opened
    from reconciler.engine.snapshots.inspect_snapshots import show_snapshot
    from reconciler.report.snapshots import snapshot_detail

    with opened(invocation) as project:
        shown = show_snapshot(project.deps, project.desired, project.environment(environment), number)
    streams.show(invocation, snapshot_detail, shown)
    return 0
