"""`completion`: print a script by which a shell completes commands, options, environments and models."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation

_WHERE = {
    "bash": 'eval "$(reconciler completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(reconciler completion zsh)"    # in ~/.zshrc',
    "fish": "reconciler completion fish | source    # in ~/.config/fish/config.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(list(_WHERE)))
@options.location
@click.pass_obj
def command(invocation: Invocation, shell: str) -> int:
    """Print a script with which your shell completes commands, options, environments and models."""
    del invocation
    from reconciler.cli.command_group import reconciler

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101  (click has the three that can be chosen)
    streams.put(completion(reconciler, {}, "reconciler", "_RECONCILER_COMPLETE").source())
    return 0
