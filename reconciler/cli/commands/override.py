"""`override`: propose that one control does not stop the pinned artifact. Commits to a new branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation
from reconciler.core.spec.policy import Control

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult, ProposalSet


@click.command("override")
@options.names
@options.in_environment("Environment of the model")
@click.option(
    "--control", type=click.Choice([control.value for control in Control]), required=True, help="Control to override."
)
@click.option(
    "--reason",
    metavar="TEXT",
    type=options.REASON,
    required=True,
    help="Reason, shown wherever the override takes effect.",
)
@options.opens
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, names: tuple[str, ...], environment: str | None, control: str, reason: str, opens: bool
) -> int:
    """Propose an exception from one control of ENV for the pinned artifact of MODEL, or of several.

    The controls: freeze (a time window without deployments), approvals (required reviews), hold (a model that stays as
    it is) and gates (a gate that the promotion itself weakens; a failed gate still blocks).

    Commits the override, in the environment's file, to a branch override/ENV/MODEL/CONTROL/DIGEST. If the environment
    has policy owners, the override takes effect once one of them has approved that change.
    """
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.cli.selection import selected, some_models
    from reconciler.engine.promotion.override import override

    where, models = selected(invocation, names, environment)
    asked = some_models(models, where, "override", f" --control {control} --reason TEXT")

    def write(proposing: Proposing) -> ProposalResult | ProposalSet:
        return override(
            proposing.project.checkout,
            proposing.proposer,
            models=asked,
            environment=proposing.environment,
            control=Control(control),
            reason=reason,
            now=proposing.project.deps.clock(),
            route=proposing.route(),
        )

    return propose(invocation, where, write, opens=opens)
