"""`reproduce`: train again and compare. Records nothing."""

from __future__ import annotations

import click

from reconciler.cli import options, terminal
from reconciler.cli.options import Invocation
from reconciler.core.condition import Exit
from reconciler.core.digest import Digest


@click.command("reproduce")
@click.argument("digest", metavar="DIGEST", type=options.DIGEST)
@options.shared
@click.pass_obj
def command(invocation: Invocation, digest: Digest) -> int:
    """Train the artifact DIGEST again from its provenance and compare the bytes; exit 1 when they differ."""
    from reconciler.cli.wiring import opened
    from reconciler.engine import reproduce
    from reconciler.report import reproduce as reporter

    with opened(invocation, trains=True) as project:
        found = reproduce.reproduce(project.world, project.desired, digest)
    code = Exit.CLEAN if found.equal else Exit.FAILED
    terminal.show(invocation, reporter, found, exit=int(code), equal=found.equal)
    return int(code)
