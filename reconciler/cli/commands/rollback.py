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
@click.option("--now", is_flag=True, help="Deploy it at once, hold it, and propose the same to git.")
@click.option("--reason", metavar="TEXT", type=options.REASON, help="Reason for --now, recorded in the journal.")
@options.opens
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, model: str, environment: str, to: int | None, now: bool, reason: str | None, opens: bool
) -> int:
    """Propose to return ENV to an artifact of MODEL that it deployed before.

    Nothing is trained, and no gate compares the artifact again: it was deployed there. With --now it is deployed before
    git says so, and no apply replaces it until git does. With --open the branch is pushed and opened as a pull request,
    as `promote --open` does.
    """
    if reason is not None and not now:
        raise click.UsageError("--reason is for --now")
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
