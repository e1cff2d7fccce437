"""`explain`: what a manifest field or an error code means. Reads nothing of the project."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams as terminal
from reconciler.console.invocation import Invocation


@click.command("explain")
@click.argument("field", metavar="[FIELD | CODE]", required=False)
@options.output
@options.place
@click.pass_obj
def command(invocation: Invocation, field: str | None) -> int:
    """Say what a field of a manifest means, what may stand there, and show it in use; or what an error code means.

    FIELD is a path such as recipe.outcome.classes or environment.policy, or a tail of it that says enough, such as
    holdout. CODE is that of an error, such as E413.
    """
    from reconciler.error_codes import known
    from reconciler.manifest.loading import field_docs as explain
    from reconciler.report.help import error_code as code_reporter
    from reconciler.report.help import field_docs as reporter

    if field is not None and (code := known(field)) is not None:
        terminal.show(invocation, code_reporter, code)
    else:
        terminal.show(invocation, reporter, explain.explain(field))
    return 0
