"""`gc`: take blobs that nothing names out of a store, and remove them after a grace period."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("gc")
@options.environments
@options.in_environment("The same as ENV")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...], environment: str | None, dry_run: bool) -> int:
    """Take blobs that nothing names out of ENV's store. What was taken out a week ago is removed for good.

    Killed and refused commands leave such blobs. What any record, any branch's artifact or any declaration names stays,
    and a blob that is named again within the week comes back by itself. It is safe beside other commands and at any
    time; run it on a schedule, such as weekly. Refuses a damaged store.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import whole_environment
    from reconciler.engine.upkeep.collect_garbage import collect_garbage
    from reconciler.report.upkeep import garbage_result

    where = whole_environment(invocation, environments, environment, "gc")
    settings = {} if dry_run else {"changes": where}
    with opened(invocation, **settings) as project:
        result = collect_garbage(project.deps, project.desired, project.environment(where), dry_run=dry_run)
    streams.show(invocation, garbage_result, result)
    return 0
