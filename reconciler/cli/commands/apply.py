"""`apply`: carry out a plan: the one that was reviewed, or the one of this moment after a person's yes."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("apply")
@options.environment
@options.models
@click.option("--plan", "file", type=options.FILE, help="Apply this reviewed plan, and nothing else.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--on-merge", is_flag=True, help="Carry out what merged pull requests were approved for, and report there."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Work on N models at once [default: the processors here, or fewer if memory is short of limits.memory each].",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    environment: str,
    models: tuple[str, ...],
    file: Path | None,
    yes: bool,
    on_merge: bool,
    jobs: int | None,
) -> int:
    """Carry out the plan of ENV, or of some of its models.

    Each model is atomic: what is not finished still serves what it served. Running again is always safe. With
    --on-merge, for CI after a merge: exactly what `plan --comment` showed on the request; what has moved since is left
    alone and named, and the result is told on the request.
    """
    if on_merge:
        from reconciler.cli import pull_request

        return pull_request.on_merge(invocation, environment, chosen=bool(models or file))
    from reconciler.cli import confirm, plan_file

    reviewed = plan_file.read(file, environment, invocation) if file is not None else None
    if reviewed is None and not yes:
        confirm.possible()
    from reconciler.cli.project import opened
    from reconciler.engine.apply import apply
    from reconciler.engine.plan.make_plan import make_plan
    from reconciler.report.plan import apply_result

    with opened(invocation, trains=True, changes=environment) as project:
        here = project.environment(environment)
        plan = reviewed or make_plan(project.deps, project.desired, here, models)
        confirmed = reviewed is not None or (not yes and confirm.given(plan))
        if not (confirmed or yes):
            return confirm.DECLINED
        deps = project.training_only_in(here, jobs=jobs)
        applied = apply.apply(deps, project.desired, here, plan, models=models, confirmed=confirmed)
    streams.show(invocation, apply_result, applied, exit=exit_code(applied.status))
    return exit_code(applied.status)
