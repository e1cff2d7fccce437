"""`status`: what is deployed. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams as terminal
from reconciler.console.invocation import Invocation


@click.command("status")
@options.names
@options.in_environment("The same as ENV", default="all")
@options.shared
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], environment: str | None) -> int:
    """Show what is deployed in ENV (or everywhere), whether it matches git, and its metrics; or of some MODELs alone.

    Pending changes and failed gates are no failure here. Exits 3 when what is served is not what was applied, 6 when
    anything is lost or damaged that decides what is served (`audit` reads the history as well), 1 when a store or a
    target cannot be read.
    """
    from reconciler.cli.project import opened
    from reconciler.cli.selection import looked_at
    from reconciler.engine.inspect import status as inspect
    from reconciler.report.inspect import status as reporter

    environments, models = looked_at(invocation, names, environment)
    with opened(invocation, removed=environments or None) as project:
        deployed = inspect.status(project.deps, project.desired, environments, models)
    code = exit_code(deployed.status)
    terminal.show(invocation, reporter, deployed, exit=code)
    return code
