"""`repair`: rebuild a store that was lost, whole or in part, from what remains elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.upkeep.repair import RepairResult


@click.command("repair")
@options.environments
@options.in_environment("The same as ENV")
@click.option(
    "--from",
    "sources",
    metavar="SOURCE",
    multiple=True,
    help="mirror, target, another environment, or the folder of a backup; repeatable [default: all that are declared].",
)
@click.option("--reason", metavar="TEXT", type=options.REASON, help="Where something is lost: how, as it is recorded.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    environments: tuple[str, ...],
    environment: str | None,
    sources: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Rebuild ENV's store from what remains elsewhere, and say what of it is proven, and what is lost.

    Journals come back entry by entry where their chain leads to something that names them: a tag of git, what is
    served, a signature, a pin. What contradicts that is refused. Nothing that is whole is replaced, and what is served
    stays. Where entries are lost, that is recorded, and the journal goes on from there.
    """
    from reconciler.app.upkeep.repair_sources import repair_sources
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.exit_codes import exit_code
    from reconciler.cli.project import opened
    from reconciler.cli.selection import whole_environment
    from reconciler.engine.upkeep.repair import observe_repair, repair
    from reconciler.report.upkeep import repair_result

    where = whole_environment(invocation, environments, environment, "repair")
    with opened(invocation, **({} if dry_run else {"changes": where})) as project:
        declared = project.environment(where)
        given = repair_sources(project, declared, sources)
        result = observe_repair(project.deps, project.desired, declared, given).result
        if not dry_run and result.changes:
            _check_reason(result, reason)
            if not (yes or _agreed(invocation, result)):
                return DECLINED
            result = repair(
                project.deps, project.desired, declared, given, shown=result.id, reason=reason or "repaired"
            )
    code = exit_code(result.status)
    streams.show(invocation, repair_result, result, exit=code)
    return code


def _check_reason(result: RepairResult, reason: str | None) -> None:
    """Raise UsageError E802 where something is lost for good, and nobody says how."""
    if result.loses and reason is None:
        raise UsageError(
            f"not everything of {result.environment} comes back, which is recorded with a reason",
            hint=f"reconciler repair {result.environment} --dry-run shows what is lost; "
            f"then: reconciler repair {result.environment} --reason 'how it was lost'",
            code="E802",
        )


def _agreed(invocation: Invocation, result: RepairResult) -> bool:
    """Show what is to be done, and return whether a person agrees. Raises UsageError E802 where nobody can answer."""
    from reconciler.report.layout.blocks import Detail
    from reconciler.report.layout.render_text import to_text
    from reconciler.report.upkeep import repair_result

    if not streams.can_ask(os.environ):
        raise UsageError(
            "repair asks a person, and there is no terminal to ask on",
            hint=f"read `reconciler repair {result.environment} --dry-run`, and then add --yes",
            code="E802",
        )
    streams.say(to_text(repair_result.blocks(result, Detail.SCREEN), streams.question_style(invocation)))
    answered = click.confirm(f"Repair the store of {result.environment}?", err=True, default=False)
    if not answered:
        streams.say("nothing was changed")
    return answered
