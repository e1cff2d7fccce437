"""`controls`: show what judges an environment's deployments, and accept it where a person has to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.app.wiring import OpenProject
    from reconciler.core.artifact.loss import SandboxLoss
    from reconciler.core.digest import Digest
    from reconciler.core.spec.environment import Environment
    from reconciler.errors import IntegrityError
    from reconciler.report.layout.blocks import Block


@click.command("controls")
@click.argument("action", metavar="show|accept", type=click.Choice(("show", "accept")))
@options.environments
@options.in_environment("The same as ENV")
@click.option("--reason", metavar="TEXT", type=options.REASON, help="With accept: the reason, recorded in the log.")
@click.option("--id", "shown", metavar="ID", help="With accept: the id that `show` prints, instead of an answer.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    action: str,
    environments: tuple[str, ...],
    environment: str | None,
    reason: str | None,
    shown: str | None,
) -> int:
    """Show the controls in force in ENV, or accept those that git declares.

    A deployment is judged by the controls in force: those that apply recorded, not those that the same change brings.
    Stricter ones come into force with the next apply. Looser ones do with an apply of the newest commit of the
    protected branch, where the owners or approvers in force agreed to the change. `accept` needs no such agreement: it
    is for an environment, store or target that was moved or renamed, and for a project without a forge. It asks, and
    the answer is recorded with who and why.

    Where a store is lost and there is no backup, `accept` gives up what it held: that of a sandbox, too.
    """
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.project import opened
    from reconciler.cli.selection import whole_environment
    from reconciler.engine.apply.accept_controls import accept_controls, observe_sandbox_loss, observe_store_loss
    from reconciler.engine.controls.controls_state import controls_status, offered
    from reconciler.report.controls import controls_status as report
    from reconciler.report.layout.blocks import Detail

    where = whole_environment(invocation, environments, environment, f"controls {action}")
    _check_reason(where, action, reason)
    with opened(invocation, changes=where if action == "accept" else None) as project:
        deps, declared = project.deps, project.environment(where)
        loss = observe_sandbox_loss(deps, project.desired, declared) if declared.trains else None
        if loss is not None:
            return _lost(invocation, project, declared, loss, reason if action == "accept" else None, shown)
        desired, declared = offered(deps, project.desired, declared, project.checkout.expressions)
        status = controls_status(deps, desired, declared)
        if action == "show" or reason is None:
            streams.show(invocation, report, status)
            return _gone(invocation, observe_store_loss(deps, project.desired, declared))
        question = f"Put these controls of {where} in force?"
        if not _agreed(invocation, where, report.blocks(status, Detail.SCREEN), question, status.digest, shown):
            return DECLINED
        streams.show(invocation, report, accept_controls(deps, desired, declared, reason))
    return 0


def _check_reason(environment: str, action: str, reason: str | None) -> None:
    """Raise UsageError E802 where something is to be accepted without a reason."""
    if action == "accept" and reason is None:
        raise UsageError(
            "accept needs a reason, which is recorded",
            hint=f"reconciler controls accept {environment} --reason 'why they are right'",
            code="E802",
        )


def _gone(invocation: Invocation, loss: IntegrityError | None) -> int:
    """Say that the store which holds the controls is lost, as every reader does, and return the exit code."""
    if loss is None:
        return 0
    from reconciler.cli.exit_codes import exit_code_of
    from reconciler.report.help import problems
    from reconciler.report.layout.blocks import Detail
    from reconciler.report.layout.render_text import to_text

    streams.say(to_text(problems.error_blocks(loss, Detail.SCREEN), streams.message_style(invocation)))
    return exit_code_of(loss)


def _lost(
    invocation: Invocation,
    project: OpenProject,
    environment: Environment,
    loss: SandboxLoss,
    reason: str | None,
    shown: str | None,
) -> int:
    """Show what a sandbox's store lost; with a reason, give it up where a person agrees."""
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.exit_codes import exit_code
    from reconciler.core.status_codes import ResultStatus
    from reconciler.engine.apply.accept_controls import accept_loss
    from reconciler.report.controls import sandbox_loss as report
    from reconciler.report.layout.blocks import Detail

    if reason is not None:
        question = f"Give up what the store of {environment.name} lost?"
        if not _agreed(invocation, environment.name, report.blocks(loss, Detail.SCREEN), question, loss.digest, shown):
            return DECLINED
        loss = accept_loss(project.deps, project.desired, environment, loss, reason)
    streams.show(invocation, report, loss)
    return exit_code(ResultStatus.DAMAGED) if reason is None else 0


def _agreed(
    invocation: Invocation,
    environment: str,
    blocks: Iterable[Block],
    question: str,
    digest: Digest,
    given: str | None,
) -> bool:
    """Return whether a person accepts what `blocks` show: by an answer, or by the id that names it.

    Raises UsageError E802 where the id is another's, or nobody can answer.
    """
    from reconciler.report.layout.render_text import to_text

    if given is not None:
        _check_shown(environment, digest, given)
        return True
    if not streams.can_ask(os.environ):
        raise UsageError(
            "accept asks a person, and there is no terminal to ask on",
            hint=f"read `reconciler controls show {environment}` and give the id that it prints with --id",
            code="E802",
        )
    streams.say(to_text(blocks, streams.question_style(invocation)))
    answered = click.confirm(question, err=True, default=False)
    if not answered:
        streams.say("nothing was changed")
    return answered


def _check_shown(environment: str, digest: Digest, given: str) -> None:
    """Raise UsageError E802 where `given` is not the id that was shown."""
    from reconciler.core.digest import SHORTEST, hex_of

    if len(given.removeprefix("sha256:")) >= SHORTEST and hex_of(digest).startswith(given.removeprefix("sha256:")):
        return
    raise UsageError(
        f"--id {given or '(empty)'} is not the id of what is there now",
        hint=f"read `reconciler controls show {environment}`, which prints the id",
        code="E802",
    )
