"""`rollback`: propose to return to an earlier artifact. Commits to a new branch; deploys only with --now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult, ProposalSet


@click.command("rollback")
@options.names
@options.in_environment("Environment of the model")
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
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    to: int | None,
    now: bool,
    reason: str | None,
    opens: bool,
) -> int:
    """Propose to return ENV to an artifact of MODEL that it deployed before, or of several models in one request.

    Nothing is trained and no gate is evaluated again. Without --now, nothing is deployed until the branch is merged and
    applied. With --now, the artifact is deployed at once, and `apply` does not replace it by the artifact that git pins
    today. With --open, the branch is pushed and a pull request is opened, as `promote --open` does. Of several models,
    all return to the artifact before the current one, or none where one has no such.
    """
    if reason is not None and not now:
        raise click.UsageError("--reason needs --now: a proposal gives its reason in the pull request")
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.cli.selection import selected, some_models
    from reconciler.engine.promotion import rollback_now

    where, given = selected(invocation, names, environment)
    models = some_models(given, where, "rollback")

    def write(proposing: Proposing) -> ProposalResult | ProposalSet:
        if now:
            route = proposing.find_route if opens else None
            act = partial(rollback_now.at_once, reason=reason or rollback_now.NO_REASON, route=route)
        else:
            act = partial(rollback_now.propose_only, route=proposing.route())
        project, place = proposing.project, proposing.environment
        return act(project.deps, project.checkout, proposing.proposer, models=models, environment=place, to=to)

    return propose(invocation, where, write, opens=opens, changes=where if now else None)
