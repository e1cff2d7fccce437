"""`keys new`: make a key and propose that an environment trusts it. Commits to a new branch."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation

PRIVATE = click.option(
    "--private", metavar="PATH", type=click.Path(path_type=Path), help="New file for the private key, outside of git."
)
PUBLIC = click.option(
    "--public",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Public key (PEM) of a private key that exists, in a KMS, say.",
)


@click.command("new")
@click.argument("role", metavar="ROLE", type=click.Choice(("trainer", "promoter")))
@options.in_environment("Environment that is to trust it")
@PRIVATE
@PUBLIC
@click.option("--name", metavar="NAME", type=options.NAME, help="Name of its file below keys/ [default: the role].")
@click.option("--until", metavar="DAY", help="Last day on which it may sign.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    role: str,
    environment: str | None,
    private: Path | None,
    public: Path | None,
    name: str | None,
    until: str | None,
) -> int:
    """Make a key for ROLE, trainer or promoter, and propose that ENV trusts it.

    The private key is written to a new file that only you can read, never inside the repository; keep it where the job
    that signs finds it, and name it there by RECONCILER_SIGNING_KEY=file:PATH. The public key and the line that trusts
    it are committed to a branch, which takes effect when it is merged. With --public, a key is trusted whose private
    half is in a KMS or an HSM.
    """
    from reconciler.app.proposing import proposing
    from reconciler.app.signing.keys import new_key
    from reconciler.cli.project import opened
    from reconciler.cli.selection import planned
    from reconciler.report.trust import key_change

    where, _ = planned(invocation, (), environment, "keys new")
    with opened(invocation) as project:
        way = proposing(project, where, opens=False)
        change = new_key(way, role=role, name=name or role, private=private, public=public, until=until)
    streams.show(invocation, key_change, change)
    return 0
