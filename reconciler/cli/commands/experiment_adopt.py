"""`experiment adopt`: propose what a trial has otherwise. Commits to a new branch; trains and deploys nothing there."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("adopt")
@click.argument("name", metavar="NAME", type=options.NAME)
@click.option(
    "--trial", metavar="N", type=click.IntRange(min=1), help="Adopt this trial of the last run [default: its winner]."
)
@options.opens
@options.shared
@click.pass_obj
def command(invocation: Invocation, name: str, trial: int | None, opens: bool) -> int:
    """Propose that git declares what a trial of NAME has otherwise: the sandbox's manifest, comments kept, on a branch.

    Nothing changes until that branch is merged and the sandbox is applied. A trial that is not the winner is judged on
    the holdout first, which counts as one more look at it. With --open the branch is pushed, and a pull request with
    the evidence is opened.
    """
    from reconciler.app.experiment import experiments
    from reconciler.app.proposing import proposing
    from reconciler.cli.project import opened
    from reconciler.report.experiment import experiment_table
    from reconciler.report.promotion import proposal

    with opened(invocation, trains=True) as project:
        environment = experiments.declared(project, name).environment
        way = proposing(project, environment, opens=opens)
        proposed = experiments.adopt(way, name, trial=trial, evidence=experiment_table.evidence)
    streams.show(invocation, proposal, proposed)
    return 0
