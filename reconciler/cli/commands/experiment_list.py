"""`experiment list`: the experiments of a project, and what their last runs found. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("list")
@options.shared
@click.pass_obj
def command(invocation: Invocation) -> int:
    """List the experiments that git declares and those of `improve`, with what their last runs found."""
    from reconciler.cli.project import opened
    from reconciler.engine.experiment.run_experiment import list_experiments
    from reconciler.report.experiment import experiment_list

    with opened(invocation) as project:
        listed = list_experiments(project.deps, project.desired)
    streams.show(invocation, experiment_list, listed)
    return 0
