"""`rollback`: propose to return to an earlier artifact. Commits to a new branch; deploys only with --now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult


@click.command("rollback")
@options.model
@options.in_environment("Environment of the model.")
@click.option(
    "--to",
    metavar="N",
    type=click.IntRange(min=0),
    help="Journal entry whose artifact to deploy [default: the previous one].",
)
@click.option(
    "--now", is_flag=True, help="Deploy at once, keep the artifact there, and propose the same change to git."
)
@click.option("--reason", metavar="TEXT", type=options.REASON, help="Reason for --now, recorded in the journal.")
@options.opens
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, model: str, environment: str, to: int | None, now: bool, reason: str | None, opens: bool
) -> int:
    """Propose to return ENV to an artifact of MODEL that it deployed before.

    Nothing is trained and no gate is evaluated again. Without --now, nothing is deployed until the branch is merged and
    applied. With --now, the artifact is deployed at once, and `apply` does not replace it by the artifact that git pins
    today. With --open, the branch is pushed and a pull request is opened, as `promote --open` does.
    """
    if reason is not None and not now:
        raise click.UsageError("--reason needs --now: a proposal gives its reason in the pull request")
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.engine.promotion import rollback_now
    from reconciler.engine.promotion.propose import rollback

    def write(proposing: Proposing) -> ProposalResult:
        if now:
            route = proposing.find_route if opens else None
            act = partial(rollback_now.now, reason=reason or "no reason given", route=route)
        else:
            act = partial(rollback, route=proposing.route())
        project, place = proposing.project, proposing.environment
        return act(project.deps, project.checkout, proposing.proposer, model=model, environment=place, to=to)

    return propose(invocation, environment, write, opens=opens, changes=environment if now else None)
