"""`adopt`: propose to keep what somebody deployed by hand. Commits to a new branch; deploys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult, ProposalSet


@click.command("adopt")
@options.names
@options.in_environment("Environment of the model")
@options.opens
@options.shared
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], environment: str | None, opens: bool) -> int:
    """Propose to keep an artifact of MODEL that somebody deployed to ENV by hand: pin it in git.

    Several models make one branch and one request: all of them, or none where one cannot be adopted.

    Commits the manifest and the model card of that artifact to a branch adopt/ENV/MODEL/DIGEST. The artifact must be
    undamaged and built for MODEL, and must have passed the gates of ENV or been deployed there before. `apply` reverts
    every other manual change.
    """
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.cli.selection import selected, some_models
    from reconciler.engine.promotion.adopt import adopt
    from reconciler.report.promotion import model_card

    where, models = selected(invocation, names, environment)
    asked = some_models(models, where, "adopt")

    def write(proposing: Proposing) -> ProposalResult | ProposalSet:
        return adopt(
            proposing.project.deps,
            proposing.project.checkout,
            proposing.proposer,
            models=asked,
            environment=proposing.environment,
            render=model_card.markdown,
            route=proposing.route(),
        )

    return propose(invocation, where, write, opens=opens)
