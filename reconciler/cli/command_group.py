"""The command group: names and one-line help; the module of a command is imported when it runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from reconciler import __version__
from reconciler.cli import options

COMMANDS = {
    "init": "Start a project with a first model, suggested from a table.",
    "add": "Add a model to the project, suggested from a table or like another one.",
    "ci": "Write the CI workflows again, or show what would change.",
    "explain": "Describe a field of a manifest, with an example, an error code, or a printed word.",
    "validate": "Check the manifests, and report every problem at once.",
    "plan": "Show what apply would do to each model of an environment, and why.",
    "apply": "Apply the plan of an environment.",
    "status": "Show what is deployed, whether it matches git, and its metrics.",
    "drift": "Show deployments that differ from the last apply, since when, and what to do.",
    "diff": "Compare two environments, or two commits.",
    "show": "Show how good a model is, and why: grade, figures, slices, influence.",
    "evaluate": "Evaluate a model on rows as they stand now, or on those of given files.",
    "why": "Explain what a model is waiting for, and what to do next.",
    "improve": "Look for a better model: other estimators, parameters and features, on folds.",
    "experiment": "Run experiments, look at their trials, adopt one: `experiment run`.",
    "report": "Write a model's page, or the site of an environment, as HTML.",
    "promote": "Propose to deploy a candidate to an environment: a branch to review and merge.",
    "rollback": "Propose to return an environment to an artifact that it deployed before.",
    "override": "Propose an exception from one control (freeze, approvals, hold or gates) for one artifact.",
    "controls": "Show what judges the deployments of an environment, or accept it.",
    "keys": "Manage the keys that sign: make, list, rotate, revoke.",
    "attest": "Sign what was recorded before there was a key.",
    "adopt": "Propose to keep an artifact that somebody deployed by hand.",
    "export": "Write a model and all evidence of it into one file, for a place that cannot reach this one.",
    "import": "Check a model package and bring it into an environment; deploys nothing.",
    "push": "Upload a model package to an OCI registry.",
    "pull": "Fetch a model package from an OCI registry.",
    "predict": "Predict records whose outcome is not known yet, with a deployed model.",
    "serve": "Answer requests over HTTP with the models that an environment has deployed.",
    "monitor": "Tell whether deployed models keep what they promised, by outcomes known since.",
    "data": "Look at the data of an environment: `data drift`.",
    "history": "Show who changed what, when and why; or what was deployed at a time.",
    "audit": "Read and hash every stored file, and list those that are damaged or missing.",
    "gc": "Take blobs that nothing names out of a store, and remove them after a week.",
    "repair": "Rebuild a store that was lost from what remains: its target, other stores, a backup.",
    "anchor": "Record the newest journal entries in a git tag, so that `audit` notices removed ones.",
    "reproduce": "Train an artifact again from its provenance and compare the bytes.",
    "doctor": "Check the machine, the project and its environments, with a hint for each problem.",
    "completion": "Print a script that lets your shell complete commands and names.",
}

EXIT_CODES = """\
\b
Exit codes:
    0  clean                          4  blocked by a gate or a control
    1  failed                         5  conflict: run again
    2  usage or invalid manifest      6  stored data is damaged or lost
    3  changes pending, or drift      70  a bug in reconciler     130  interrupted

Results go to standard output, everything else to standard error.
"""


class Commands(click.Group):
    """Commands by `helps`, in the order in which they are used: NAME is `command` of the module `<prefix>NAME`, which
    is imported when it runs."""

    def __init__(self, *arguments: Any, helps: Mapping[str, str], prefix: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.helps, self.prefix = helps, prefix

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's shape)
        return list(self.helps)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.helps:
            return None
        module = importlib.import_module(f"reconciler.cli.commands.{self.prefix}{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:  # click looks for what was meant among loaded ones
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=self.helps, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self.helps.items()))


@click.group(
    "reconciler",
    cls=Commands,
    helps=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, message="reconciler %(version)s")
@options.location
def reconciler() -> None:
    """GitOps for machine learning: train in a sandbox, verify by gates, promote byte for byte by pull request."""
