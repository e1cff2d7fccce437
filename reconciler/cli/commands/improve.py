"""`improve`: look for a better model by an automatic experiment. Touches nothing that is declared or deployed."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation
from reconciler.core.spec.experiment.declared_experiment import METRICS


@click.command("improve")
@click.argument("model", metavar="MODEL", type=options.NAME)
@options.in_environment("Sandbox that declares MODEL", default="the only one")
@click.option("--trials", metavar="N", type=click.IntRange(1, 2000), help="Number of trials [default: 60].")
@click.option(
    "--metric",
    type=click.Choice(sorted(METRICS)),
    help="Metric that trials are judged by [default: f1_macro, of costs log_loss; mae or pinball of a number].",
)
@options.trial_jobs
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    model: str,
    environment: str | None,
    trials: int | None,
    metric: str | None,
    jobs: int | None,
) -> int:
    """Look for a better MODEL: other estimators, parameters and features, tried on folds of its training rows.

    Asks nothing. What it found goes forward by `experiment adopt improve-MODEL`, a branch to review and merge. The same
    data give the same result on any machine; an interrupted run goes on where it was.
    """
    from reconciler.app.experiment import experiments
    from reconciler.cli.commands.experiment_run import run_and_show
    from reconciler.cli.project import opened

    with opened(invocation, trains=True) as project:
        where = environment or experiments.sandbox_of(project, model)
        experiment = experiments.automatic(project, where, model, trials=trials, metric=metric)
        options_given = "".join(
            f" --{name} {value}"
            for name, value in (("in", environment), ("trials", trials), ("metric", metric))
            if value
        )
        return run_and_show(invocation, project, experiment, jobs, again=f"improve {model}{options_given}")
