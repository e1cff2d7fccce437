"""`keys revoke`: propose that nothing counts that a key signed. Commits to a new branch."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("revoke")
@click.argument("key", metavar="KEY")
@options.in_environment("Environment that trusts it")
@click.option("--reason", metavar="TEXT", type=options.REASON, required=True, help="Reason, kept beside the key.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, key: str, environment: str | None, reason: str) -> int:
    """Propose that nothing counts any more that KEY, such as keys/trainer.pub, signed, whenever it did.

    For a key that was stolen or lost. It stays listed, with the day and the reason. What rests on it is refused once
    that is merged: sign it again with another key, by `reconciler attest`, where you know that it is right.
    """
    from reconciler.app.proposing import proposing
    from reconciler.app.signing.keys import revoked_key
    from reconciler.cli.project import opened
    from reconciler.cli.selection import planned
    from reconciler.report.trust import key_change

    where, _ = planned(invocation, (), environment, "keys revoke")
    with opened(invocation) as project:
        change = revoked_key(proposing(project, where, opens=False), file=key, reason=reason)
    streams.show(invocation, key_change, change)
    return 0
