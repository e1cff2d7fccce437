"""`data diff`: what differs between two data snapshots of a sandbox."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("diff")
@options.environment
@click.argument("before", metavar="[N]", type=click.IntRange(min=0), required=False)
@click.argument("after", metavar="[M]", type=click.IntRange(min=0), required=False)
@options.shared
@click.pass_obj
def command(invocation: Invocation, environment: str, before: int | None, after: int | None) -> int:
    """Compare data snapshots N and M of ENV [default: the newest with the one before].

    Tells rows, columns, types and declarations that differ, and of which columns the values do; never a value. Changes
    nothing.
    """
    from reconciler.cli.project import opened
    from reconciler.engine.snapshots.inspect_snapshots import compare_snapshots
    from reconciler.report.snapshots import snapshot_difference

    with opened(invocation) as project:
        compared = compare_snapshots(project.deps, project.desired, project.environment(environment), before, after)
    streams.show(invocation, snapshot_difference, compared)
    return 0
