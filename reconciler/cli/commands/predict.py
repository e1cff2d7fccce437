"""`predict`: predict open records with what an environment serves. Writes a file and the prediction log."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("predict")
@options.names
@options.in_environment("Environment whose deployed model predicts")
@click.option("--out", type=options.OUT_FILE, required=True, help="CSV file to write.")
@click.option(
    "--input",
    "inputs",
    metavar="TABLE=FILE",
    type=options.TABLE_INPUT,
    multiple=True,
    help="Read TABLE from FILE instead of its declared file.",
)
@click.option("--by", metavar="COLUMN", help="Column to sum expected amounts by.")
@click.option("--amount", metavar="COLUMN", help="Column with the amount of each record.")
@click.option(
    "--unknown",
    is_flag=True,
    help="Add a column that names, for each record, the columns that are unknown to the model.",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    out: Path,
    inputs: tuple[tuple[str, Path], ...],
    by: str | None,
    amount: str | None,
    unknown: bool,
) -> int:
    """Predict the records whose outcome is not known yet, with the model that ENV serves.

    `data.predict.where` of the model's recipe selects these open records. Writes one row per record: the predicted
    class, its probability and that of each class, and whether the prediction is uncertain (under 50%).

    Tells how many records have values that the model does not know: a category never trained, a number outside the
    trained range, or none where every trained row had one. `policy.predict.unknownAtMost` of ENV limits their share.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import one_model, selected
    from reconciler.engine.prediction import predict
    from reconciler.report.inspect import predict as reporter

    where, models = selected(invocation, names, environment)
    model = one_model(models, where, "predict", " --out FILE")
    with opened(invocation, predicts=True) as project:
        declared = project.environment(where)
        predicted = predict.predict(
            project.deps,
            project.desired,
            declared,
            model=model,
            out=out,
            inputs=inputs,
            by=by,
            amount=amount,
            unknown=unknown,
        )
    streams.show(invocation, reporter, predicted)
    return 0
