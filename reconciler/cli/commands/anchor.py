"""`anchor`: record the newest journal entries in a git tag. Writes that tag and nothing else."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("anchor")
@options.environments
@options.in_environment("The same as ENV", default="all")
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...], environment: str | None) -> int:
    """Record the newest entry of every journal of ENV (or of every environment) in a git tag reconciler/anchor/N.

    The tag is signed where your git signs tags. `audit` compares the journals with all such tags, and
    reports entries that were removed or changed since. No tag is written when no journal has a new entry.
    """
    from reconciler.cli.project import opened
    from reconciler.engine.inspect.journal_checkpoint import anchor
    from reconciler.report.inspect import journal_checkpoint

    environments = environments if environment is None else (environment,)
    with opened(invocation) as project:
        anchored = anchor(project.deps, project.desired, environments)
    streams.show(invocation, journal_checkpoint, anchored)
    return 0
