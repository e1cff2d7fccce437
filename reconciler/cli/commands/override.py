"""`override`: propose that one control does not stand against what is pinned. Writes a commit on a new branch."""

from __future__ import annotations

import click

from reconciler.cli import options, terminal
from reconciler.cli.options import Invocation
from reconciler.core.controls import Control


@click.command("override")
@options.model
@click.option("--in", "environment", metavar="ENV", type=options.NAME, required=True, help="Where.")
@click.option("--control", type=click.Choice([one.value for one in Control]), required=True, help="Which control.")
@click.option(
    "--reason", metavar="TEXT", type=options.REASON, required=True, help="Why: it is seen wherever it counts."
)
@options.shared
@click.pass_obj
def command(invocation: Invocation, model: str, environment: str, control: str, reason: str) -> int:
    """Propose that a control of ENV does not stand against the pinned artifact of MODEL.

    Writes it into the environment's file on a branch override/ENV/MODEL/DIGEST-CONTROL. Where the environment has
    owners, it counts once one of them has approved that change.
    """
    from reconciler.cli import places
    from reconciler.cli.wiring import configuration, proposer
    from reconciler.engine.override import override
    from reconciler.engine.planning import environment_of
    from reconciler.report import proposal as reporter

    with configuration(invocation) as checkout:
        proposed = override(
            checkout,
            proposer(places.project()),
            model=model,
            environment=environment_of(checkout.desired, environment),
            control=Control(control),
            reason=reason,
        )
    terminal.show(invocation, reporter, proposed)
    return 0
