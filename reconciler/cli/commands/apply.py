"""`apply`: carry out a plan, either a reviewed one or a new one that a person confirms."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("apply")
@options.names
@options.in_environment("The same as ENV")
@click.option("--plan", "file", type=options.FILE, help="Apply this reviewed plan and nothing else.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@options.refresh
@click.option("--on-merge", is_flag=True, help="Apply what merged pull requests were approved for, and report there.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Models to work on at once [default: one per processor, as far as memory suffices for limits.memory each].",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    file: Path | None,
    yes: bool,
    refresh: bool,
    on_merge: bool,
    jobs: int | None,
) -> int:
    """Apply the plan of ENV, or of some of its models.

    Each model is applied as a whole or not at all: until it is finished, its previous release stays deployed. Running
    again is always safe. With --on-merge, for CI after a merge: applies exactly what `plan --comment` showed on the
    pull request, skips and names models that changed since then, and reports the result there.
    """
    from reconciler.cli import confirm, plan_file
    from reconciler.cli.selection import planned

    where, models = planned(invocation, names, environment, "apply")
    if on_merge:
        from reconciler.cli import pull_request

        return pull_request.on_merge(invocation, where, chosen=bool(models or file or refresh))
    reviewed = plan_file.read(file, where, invocation, refresh=refresh) if file is not None else None
    confirm.check_terminal(where, models, needed=reviewed is None and not yes)
    from reconciler.cli.project import opened
    from reconciler.engine.apply import apply
    from reconciler.engine.plan.make_plan import with_journals
    from reconciler.report.plan import apply_result

    with opened(invocation, trains=True, changes=where, removed=(where,)) as project:
        declared = project.environment(where)
        make = partial(with_journals, project.deps, project.desired, declared, models, refresh_anyway=refresh)
        plan, seen = (reviewed, None) if reviewed else make()
        confirmed = reviewed is not None or (not yes and confirm.ask(invocation, plan))
        if not (confirmed or yes):
            return confirm.DECLINED
        deps = project.training_only_in(declared, jobs=jobs)
        applied = apply.apply(deps, project.desired, declared, plan, models=models, confirmed=confirmed, journals=seen)
    streams.show(invocation, apply_result, applied, exit=exit_code(applied.status))
    return exit_code(applied.status)
