"""`override`: propose that one control does not stand against what is pinned. Writes a commit on a new branch."""

from __future__ import annotations

import os

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.spec.policy import Control


@click.command("override")
@options.model
@click.option("--in", "environment", metavar="ENV", type=options.NAME, required=True, help="Where.")
@click.option("--control", type=click.Choice([one.value for one in Control]), required=True, help="Which control.")
@click.option(
    "--reason", metavar="TEXT", type=options.REASON, required=True, help="Why: it is seen wherever it counts."
)
@click.option("--open", "opens", is_flag=True, help="Push the branch and open a pull request.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, model: str, environment: str, control: str, reason: str, opens: bool) -> int:
    """Propose that a control of ENV does not stand against the pinned artifact of MODEL.

    Writes it into the environment's file on a branch override/ENV/MODEL/CONTROL/DIGEST. Where the environment has
    owners, it counts once one of them has approved that change.
    """
    from reconciler.app import locations
    from reconciler.app.forge_connection import route
    from reconciler.app.wiring import proposer
    from reconciler.cli.project import read_manifests
    from reconciler.engine.plan.make_plan import environment_of
    from reconciler.engine.promotion.override import override
    from reconciler.report.promotion import proposal

    root = locations.project()
    with read_manifests(invocation) as checkout:
        target = environment_of(checkout.desired, environment)
        proposed = override(
            checkout,
            proposer(root),
            model=model,
            environment=target,
            control=Control(control),
            reason=reason,
            route=route(root, os.environ, environment=target.name, protect=target.protect) if opens else None,
        )
    streams.show(invocation, proposal, proposed)
    return 0
