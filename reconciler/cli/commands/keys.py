"""`keys`: the commands about keys, each in a module `keys_<name>` that is imported when it runs."""

from __future__ import annotations

import click

from reconciler.cli.command_group import Commands

COMMANDS = {
    "new": "Make a key, or take one of a KMS, and propose that an environment trusts it.",
    "list": "List the keys that environments trust, and until when.",
    "rotate": "Propose another key in the place of one, which stays trusted for a while.",
    "revoke": "Propose that nothing counts any more that a key signed.",
}


@click.group("keys", cls=Commands, helps=COMMANDS, prefix="keys_")
def command() -> None:
    """Manage the keys that sign what is trained and deployed."""
