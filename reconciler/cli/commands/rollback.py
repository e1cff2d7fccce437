"""`rollback`: propose to go back. Writes a commit on a new branch; deploys nothing unless it is told to, by --now."""

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
@click.option("--to", metavar="N", type=click.IntRange(min=0), help="What entry N deployed [default: the one before].")
@click.option("--now", is_flag=True, help="Serve it at once, hold it, and propose that git agrees.")
@click.option("--reason", metavar="TEXT", type=options.REASON, help="Why, with --now: it stands in the journal.")
@options.opens
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, model: str, environment: str, to: int | None, now: bool, reason: str | None, opens: bool
) -> int:
    """Propose that ENV goes back to an artifact of MODEL that it deployed before.

    Such an artifact is vetted there: nothing is trained, and no comparison stands in the way. With --now it serves
    before git says so, and no apply takes it away until git does. With --open it is pushed and opened as a pull
    request, as `promote --open` does.
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
