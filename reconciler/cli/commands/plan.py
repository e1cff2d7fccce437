"""`plan`: show what `apply` would do, and why. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat


def _check_alone(request: int | None, read: Path | None) -> None:
    """Raise UsageError for options that only --comment has a use for."""
    if request is not None or read is not None:
        raise click.UsageError("--request and --read need --comment")


def _print_document(invocation: Invocation, environment: str, *, check: bool) -> int | None:
    """Print the plan of many models as JSON, one after the other, and return the exit code; None where it has to be
    made as a whole."""
    from reconciler.app.planning import git_state
    from reconciler.cli.project import options_of

    options = options_of(invocation)
    head = git_state.read_at_head(options, environment)
    if head is None or not git_state.has_many(head):
        return None
    from reconciler.app.planning.plan_document import plan_document
    from reconciler.cli import plan_file

    with plan_document(options, head) as document:
        pending = exit_code(plan_file.pending(document.plan))
        streams.show_document(replace(document.plan, models=()), document.models, exit=pending)
        return pending if check else exit_code(plan_file.readable(document.plan))


@click.command("plan")
@options.names
@options.in_environment("The same as ENV")
@click.option(
    "--check", is_flag=True, help="Exit 3 when changes or drift are found, 4 when a gate or control blocks one."
)
@options.refresh
@click.option("--out", type=options.OUT_FILE, help="Write the plan to a file for `apply --plan`.")
@click.option(
    "--comment", is_flag=True, help="Plan as if a pull request were merged, and post the plan there as one comment."
)
@click.option(
    "--request",
    metavar="N",
    type=click.IntRange(min=1),
    help="Number of the pull request [default: the one that the CI job runs for].",
)
@click.option(
    "--read",
    type=options.FILE,
    help="With --comment: refuse unless the plan that another job wrote to this file is the one made here.",
)
@click.option("--markdown", is_flag=True, help="The same as --output markdown.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    check: bool,
    refresh: bool,
    out: Path | None,
    comment: bool,
    request: int | None,
    read: Path | None,
    markdown: bool,
) -> int:
    """Show what `apply` would do to each model of ENV, or to some of its models, and why. Changes nothing.

    With --comment, ENV is planned as if the pull request were merged, and the plan is posted there as one comment, with
    a commit status that carries the plan's digest: `apply --on-merge` carries out exactly that plan. With --comment and
    --out, the plan is only written to a file, to be read by people. A job that may comment makes the plan itself.
    """
    from reconciler.app.planning.plan_cache import PlanCache
    from reconciler.cli.project import options_of
    from reconciler.cli.selection import planned
    from reconciler.core.plan.plan_summary import PlanExcerpt, UnchangedPlan
    from reconciler.report.plan import in_sync

    where, models = planned(invocation, names, environment, "plan")
    if comment:
        from reconciler.cli import pull_request

        part = bool(models or check or refresh)
        return pull_request.comment(invocation, where, request, part=part, out=out, read=read)
    _check_alone(request, read)
    invocation.form = OutputFormat.MARKDOWN if markdown else invocation.form
    if invocation.form is OutputFormat.JSON and out is None and not (models or refresh):
        code = _print_document(invocation, where, check=check)
        if code is not None:
            return code
    whole = out is not None or not invocation.is_text
    plan = PlanCache(options_of(invocation)).plan(where, models, whole=whole, refresh_anyway=refresh)
    if isinstance(plan, UnchangedPlan):
        streams.show(invocation, in_sync, plan)
        return 0
    from reconciler.cli import plan_file
    from reconciler.report.plan import plan_report

    full = plan.plan if isinstance(plan, PlanExcerpt) else plan
    plan_file.write(full, out)
    streams.show(invocation, plan_report, plan, exit=exit_code(plan_file.pending(full)))
    return exit_code(plan_file.pending(full) if check else plan_file.readable(full))
