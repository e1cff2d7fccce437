"""`experiment run`: run the trials of an experiment. Writes what they find into the sandbox's store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject
    from reconciler.core.spec.experiment.declared_experiment import Experiment


@click.command("run")
@click.argument("name", metavar="NAME", type=options.NAME)
@options.trial_jobs
@options.shared
@click.pass_obj
def command(invocation: Invocation, name: str, jobs: int | None) -> int:
    """Run the experiment NAME: trials on folds of the training rows, and the winner once on the holdout.

    Nothing that is declared, published or deployed is touched. What a trial finds is kept in the store of the sandbox
    and found again: an experiment that was interrupted goes on where it was. The same experiment on the same data gives
    the same table on any machine, with any number of jobs.
    """
    from reconciler.app.experiment import experiments
    from reconciler.cli.project import opened

    with opened(invocation, trains=True) as project:
        experiment = experiments.declared(project, name)
        return run_and_show(invocation, project, experiment, jobs, again=f"experiment run {name}")


def run_and_show(
    invocation: Invocation, project: OpenProject, experiment: Experiment, jobs: int | None, *, again: str
) -> int:
    """Run an experiment and show its table. `again`: the command that goes on after an interruption."""
    from reconciler.app.experiment import experiments
    from reconciler.report.experiment import experiment_table

    streams.say(experiments.expectation(project, experiment, jobs) + "; Ctrl-C keeps the trials that are over")
    try:
        table = experiments.run(project, experiment, jobs=jobs)
    except KeyboardInterrupt:
        streams.say(f"interrupted; trials that were over are kept: `reconciler {again}` goes on")
        raise
    streams.show(invocation, experiment_table, table)
    return 0
