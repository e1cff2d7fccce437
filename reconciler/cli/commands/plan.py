"""`plan`: what would happen, and why. Changes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options, terminal
from reconciler.cli.options import Invocation


@click.command("plan")
@options.environment
@options.models
@click.option("--check", is_flag=True, help="Exit 3 when changes are pending, 4 when a gate or control refused.")
@click.option("--out", type=options.OUT_FILE, help="Write the plan to a file, for `apply --plan`.")
@click.option("--markdown", is_flag=True, help="The same as --output markdown.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation, environment: str, models: tuple[str, ...], check: bool, out: Path | None, markdown: bool
) -> int:
    """Show what would happen to each model of ENV, or of some of its models, and why. Changes nothing."""
    from reconciler.cli import planned

    if markdown:
        invocation.form = options.Form.MARKDOWN
    made = planned.plan(invocation, environment, models, to_file=out is not None)
    if isinstance(made, planned.Unchanged):
        from reconciler.report import unchanged

        terminal.show(invocation, unchanged, made)
        return 0
    from reconciler.cli import plan_file
    from reconciler.cli.reporters import PLAN

    if out is not None:
        plan_file.write(made, out)
    code = plan_file.pending(made) if check else plan_file.readable(made)
    terminal.show(invocation, PLAN, made, exit=int(plan_file.pending(made)))
    return int(code)
