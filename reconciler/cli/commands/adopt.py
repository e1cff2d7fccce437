"""`adopt`: propose to keep what somebody put there by hand. Writes a commit on a new branch; deploys nothing."""

from __future__ import annotations

import os

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("adopt")
@options.model
@click.option("--in", "environment", metavar="ENV", type=options.NAME, required=True, help="Where.")
@click.option("--open", "opens", is_flag=True, help="Push the branch and open a pull request.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, model: str, environment: str, opens: bool) -> int:
    """Propose that git pins what ENV serves for MODEL since somebody changed it by hand.

    Writes the manifest and the card of that artifact on a branch adopt/ENV/MODEL/DIGEST. Only a whole artifact that was
    made for MODEL and passed the gates of ENV, or was deployed there before, is adopted; `apply` undoes all else.
    """
    from reconciler.app.forge_connection import route
    from reconciler.app.wiring import proposer
    from reconciler.cli.project import opened
    from reconciler.engine.promotion.adopt import adopt
    from reconciler.report.promotion import model_card, proposal

    with opened(invocation) as project:
        target = project.environment(environment)
        proposed = adopt(
            project.deps,
            project.checkout,
            proposer(project.root),
            model=model,
            environment=target,
            render=model_card.markdown,
            route=route(project.root, os.environ, environment=target.name, protect=target.protect) if opens else None,
        )
    streams.show(invocation, proposal, proposed)
    return 0
