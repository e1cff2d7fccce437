"""`doctor`: check everything that a command will need. Leaves nothing behind."""

from __future__ import annotations

from functools import partial

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("doctor")
@options.shared
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Check this machine, the project and its environments, with a hint for each problem.

    Checks versions, the forge (GitHub or GitLab), stores, targets (a registry, too), keys, disks, tables and runtimes.
    To test whether a store or a target can be written, a small file is made there and removed. Exits 1 when a check
    fails, 6 when anything is lost or damaged.
    """
    from reconciler.app.inspect.health_check import check_all
    from reconciler.cli import project
    from reconciler.report.inspect import health_check

    report = check_all(partial(project.options_of, invocation))
    streams.show(invocation, health_check, report, exit=exit_code(report.status))
    return exit_code(report.status)
