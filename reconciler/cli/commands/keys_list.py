"""`keys list`: the keys that environments trust. Changes nothing."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("list")
@options.environments
@options.in_environment("The same as ENV", default="all")
@options.shared
@click.pass_obj
def command(invocation: Invocation, environments: tuple[str, ...], environment: str | None) -> int:
    """List the keys that ENV trusts, or every environment: role, file, id, until when, and what is not in force."""
    from reconciler.cli.project import opened
    from reconciler.engine.trust.list_keys import list_keys
    from reconciler.report.trust import key_list

    with opened(invocation) as project:
        named = (*environments, *((environment,) if environment is not None else ()))
        chosen = [project.environment(name) for name in dict.fromkeys(named)]
        chosen = chosen or [each for each in project.desired.environments if not each.trains and each.removed is None]
        listed = list_keys(project.deps, project.desired, chosen)
    streams.show(invocation, key_list, listed)
    return 0
