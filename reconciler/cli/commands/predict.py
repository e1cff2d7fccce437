"""`predict`: predict open records with what an environment serves. Writes what is asked for and the prediction log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.types.files import STREAM
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("predict")
@options.names
@options.in_environment("Environment whose deployed model predicts")
@click.option(
    "--out",
    type=options.PREDICTIONS_OUT,
    help="File to write, in the form of its ending: .csv, .parquet, .json or .jsonl; - is CSV to standard output.",
)
@click.option(
    "--input",
    "inputs",
    metavar="TABLE=FILE",
    type=options.TABLE_INPUT,
    multiple=True,
    help="Read TABLE from FILE instead of its declared file.",
)
@click.option(
    "--with", "beside", metavar="COLUMN", multiple=True, help="Column of the data to copy beside the prediction."
)
@click.option(
    "--top",
    metavar="N",
    type=click.IntRange(0, 50),
    default=0,
    show_default=True,
    help="Tell, for each record, the N features that moved its prediction most.",
)
@click.option(
    "--by", metavar="COLUMN", help="Column to sum up by: what is expected of each group, and its outcomes so far."
)
@click.option("--amount", metavar="COLUMN", help="Column with the amount of each record, expected by group.")
@click.option(
    "--unknown",
    is_flag=True,
    help="Add a column that names, for each record, the columns that are unknown to the model.",
)
@click.option(
    "--to-table",
    "table",
    metavar="NAME",
    help="Write into this table too, which `spec.predictions` of ENV declares.",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    out: Path | None,
    inputs: tuple[tuple[str, Path], ...],
    beside: tuple[str, ...],
    top: int,
    by: str | None,
    amount: str | None,
    unknown: bool,
    table: str | None,
) -> int:
    """Predict the records whose outcome is not known yet, with the model that ENV serves.

    `data.predict.where` of the model's recipe selects these open records. Writes one row per record: its key, the
    predicted class, its probability and that of each class, and whether the prediction is uncertain (under 50%).

    --top adds, for each of the N strongest features, its name, the record's value and its effect: by how much it moved
    the prediction away from that of the training rows.

    Tells how many records have values that the model does not know: a category never trained, a number outside the
    trained range, or none where every trained row had one. `policy.predict.unknownAtMost` of ENV limits their share.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import one_model, selected
    from reconciler.core.prediction.prediction_columns import PredictionOptions
    from reconciler.engine.prediction import predict
    from reconciler.errors import UsageError
    from reconciler.report.inspect import predict as reporter

    where, models = selected(invocation, names, environment)
    model = one_model(models, where, "predict", " --out FILE")
    if out is None and table is None:
        raise UsageError("predictions need a place", hint="name a file, --out FILE, or --to-table NAME", code="E801")
    is_stream = out == STREAM
    with opened(invocation, predicts=True) as project:
        file = project.deps.scratch / "predictions.csv" if is_stream else out
        predicted = predict.predict(
            project.deps,
            project.desired,
            project.environment(where),
            model=model,
            out=file,
            inputs=inputs,
            options=PredictionOptions(by=by, amount=amount, unknown=unknown, top=top, beside=beside),
            alone=is_stream,
            table=table,
        )
        if is_stream and file is not None:
            streams.put_file(file)
            predicted = replace(predicted, out="-")
    streams.show(invocation, reporter, predicted, aside=is_stream)
    return 0
