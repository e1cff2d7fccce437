"""`init`: a project with a first model that works, from a look at a table. Asks nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("init")
@click.argument("where", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--from-table", "table", metavar="FILE", type=options.FILE, help="A CSV or Parquet file to look at.")
@click.option("--outcome", metavar="COLUMN", help="What to predict [default: what looks like it].")
@click.option("--name", type=options.NAME, help="The model's name [default: the table's].")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="Workflows for which forge [default: the remote's; github where there is none].",
)
@options.output
@options.place
@click.pass_obj
def command(
    invocation: Invocation, where: Path, table: Path | None, outcome: str | None, name: str | None, ci: str | None
) -> int:
    """Start a project in DIR with a first model that works.

    Looks at the table: how it is written, its key, what could be predicted and from what, and how to judge it. Writes
    manifests whose comments say why, and workflows that plan, apply and look for drift in CI. Without --from-table,
    the one table in DIR or DIR/data is taken; where there is none, a made-up one is written to begin with. Nothing
    that is there is overwritten.
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
