"""`data`: the commands about an environment's data, each in a module `data_<name>` that is imported when it runs."""

from __future__ import annotations

import click

from reconciler.cli.command_group import Commands

COMMANDS = {
    "refresh": "Copy the tables of a sandbox's source as the next data snapshot, where one is due.",
    "list": "List the data snapshots of a sandbox.",
    "show": "Show a data snapshot: its tables, and what it was taken by.",
    "diff": "Compare two data snapshots: rows, columns, types, declarations.",
    "forget": "Forget an entity: find what learnt from it, and leave its rows out from now on.",
    "drift": "Compare the records to predict today with what the deployed model was trained on.",
}


@click.group("data", cls=Commands, helps=COMMANDS, prefix="data_")
def command() -> None:
    """Look at the data of an environment."""
