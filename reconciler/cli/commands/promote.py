"""`promote`: propose a deployment. Commits to a new branch; deploys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.invocation import Invocation
from reconciler.core.digest import DigestPrefix
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.promotion.proposal import ProposalResult


def _only_environment(invocation: Invocation) -> str:
    """Return the environment that is promoted to, where there is only one. Raises UsageError E801."""
    from reconciler.cli.project import read_manifests

    with read_manifests(invocation) as checkout:
        names = sorted(each.name for each in checkout.desired.environments if each.promotes_from)
    if len(names) == 1:
        return names[0]
    raise UsageError(
        "missing option '--to'", hint=f"environments to promote to: {', '.join(names) or 'none'}", code="E801"
    )


@click.command("promote")
@options.model
@click.option(
    "--to", "environment", metavar="ENV", type=options.NAME, help="Environment to deploy to [default: the only one]."
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
    invocation: Invocation, model: str, environment: str | None, digest: DigestPrefix | None, again: bool, opens: bool
) -> int:
    """Propose to deploy a candidate of MODEL to ENV.

    Commits the manifest, which pins the artifact, and the model's card to a branch promote/ENV/MODEL/DIGEST. Nothing is
    deployed until that branch is merged and applied. With --open the branch is pushed, and one pull request per
    environment and model is opened or updated: on GitHub or GitLab, with the token in GITHUB_TOKEN or GITLAB_TOKEN.

    A pin is judged by the controls that were in force before it came in. With --again a pin that git has already comes
    in anew, once looser controls are in force: `spec.proposed` counts that, as one line of the request's diff.
    """
    from reconciler.app.planning.plan_cache import PlanCache
    from reconciler.cli.project import options_of
    from reconciler.cli.proposals import Proposing, propose
    from reconciler.engine.promotion.propose import promote
    from reconciler.report.promotion import model_card

    environment = environment or _only_environment(invocation)

    def write(proposing: Proposing) -> ProposalResult:
        return promote(
            proposing.project.deps,
            proposing.project.checkout,
            proposing.proposer,
            model=model,
            to=proposing.environment,
            digest=digest,
            render=model_card.markdown,
            route=proposing.route(),
            again=again,
        )

    valid = PlanCache(options_of(invocation)).valid_manifests(environment, but=model)
    head, committed = valid.head, valid.committed
    return propose(invocation, environment, write, opens=opens, head=head, known=valid.valid, committed=committed)
