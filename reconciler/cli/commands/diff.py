"""`diff`: compare two environments, or two commits. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.status_codes import ResultStatus


@click.command("diff")
@click.argument("names", metavar="[ENV ENV | ENV] [MODEL]...", type=options.NAME, nargs=-1)
@click.option("--from", "before", metavar="REV", help="Commit to compare from.")
@click.option("--to", "after", metavar="REV", help="Commit to compare with [default: HEAD].")
@click.option("--check", is_flag=True, help="Exit 3 when anything differs.")
@options.output
@options.location
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], before: str | None, after: str | None, check: bool) -> int:
    """Compare recipes, gates and metrics: of two environments, or of two commits.

    `diff production sandbox` shows what a promotion would change in production; `diff --from v1 --to v2 [ENV]` shows
    the changes between two commits. Models whose outcome changed its meaning are marked, as their metrics cannot be
    compared.
    """
    from reconciler.app.inspect.config_diff import compare
    from reconciler.cli import project
    from reconciler.report.promotion import config_diff

    differences = compare(project.options_of(invocation), names, before=before, after=after)
    streams.show(invocation, config_diff, differences)
    return exit_code(ResultStatus.PENDING if check and differences.models else ResultStatus.CLEAN)
