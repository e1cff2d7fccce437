"""`evaluate`: how good a model is on rows as they stand now. Records nothing."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.digest import DigestPrefix


@click.command("evaluate")
@options.names
@options.in_environment("Environment whose model and tables are taken")
@click.option(
    "--data",
    "inputs",
    metavar="TABLE=FILE",
    type=options.TABLE_INPUT,
    multiple=True,
    help="Read TABLE from FILE instead of its declared file.",
)
@click.option("--digest", metavar="DIGEST", type=options.DIGEST, help="Evaluate this artifact of the model instead.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    inputs: tuple[tuple[str, Path], ...],
    digest: DigestPrefix | None,
) -> int:
    """Evaluate a model on the rows that ENV has now, or on those of given files.

    Rows count whose outcome is known by now, and which the model was not trained on. It prints what `show` does; `show`
    looks at the model's own holdout. Writes nothing.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import one_model, selected
    from reconciler.engine.evaluation.other_rows import judge_on_other_rows
    from reconciler.report.evaluation import judged_model

    where, models = selected(invocation, names, environment)
    model = one_model(models, where, "evaluate")
    with opened(invocation, predicts=True) as project:
        judged = judge_on_other_rows(project.deps, project.desired, project.environment(where), model, inputs, digest)
    streams.show(invocation, judged_model, judged, exit=0)
    return 0
