"""`data drift`: compare the records to predict today with what the deployed model was trained on."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("drift")
@options.names
@options.in_environment("Environment whose deployed model and tables are compared")
@click.option(
    "--input",
    "inputs",
    metavar="TABLE=FILE",
    type=options.TABLE_INPUT,
    multiple=True,
    help="Read TABLE from FILE instead of its declared file.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("some", "strong")),
    help="Exit with 3 where any feature, or the predicted outcome, drifted as much or more.",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    inputs: tuple[tuple[str, Path], ...],
    fail_on: str | None,
) -> int:
    """Compare the records that ENV has to predict today with the rows that its deployed model was trained on.

    `data.predict.where` of the model's recipe selects the records. For each feature, and for the predicted outcome, it
    tells the size of the change and its 95% interval: psi (population stability index) for numbers, tv (total
    variation) for categories. The verdict (none, some, strong) does not depend on the number of records; with too few
    of them it says so. Writes nothing.
    """
    from reconciler.cli.exit_codes import exit_code
    from reconciler.cli.project import opened
    from reconciler.cli.selection import one_model, selected
    from reconciler.core.quality.drift import DriftVerdict
    from reconciler.core.status_codes import ResultStatus
    from reconciler.engine.prediction.data_drift import data_drift
    from reconciler.report.quality import data_drift as report

    where, models = selected(invocation, names, environment)
    model = one_model(models, where, "data drift")
    with opened(invocation, predicts=True) as project:
        drift = data_drift(project.deps, project.desired, project.environment(where), model, inputs)
    streams.show(invocation, report, drift)
    failed = fail_on is not None and drift.is_at_least(DriftVerdict(fail_on))
    return exit_code(ResultStatus.PENDING) if failed else 0
