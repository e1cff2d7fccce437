"""`experiment show`: the trials of the last run of an experiment. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("show")
@click.argument("name", metavar="NAME", type=options.NAME)
@options.shared
@click.pass_obj
def command(invocation: Invocation, name: str) -> int:
    """Show the trials of the last run of NAME, best first, and what its winner reaches on the holdout.

    Figures are means over folds of the training rows, with 95% intervals; on a page or as JSON every trial is listed.
    """
    from reconciler.app.experiment import experiments
    from reconciler.cli.project import opened
    from reconciler.report.experiment import experiment_table

    with opened(invocation) as project:
        table = experiments.look(project, name)
    streams.show(invocation, experiment_table, table)
    return 0
