"""`explain`: what a manifest field means. Reads nothing of the project."""

from __future__ import annotations

import click

from reconciler.cli import options, terminal
from reconciler.cli.options import Invocation


@click.command("explain")
@click.argument("field", metavar="[FIELD]", required=False)
@options.output
@options.place
@click.pass_obj
def command(invocation: Invocation, field: str | None) -> int:
    """Say what a field of a manifest means, what may stand there, and show it in use.

    FIELD is a path such as recipe.outcome.classes or environment.policy, or a tail of it that says enough, such as
    holdout.
    """
    from reconciler.manifest import explain
    from reconciler.report import explain as reporter

    terminal.show(invocation, reporter, explain.explain(field))
    return 0
