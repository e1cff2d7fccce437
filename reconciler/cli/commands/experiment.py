"""`experiment`: the commands about experiments, each in a module `experiment_<name>` that is imported when it runs."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "run": "Run the trials of an experiment, and judge its winner on the holdout.",
    "list": "List the experiments, and what their last runs found.",
    "show": "Show the trials of the last run of an experiment, best first.",
    "adopt": "Propose that git declares what a trial has otherwise: a branch to review and merge.",
}


class ExperimentCommands(click.Group):
    """The commands about experiments, in the order in which they are used; each is imported when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's shape)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"reconciler.cli.commands.experiment_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("experiment", cls=ExperimentCommands)
def command() -> None:
    """Try what may make a model better, on folds of its training rows."""
