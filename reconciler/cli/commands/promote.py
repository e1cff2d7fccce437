"""`promote`: propose a deploy. Writes a commit on a new branch; deploys nothing."""

from __future__ import annotations

import os

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.digest import Digest


@click.command("promote")
@options.model
@click.option("--to", "environment", metavar="ENV", type=options.NAME, required=True, help="Where to.")
@click.option("--digest", type=options.DIGEST, help="This artifact [default: the newest that was judged].")
@click.option("--open", "opens", is_flag=True, help="Push the branch and open a pull request.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, model: str, environment: str, digest: Digest | None, opens: bool) -> int:
    """Propose that ENV deploys a candidate of MODEL.

    Writes the manifest, with the pin, and the model's card on a branch promote/ENV/MODEL/DIGEST. Nothing is deployed
    until that is merged and applied. With --open the branch is pushed, and one pull request per environment and model
    is opened or brought up to date: on GitHub or GitLab, with the token of GITHUB_TOKEN or GITLAB_TOKEN.
    """
    from reconciler.app.forge_connection import route
    from reconciler.app.planning.plan_cache import PlanCache
    from reconciler.app.wiring import proposer
    from reconciler.cli.project import opened, options_of
    from reconciler.engine.promotion import propose
    from reconciler.report.promotion import model_card, proposal

    manifests = PlanCache(options_of(invocation)).valid_manifests(environment, but=model)
    with opened(invocation, known=manifests.valid, committed=manifests.committed, head=manifests.head) as project:
        target = project.environment(environment)
        proposed = propose.promote(
            project.deps,
            project.checkout,
            proposer(project.root, manifests.head),
            model=model,
            to=target,
            digest=digest,
            render=model_card.markdown,
            route=route(project.root, os.environ, environment=target.name, protect=target.protect) if opens else None,
        )
    streams.show(invocation, proposal, proposed)
    return 0
