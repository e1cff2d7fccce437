"""`add`: one more model of a project, suggested from a table or like another model. Asks nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.table_options import estimator_option, reading_of, table_options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError


@click.command("add")
@options.new_model
@table_options
@estimator_option
@click.option("--like", metavar="MODEL", type=options.NAME, help="Model whose recipe to copy, instead of a table.")
@click.option(
    "--in", "environment", metavar="ENV", type=options.NAME, help="Environment that trains it [default: the only one]."
)
@options.output
@options.location
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    model: str,
    table: Path | None,
    outcome: str | None,
    like: str | None,
    environment: str | None,
    estimator: str | None,
    **said: Any,
) -> int:
    """Add MODEL to the project: suggested from a table, as `init` does, or with the recipe of another model.

    Takes the options of `init` for the table and for what is guessed of it. The table is declared beside the others,
    unless it is there already; a file outside of the project is copied to its data folder. Without --from-table, the
    only table that is not declared yet is used. With --like, the recipe of another model is copied under the new name.
    Writes to the working tree, commits nothing, and changes nothing of other models.
    """
    from reconciler.app.onboarding import add_model
    from reconciler.cli.project import shown
    from reconciler.report.help import add_result

    asked: dict[str, Any] = {"table": table, "outcome": outcome, "estimator": estimator, "reading": reading_of(**said)}
    if like is not None and any(value is not None for value in asked.values()):
        raise UsageError(
            "--like copies the recipe of another model as it is, and takes no table and no options of one",
            hint=f"reconciler add {model} --like {like}, and change the manifest; or leave out --like",
            code="E801",
        )
    new = add_model.NewModel(name=model, like=like, environment=environment, **asked)
    with shown(invocation) as project:
        folder = invocation.path_to(Path(os.path.relpath(project.root)))
        added = add_model.add(project, new, shown=folder)
    streams.show(invocation, add_result, added)
    return 0
