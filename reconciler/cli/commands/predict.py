"""`predict`: score open records with what an environment serves. Writes its files and the prediction log."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("predict")
@options.model
@options.in_environment("Environment whose deployed model predicts.")
@click.option("--out", type=options.OUT_FILE, required=True, help="The CSV to write.")
@click.option(
    "--input", "inputs", metavar="TABLE=FILE", type=options.TABLE_INPUT, multiple=True, help="Read a table from here."
)
@click.option("--by", metavar="COLUMN", help="Sum expected amounts by this column.")
@click.option("--amount", metavar="COLUMN", help="The column with each record's amount.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    model: str,
    environment: str,
    out: Path,
    inputs: tuple[tuple[str, Path], ...],
    by: str | None,
    amount: str | None,
) -> int:
    """Write one row per open record: each class and its probability, the predicted one, and whether it is uncertain."""
    from reconciler.cli.project import opened
    from reconciler.engine.inspect import predict
    from reconciler.report.inspect import predict as reporter

    with opened(invocation) as project:
        here = project.environment(environment)
        made = predict.predict(
            project.deps, project.desired, here, model=model, out=out, inputs=inputs, by=by, amount=amount
        )
    streams.show(invocation, reporter, made)
    return 0
