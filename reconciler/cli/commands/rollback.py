"""`rollback`: propose to go back. Writes a commit on a new branch; deploys nothing unless it is told to, by --now."""

from __future__ import annotations

import os
from functools import partial

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("rollback")
@options.model
@click.option("--in", "environment", metavar="ENV", type=options.NAME, required=True, help="Where.")
@click.option("--to", metavar="N", type=click.IntRange(min=0), help="What entry N deployed [default: the one before].")
@click.option("--now", is_flag=True, help="Serve it at once, hold it, and propose that git agrees.")
@click.option("--reason", metavar="TEXT", type=options.REASON, help="Why, with --now: it stands in the journal.")
@click.option("--open", "opens", is_flag=True, help="Push the branch and open a pull request.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, model: str, environment: str, to: int | None, now: bool, reason: str | None, opens: bool
) -> int:
    """Propose that ENV goes back to an artifact of MODEL that it deployed before.

    Such an artifact is vetted there: nothing is trained, and no comparison stands in the way. With --now it serves
    before git says so, and no apply takes it away until git does. With --open it is pushed and opened as a pull
    request, as `promote --open` does.
    """
    if reason is not None and not now:
        raise click.UsageError("--reason is for --now")
    from reconciler.app.forge_connection import route
    from reconciler.app.wiring import proposer
    from reconciler.cli.project import opened
    from reconciler.engine.promotion import propose, rollback_now
    from reconciler.report.promotion import proposal

    with opened(invocation, changes=environment if now else None) as project:
        target = project.environment(environment)
        way = partial(route, project.root, os.environ, environment=target.name, protect=target.protect)
        if now:
            act = partial(rollback_now.now, reason=reason or "no reason given", route=way if opens else None)
        else:
            act = partial(propose.rollback, route=way() if opens else None)
        proposed = act(project.deps, project.checkout, proposer(project.root), model=model, environment=target, to=to)
    streams.show(invocation, proposal, proposed)
    return 0
