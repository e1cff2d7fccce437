"""`init`: write a project with a first model that works, suggested from a table. Asks nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("init")
@click.argument("where", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from-table", "table", metavar="FILE", type=options.FILE, help="CSV or Parquet file to suggest the model from."
)
@click.option("--outcome", metavar="COLUMN", help="Column to predict [default: the most likely one].")
@click.option("--name", type=options.NAME, help="Name of the model [default: the table's name].")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="CI workflows to write [default: those of the git remote; github without a remote].",
)
@options.output
@options.location
@click.pass_obj
def command(
    invocation: Invocation, where: Path, table: Path | None, outcome: str | None, name: str | None, ci: str | None
) -> int:
    """Start a project in DIR with a first model that works.

    Reads the table: its format, its key, the column to predict, the columns to predict it from, and how to evaluate
    the model. Writes manifests whose comments give the reasons, and CI workflows that plan, apply and check for drift.
    Without --from-table, the only table in DIR or DIR/data is used; where there is none, a made-up one is written.
    Existing files are not overwritten.
    """
    from reconciler.app import init_project
    from reconciler.console import progress
    from reconciler.core.forge.detection import ForgeKind
    from reconciler.report.help import init_result

    with closing(progress.for_streams(verbose=invocation.verbose)) as steps:
        started = init_project.begin(
            where, table=table, outcome=outcome, name=name, ci=ForgeKind(ci) if ci else None, progress=steps
        )
    streams.show(invocation, init_result, started)
    return 0
