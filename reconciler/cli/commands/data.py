"""`data`: the commands about an environment's data, each in a module `data_<name>` that is imported when it runs."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "refresh": "Copy the tables of a sandbox's source as the next data snapshot, where one is due.",
    "list": "List the data snapshots of a sandbox.",
    "show": "Show a data snapshot: its tables, and what it was taken by.",
    "diff": "Compare two data snapshots: rows, columns, types, declarations.",
    "forget": "Forget an entity: find what learnt from it, and leave its rows out from now on.",
    "drift": "Compare the records to predict today with what the deployed model was trained on.",
}


class DataCommands(click.Group):
    """The commands about data, in the order in which they are used; each is imported when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's shape)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"reconciler.cli.commands.data_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("data", cls=DataCommands)
def command() -> None:
    """Look at the data of an environment."""
