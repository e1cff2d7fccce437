"""`audit`: read and hash everything that is stored. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("audit")
@options.environments
@options.in_environment("The same as ENV", default="all")
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...], environment: str | None) -> int:
    """Read and hash everything that ENV (or every environment) stores; exit 6 when any of it is damaged or missing.

    Exit 3 when nothing is, and what is served is not what was applied, or a time lies ahead of now: the finding says
    what to do, mostly `reconciler apply ENV`. Exit 1 when something cannot be read, or others may write it.
    """
    from reconciler.cli.project import opened
    from reconciler.engine.inspect import audit
    from reconciler.report.inspect import audit as reporter

    environments = environments if environment is None else (environment,)
    with opened(invocation, uncached=True, removed=environments or None) as project:
        result = audit.audit(project.deps, project.desired, environments)
    code = exit_code(result.status)
    streams.show(invocation, reporter, result, exit=code)
    return code
