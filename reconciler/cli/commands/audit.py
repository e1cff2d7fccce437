"""`audit`: read and hash everything. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options, terminal
from reconciler.cli.options import Invocation
from reconciler.core.condition import Exit


@click.command("audit")
@click.argument("environment", metavar="[ENV]", type=options.NAME, required=False)
@options.shared
@click.pass_obj
def command(invocation: Invocation, environment: str | None) -> int:
    """Read and hash everything that ENV (or every environment) holds; exit 6 when something is not as it must be."""
    from reconciler.cli.wiring import opened
    from reconciler.engine import audit
    from reconciler.report import audit as reporter

    with opened(invocation, anew=True) as project:
        found = audit.audit(project.world, project.desired, (environment,) if environment else ())
    code = Exit.INTEGRITY if found.findings else Exit.CLEAN
    terminal.show(invocation, reporter, found, exit=int(code))
    return int(code)
