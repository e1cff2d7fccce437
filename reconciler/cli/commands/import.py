# ruff: noqa: N999  (a command has the name of its module, and nothing imports this one by a statement)
"""`import`: check a model package and write it into an environment's store. Deploys nothing."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("import")
@click.argument("file", metavar="FILE", type=options.FILE)
@click.option(
    "--to",
    "--in",
    "environment",
    metavar="ENV",
    type=options.NAME,
    required=True,
    help="Environment to import into; not a sandbox.",
)
@options.shared
@click.pass_obj
def command(invocation: Invocation, file: Path, environment: str) -> int:
    """Bring a model package into ENV, from a FILE that `export` or `pull` wrote.

    All of it is checked before anything is written: names, sizes, digests, the records against the artifact and each
    other, the model itself by a real load, its manifest against this project. What is not as this program writes it is
    refused, exit 6. Then it can be promoted: nothing is deployed until git pins it, and the gates of ENV judge it by
    the evidence that came with it. The same import again does nothing.
    """
    from reconciler.app import packages
    from reconciler.cli.project import opened
    from reconciler.report.package import package_results

    with opened(invocation, changes=environment) as project:
        result = packages.import_file(project, project.environment(environment), file)
    streams.show(invocation, package_results, result)
    return 0
