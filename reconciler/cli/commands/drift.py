"""`drift`: what is served that was not applied so. Changes nothing but, where asked, an issue of the forge."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("drift")
@options.environments
@click.option("--issue", is_flag=True, help="Tell it in one issue per environment, closed when all is well.")
@click.option(
    "--no-load", "loads", flag_value=False, default=True, help="Do not load what is served: faster, says less."
)
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...], issue: bool, loads: bool) -> int:
    """Show where ENV (or every environment) serves something else than was applied, since when, and what to do.

    Every served byte is hashed, and what is served is loaded and held against the outputs that were recorded when it
    was made. What git declares and nobody applied yet is no drift: `plan` shows it. Exits 3 when there is drift.
    """
    from reconciler.app.inspect.detect_drift import detect
    from reconciler.cli import project
    from reconciler.report.inspect import drift

    with project.shown(invocation) as options:
        found = detect(options, environments, issue=issue, loads=loads)
    streams.show(invocation, drift, found, exit=exit_code(found.status))
    return exit_code(found.status)
