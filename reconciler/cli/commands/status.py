"""`status`: what is deployed. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams as terminal
from reconciler.console.invocation import Invocation, OutputFormat

if TYPE_CHECKING:
    from reconciler.app.planning.git_state import GitState
    from reconciler.app.project_options import ProjectOptions


@click.command("status")
@options.names
@options.in_environment("The same as ENV", default="all")
@options.shared
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], environment: str | None) -> int:
    """Show what is deployed in ENV (or everywhere), whether it matches git, and its metrics; or of some MODELs alone.

    With --verbose, each model says its figures with their intervals, the goal and the reason of its grade, or what
    makes them.

    Pending changes and failed gates are no failure here. Exits 3 when what is served is not what was applied, 6 when
    anything is lost or damaged that decides what is served (`audit` reads the history as well), 1 when a store or a
    target cannot be read.
    """
    from reconciler.app.planning import git_state
    from reconciler.cli.project import opened, options_of
    from reconciler.cli.selection import looked_at

    environments, models = looked_at(invocation, names, environment)
    options = options_of(invocation)
    head = git_state.read_at_head(options, environments[0] if environments else "")
    if not models and invocation.form is not OutputFormat.MARKDOWN and not invocation.verbose:
        code = _show_many(invocation, options, head, environments[0] if environments else None)
        if code is not None:
            return code
    from reconciler.engine.inspect import status as inspect
    from reconciler.report.inspect import status as reporter

    with opened(invocation, removed=environments or None, head=head) as project:
        deployed = inspect.status(project.deps, project.desired, environments, models)
        if invocation.verbose:
            deployed = inspect.with_evaluations(project.deps, project.desired, deployed)
    code = exit_code(deployed.status)
    terminal.show(invocation, reporter, deployed, exit=code)
    return code


def _show_many(
    invocation: Invocation, options: ProjectOptions, head: GitState | None, environment: str | None
) -> int | None:
    """Show the status of many models and return the exit code; None where it has to be looked at as a whole."""
    from reconciler.app.planning import status_document

    with status_document.status_document(options, head, environment) as document:
        if document is None:
            return None
        status = document.status()
        code = exit_code(status.status)
        if invocation.form is OutputFormat.JSON:
            terminal.show_status(status, document.texts(), exit=code)
        else:
            from reconciler.report.inspect.status import blocks_with_lines

            terminal.show_blocks(invocation, blocks_with_lines(*document.in_table()))
        return code
