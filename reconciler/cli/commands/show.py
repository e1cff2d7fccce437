"""`show`: how good one model of an environment is, and why."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.digest import DigestPrefix


@click.command("show")
@options.names
@options.in_environment("Environment whose model is shown", default="where it is deployed, else trained")
@click.option("--digest", metavar="DIGEST", type=options.DIGEST, help="Show this artifact of the model instead.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, names: tuple[str, ...], environment: str | None, digest: DigestPrefix | None
) -> int:
    """Show how good a model is: the deployed artifact, else the newest build.

    The verdict of the gates first, then the grade with its reason and what to do, every figure with its 95% interval
    beside the naive guess and the goal, classes, worst slices, and the influence of each feature. It is computed on the
    model's holdout where nobody asked before, and kept in the store. The first digits of DIGEST are enough.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import looked_at_one
    from reconciler.engine.evaluation.judge_model import judge
    from reconciler.report.evaluation import judged_model

    where, model = looked_at_one(invocation, names, environment, "show")
    with opened(invocation, predicts=True) as project:
        judged = judge(project.deps, project.desired, project.environment(where), model, digest)
    streams.show(invocation, judged_model, judged, exit=0)
    return 0
