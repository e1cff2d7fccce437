"""`keys rotate`: propose another key in the place of one. Commits to a new branch."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.commands.keys_new import PRIVATE, PUBLIC
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("rotate")
@click.argument("key", metavar="KEY")
@options.in_environment("Environment that trusts it")
@PRIVATE
@PUBLIC
@click.option("--name", metavar="NAME", type=options.NAME, required=True, help="Name of the new key's file.")
@click.option("--until", metavar="DAY", help="Last day of the old key [default: in 30 days].")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    key: str,
    environment: str | None,
    private: Path | None,
    public: Path | None,
    name: str,
    until: str | None,
) -> int:
    """Propose a new key in the place of KEY, such as keys/trainer.pub, which stays trusted until a day.

    What the old key signed up to that day goes on to count. A promoter's new key comes into force by an apply that the
    old one signs: keep it until then.
    """
    from reconciler.app.proposing import proposing
    from reconciler.app.signing.keys import rotated_key
    from reconciler.cli.project import opened
    from reconciler.cli.selection import planned
    from reconciler.report.trust import key_change

    where, _ = planned(invocation, (), environment, "keys rotate")
    with opened(invocation) as project:
        way = proposing(project, where, opens=False)
        change = rotated_key(way, old=key, name=name, private=private, public=public, until=until)
    streams.show(invocation, key_change, change)
    return 0
