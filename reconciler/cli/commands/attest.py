"""`attest`: sign what was recorded before there was a key."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("attest")
@options.names
@options.in_environment("The same as ENV")
@options.shared
@click.pass_obj
def command(invocation: Invocation, names: tuple[str, ...], environment: str | None) -> int:
    """Sign what ENV recorded unsigned, with the key of RECONCILER_SIGNING_KEY.

    In a sandbox, that is how each current artifact was trained, and the results of its gates, which are run again. In
    other environments it is the journal of each model: an entry that states the last one again. You vouch for what the
    store says now: look at it first, by `reconciler audit`.
    """
    from reconciler.cli.exit_codes import exit_code
    from reconciler.cli.project import opened
    from reconciler.cli.selection import planned
    from reconciler.core.status_codes import ResultStatus
    from reconciler.engine.attesting.attest_environment import attest
    from reconciler.report.trust import attest_result

    where, named = planned(invocation, names, environment, "attest")
    with opened(invocation, changes=where) as project:
        result = attest(project.deps, project.desired, project.environment(where), named)
    streams.show(invocation, attest_result, result)
    failed = any(each.problem is not None for each in result.models)
    return exit_code(ResultStatus.FAILED if failed else ResultStatus.CLEAN)
