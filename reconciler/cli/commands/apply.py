"""`apply`: carry out a plan, either a reviewed one or a new one that a person confirms."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.app.planning.git_state import GitState
    from reconciler.app.planning.idle_apply import IdleApply
    from reconciler.core.plan.apply_result import ApplyResult
    from reconciler.core.plan.plan import Plan


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
    from reconciler.app.planning import git_state
    from reconciler.app.planning.idle_apply import idle_apply
    from reconciler.cli.project import options_of
    from reconciler.report.plan import apply_result

    reviewed = plan_file.read(file, where, invocation, refresh=refresh) if file is not None else None
    confirm.check_terminal(where, models, needed=reviewed is None and not yes)
    project = options_of(invocation)
    head = git_state.read_at_head(project, where)
    idle = idle_apply(project, head) if reviewed is None and not (models or refresh) else None
    applied = _unchanged(invocation, idle, yes=yes) if idle is not None else None
    if applied is None:
        applied = _apply(invocation, where, models, reviewed, head, idle, yes=yes, refresh=refresh, jobs=jobs)
    if applied is None:
        return confirm.DECLINED
    streams.show(invocation, apply_result, applied, exit=exit_code(applied.status))
    return exit_code(applied.status)


def _unchanged(invocation: Invocation, idle: IdleApply, *, yes: bool) -> ApplyResult | None:
    """Return the result where nothing changed since an apply that had nothing to do; else None."""
    from reconciler.cli import confirm

    unchanged = idle.result()
    if unchanged is None:
        return None
    plan, applied = unchanged
    if not yes:
        confirm.tell_unchanged(invocation, plan)
    return applied


def _apply(
    invocation: Invocation,
    environment: str,
    models: tuple[str, ...],
    reviewed: Plan | None,
    head: GitState | None,
    idle: IdleApply | None,
    *,
    yes: bool,
    refresh: bool,
    jobs: int | None,
) -> ApplyResult | None:
    """Read everything and apply the reviewed plan, or the one that is made; None where a person declines."""
    from reconciler.cli import confirm
    from reconciler.cli.project import opened
    from reconciler.engine.apply import apply
    from reconciler.engine.plan.make_plan import ignore, with_journals

    files = idle.fingerprints if idle is not None else None
    about = files.about if files is not None else ignore
    more = {"removed": (environment,), "fingerprints": files, "head": head}
    with opened(invocation, trains=True, changes=environment, **more) as project:
        declared, desired = project.environment(environment), project.desired
        make = partial(with_journals, project.deps, desired, declared, models, refresh_anyway=refresh, about=about)
        plan, seen = (reviewed, None) if reviewed else make()
        confirmed = reviewed is not None or (not yes and confirm.ask(invocation, plan))
        if not (confirmed or yes):
            return None
        deps = project.training_only_in(declared, jobs=jobs)
        applied = apply.apply(deps, desired, declared, plan, models=models, confirmed=confirmed, journals=seen)
        if idle is not None and seen is not None:
            idle.remember(project, plan, seen, applied)
        return applied
