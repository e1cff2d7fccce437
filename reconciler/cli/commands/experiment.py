"""`experiment`: the commands about experiments, each in a module `experiment_<name>` that is imported when it runs."""

from __future__ import annotations

import click

from reconciler.cli.command_group import Commands

COMMANDS = {
    "run": "Run the trials of an experiment, and judge its winner on the holdout.",
    "list": "List the experiments, and what their last runs found.",
    "show": "Show the trials of the last run of an experiment, best first.",
    "report": "Write the page of the last run of an experiment, as HTML.",
    "adopt": "Propose that git declares what a trial has otherwise: a branch to review and merge.",
}


@click.group("experiment", cls=Commands, helps=COMMANDS, prefix="experiment_")
def command() -> None:
    """Try what may make a model better, on folds of its training rows."""
