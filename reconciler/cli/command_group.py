"""The command group: names and one-line helps are known here, a command's module is imported when it is run."""

from __future__ import annotations

import importlib

import click

from reconciler import __version__
from reconciler.cli import options

COMMANDS = {
    "init": "Start a project with a first model, from a look at a table.",
    "explain": "Say what a field of a manifest means, with an example.",
    "validate": "Say whether the manifests are valid, with every problem at once.",
    "plan": "Show what would happen to each model of an environment, and why.",
    "apply": "Carry out a plan.",
    "status": "Show what is deployed, whether it is what git says, and how good it is.",
    "drift": "Show what is served that was not applied so, since when, and what to do.",
    "diff": "Show what differs between two environments, or between two commits.",
    "why": "Say what a model is waiting for, and what would move it on.",
    "promote": "Propose that an environment deploys a candidate: a branch to review and merge.",
    "rollback": "Propose that an environment goes back to an artifact that it deployed before.",
    "override": "Propose that one control does not stand against what is pinned, with the reason.",
    "adopt": "Propose to keep what somebody put into an environment by hand.",
    "predict": "Score open records with exactly what an environment serves.",
    "history": "Show who changed what, when and why; or what served at a moment.",
    "audit": "Read and hash everything, and list what is not as it must be.",
    "anchor": "Write the heads of all journals into a tag of git, so that a cut tail is seen.",
    "reproduce": "Train an artifact again from its provenance and compare the bytes.",
    "doctor": "Look at the machine, the project and its environments, with the remedy for what is wrong.",
    "completion": "Print a script that lets your shell complete commands and names.",
}

EXIT_CODES = """\
\b
Exit codes:
    0  clean                          4  a gate or a control refused
    1  failed                         5  conflict: run again
    2  usage or invalid manifest      6  integrity
    3  changes pending                70  a bug of ours     130  interrupted

Results go to standard output, everything else to standard error.
"""


class Commands(click.Group):
    """Commands in the order of the work, imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's shape)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(f"reconciler.cli.commands.{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:  # click looks for what was meant among loaded ones
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    "reconciler",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, message="reconciler %(version)s")
@options.place
def reconciler() -> None:
    """GitOps for machine-learning models: train in a sandbox, judge, promote byte for byte by pull request."""
