"""`adopt`: propose to keep what somebody deployed by hand. Commits to a new branch; deploys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult


@click.command("adopt")
@options.model
@options.in_environment("Environment of the model.")
@options.opens
@options.shared
@click.pass_obj
def command(invocation: Invocation, model: str, environment: str, opens: bool) -> int:
    """Propose to pin in git the artifact that ENV serves for MODEL since somebody changed it by hand.

    Commits the manifest and the card of that artifact to a branch adopt/ENV/MODEL/DIGEST. Only an undamaged artifact is
    adopted that was built for MODEL and passed the gates of ENV, or was deployed there before; `apply` reverts all
    other changes by hand.
    """
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.engine.promotion.adopt import adopt
    from reconciler.report.promotion import model_card

    def write(proposing: Proposing) -> ProposalResult:
        return adopt(
            proposing.project.deps,
            proposing.project.checkout,
            proposing.proposer,
            model=model,
            environment=proposing.environment,
            render=model_card.markdown,
            route=proposing.route(),
        )

    return propose(invocation, environment, write, opens=opens)
