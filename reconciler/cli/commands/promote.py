"""`promote`: propose a deployment. Commits to a new branch; deploys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation
from reconciler.core.digest import DigestPrefix

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult, ProposalSet


@click.command("promote")
@options.names
@click.option(
    "--to",
    "--in",
    "environment",
    metavar="ENV",
    type=options.NAME,
    help="Environment to deploy to [default: the only one].",
)
@click.option("--all", "everything", is_flag=True, help="Promote every model whose newest candidate git does not pin.")
@click.option(
    "--skip-refused", is_flag=True, help="Of several models, propose those that may be promoted, without the others."
)
@click.option(
    "--better",
    is_flag=True,
    help="Propose only candidates that are shown to be better than what is deployed, and first ones.",
)
@click.option(
    "--digest",
    type=options.DIGEST,
    help="Artifact to deploy, by the first digits of its digest [default: the newest verified one].",
)
@click.option("--again", is_flag=True, help="Propose a pin that git has already: it is judged anew.")
@options.opens
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    everything: bool,
    skip_refused: bool,
    better: bool,
    digest: DigestPrefix | None,
    again: bool,
    opens: bool,
) -> int:
    """Propose to deploy a candidate of MODEL to ENV, or of several models in one request.

    Commits the manifest, which pins the artifact, and the model's card to a branch promote/ENV/MODEL/DIGEST. Nothing is
    deployed until that branch is merged and applied. With --open the branch is pushed, and one pull request per
    environment and model is opened or updated: on GitHub or GitLab, with the token in GITHUB_TOKEN or GITLAB_TOKEN.

    Several models, or --all, make one branch and one request: all of them, or none where one may not be promoted.
    Without MODEL the only model that can be promoted is taken; of several, each is listed with its command.

    With --better, for a job that runs by the clock, a model is left out where its gates' comparison on the same rows
    does not show it to be better, or where it may not be promoted; each is told with its figures, and it is no error
    where none is left.

    A pin is judged by the controls that were in force before it came in. With --again a pin that git has already comes
    in anew, once looser controls are in force: `spec.proposed` counts that, as one line of the request's diff.
    """
    from reconciler.app.planning.plan_cache import PlanCache, ValidManifests
    from reconciler.cli.project import options_of
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.cli.selection import selected
    from reconciler.engine.promotion import propose_set
    from reconciler.report.promotion import model_card

    to, models = selected(invocation, names, environment, option="--to")
    asked = propose_set.Asked(
        models=models, everything=everything, digest=digest, again=again, skips=skip_refused, better=better
    )

    def write(proposing: Proposing) -> ProposalResult | ProposalSet:
        return propose_set.promote_asked(
            proposing.project.deps,
            proposing.project.checkout,
            proposing.proposer,
            asked=asked,
            to=proposing.environment,
            render=model_card.markdown,
            route=proposing.route(),
        )

    cache = PlanCache(options_of(invocation))
    valid = cache.valid_manifests(to, but=models) if models else ValidManifests(head=None)  # else all are read
    head, committed = valid.head, valid.committed
    return propose(invocation, to, write, opens=opens, head=head, known=valid.valid, committed=committed)
