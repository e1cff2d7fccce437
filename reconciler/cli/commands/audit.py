"""`audit`: read and hash everything that is stored. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("audit")
@options.environments
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...]) -> int:
    """Read and hash everything that ENV (or every environment) stores; exit 6 when anything is damaged or missing.

    Exit 5 when nothing is, and a target does not serve what was committed for it: run `reconciler apply ENV`.
    """
    from reconciler.cli.project import opened
    from reconciler.engine.inspect import audit
    from reconciler.report.inspect import audit as reporter

    with opened(invocation, uncached=True) as project:
        result = audit.audit(project.deps, project.desired, environments)
    code = exit_code(result.status)
    streams.show(invocation, reporter, result, exit=code)
    return code
