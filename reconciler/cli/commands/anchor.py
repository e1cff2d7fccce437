"""`anchor`: what the journals end with, in a tag of git. Writes that tag and nothing else."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("anchor")
@options.environments
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...]) -> int:
    """Write the head of every journal of ENV (or of every environment) into a tag reconciler/anchor/N of git.

    The tag is signed where your git signs. `audit` holds the journals against every anchor of the repository, so that
    entries that somebody cut off are missed. Where no journal went on since the last anchor, no tag is made.
    """
    from reconciler.cli.project import opened
    from reconciler.engine.inspect.journal_checkpoint import anchor
    from reconciler.report.inspect import journal_checkpoint

    with opened(invocation) as project:
        anchored = anchor(project.deps, project.desired, environments)
    streams.show(invocation, journal_checkpoint, anchored)
    return 0
