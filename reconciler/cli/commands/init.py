"""`init`: write a project with a first model that works, suggested from a table. Asks nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.table_options import estimator_option, reading_of, table_options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("init")
@click.argument("where", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@table_options
@estimator_option
@click.option("--name", type=options.NAME, help="Name of the model [default: the table's name].")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="CI workflows to write [default: those of the git remote; github without a remote].",
)
@click.option(
    "--install",
    metavar="index|WHEEL|git+URL@COMMIT",
    help="Where CI installs this program from [default: as it was installed here].",
)
@click.option("--pages", is_flag=True, help="Let CI publish the site of every environment, by GitHub or GitLab Pages.")
@options.output
@options.location
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    where: Path | None,
    table: Path | None,
    outcome: str | None,
    name: str | None,
    ci: str | None,
    install: str | None,
    pages: bool,
    estimator: str | None,
    **said: Any,
) -> int:
    """Start a project in DIR, or in the current folder, with a first model that works.

    Reads the table: its format, its key, the column to predict, the columns to predict it from, and how to evaluate
    the model. Writes manifests whose comments give the reasons, and CI workflows that plan, apply and check for drift.
    How the table is read is told by looking; --encoding, --skip and the others say it instead, as a table's fields do.
    A column that can be read in two ways is asked about: --nulls, --dates, --decimal and --type answer.
    The estimator is chosen by trying a few on folds of the training rows, and never on those held out; --estimator NAME
    takes one without trying, --estimator default the one by the table's size.
    Without --from-table, the only table in DIR or DIR/data is used; where there is none, a made-up one is written.
    Existing files are not overwritten. `reconciler add` adds further models to the project.
    """
    from reconciler.app.onboarding import init_project
    from reconciler.console import progress
    from reconciler.core.forge.detection import ForgeKind
    from reconciler.report.help import init_result

    with closing(progress.for_streams(verbose=invocation.verbose)) as steps:
        started = init_project.begin(
            where,
            table=table,
            outcome=outcome,
            name=name,
            ci=ForgeKind(ci) if ci else None,
            install=install,
            pages=pages,
            reading=reading_of(**said),
            estimator=estimator,
            shown=invocation.path_to(where or Path()),
            progress=steps,
        )
    streams.show(invocation, init_result, started)
    return 0
