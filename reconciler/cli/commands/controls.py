"""`controls`: show what judges an environment's deployments, and accept it where a person has to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.controls.controls_status import ControlsStatus


@click.command("controls")
@click.argument("action", metavar="show|accept", type=click.Choice(("show", "accept")))
@options.environment
@click.option("--reason", metavar="TEXT", type=options.REASON, help="With accept: the reason, recorded in the log.")
@click.option("--id", "shown", metavar="ID", help="With accept: the id that `show` prints, instead of an answer.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, action: str, environment: str, reason: str | None, shown: str | None) -> int:
    """Show the controls in force in ENV, or accept those that git declares.

    A deployment is judged by the controls in force: those that apply recorded, not those that the same change brings.
    Stricter ones come into force with the next apply. Looser ones do with an apply of the newest commit of the
    protected branch, where the owners or approvers in force agreed to the change. `accept` needs no such agreement: it
    is for an environment, store or target that was moved or renamed, and for a project without a forge. It asks, and
    the answer is recorded with who and why.
    """
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.project import opened
    from reconciler.engine.apply.accept_controls import accept_controls
    from reconciler.engine.controls.controls_state import check_shown, controls_status, offered
    from reconciler.report.controls import controls_status as report

    if action == "accept" and reason is None:
        raise UsageError(
            "accept needs a reason, which is recorded",
            hint=f"reconciler controls accept {environment} --reason 'why they are right'",
            code="E802",
        )
    with opened(invocation, changes=environment if action == "accept" else None) as project:
        deps, declared = project.deps, project.environment(environment)
        desired, declared = offered(deps, project.desired, declared, project.checkout.expressions)
        status = controls_status(deps, desired, declared)
        if action == "show" or reason is None:
            streams.show(invocation, report, status)
            return 0
        if shown is not None:
            check_shown(status, shown)
        elif not _confirmed(status):
            return DECLINED
        streams.show(invocation, report, accept_controls(deps, desired, declared, reason))
    return 0


def _confirmed(status: ControlsStatus) -> bool:
    """Show the controls, and return whether a person accepts them. Raises UsageError E802 where nobody can answer."""
    from reconciler.report.controls import controls_status as report
    from reconciler.report.layout.blocks import Detail
    from reconciler.report.layout.render_text import to_text

    if not streams.can_ask(os.environ):
        raise UsageError(
            "accept asks a person, and there is no terminal to ask on",
            hint=f"read `reconciler controls show {status.environment}` and give the id that it prints with --id",
            code="E802",
        )
    streams.say(to_text(report.blocks(status, Detail.SCREEN), streams.style_of(sys.stderr)))
    answered = click.confirm(f"Put these controls of {status.environment} in force?", err=True, default=False)
    if not answered:
        streams.say("nothing was changed")
    return answered
