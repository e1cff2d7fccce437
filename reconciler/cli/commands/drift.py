"""`drift`: show what is served that was not applied. Changes nothing but, where asked, an issue of the forge."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("drift")
@options.names
@options.in_environment("The same as ENV", default="all")
@click.option("--issue", is_flag=True, help="Report drift in one issue per environment, closed when the drift is gone.")
@click.option("--notify", is_flag=True, help="Tell the people that environments name, each finding once.")
@click.option(
    "--no-load", "loads", flag_value=False, default=True, help="Do not load deployed models: faster, but finds less."
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, names: tuple[str, ...], environment: str | None, issue: bool, notify: bool, loads: bool
) -> int:
    """Show the models of ENV (or of every environment) that differ from the last apply, since when, and what to do.

    With MODELs, these alone are checked.

    Every deployed file is hashed; deployed models are loaded, and must give the outputs that were recorded when they
    were built. A change in git that nobody applied yet is not drift: `plan` shows it. Exits 3 when there is drift.
    """
    from reconciler.app.inspect.detect_drift import detect
    from reconciler.cli import project
    from reconciler.cli.selection import looked_at
    from reconciler.report.inspect import drift

    environments, models = looked_at(invocation, names, environment)
    with project.shown(invocation) as options:
        report = detect(options, environments, models, issue=issue, loads=loads, notifies=notify)
    streams.show(invocation, drift, report, exit=exit_code(report.status))
    return exit_code(report.status)
