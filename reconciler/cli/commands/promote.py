"""`promote`: propose a deploy. Writes a commit on a new branch; deploys nothing."""

from __future__ import annotations

import click

from reconciler.cli import options, terminal
from reconciler.cli.options import Invocation
from reconciler.core.digest import Digest


@click.command("promote")
@options.model
@click.option("--to", "environment", metavar="ENV", type=options.NAME, required=True, help="Where to.")
@click.option("--digest", type=options.DIGEST, help="This artifact [default: the newest that was judged].")
@options.shared
@click.pass_obj
def command(invocation: Invocation, model: str, environment: str, digest: Digest | None) -> int:
    """Propose that ENV deploys a candidate of MODEL.

    Writes the manifest, with the pin, and the model's card on a branch promote/ENV/MODEL/DIGEST. Nothing is deployed
    until that is merged and applied.
    """
    from reconciler.cli import planned
    from reconciler.cli.wiring import opened, proposer
    from reconciler.engine import propose
    from reconciler.report import card
    from reconciler.report import proposal as reporter

    known, committed, now = planned.known_valid(invocation, environment, model)
    with opened(invocation, known=known, committed=committed, now=now) as project:
        proposed = propose.promote(
            project.world,
            project.checkout,
            proposer(project.root),
            model=model,
            to=project.environment(environment),
            digest=digest,
            render=card.markdown,
        )
    terminal.show(invocation, reporter, proposed)
    return 0
