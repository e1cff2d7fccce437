"""`pull`: fetch a model package from an OCI registry."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("pull")
@click.argument("reference", metavar="HOST/REPOSITORY[:TAG]")
@click.argument("file", metavar="FILE", type=options.FILE)
@options.output
@options.location
@click.pass_obj
def command(invocation: Invocation, reference: str, file: Path) -> int:
    """Fetch a model package from an OCI registry, by tag or @digest, and write it to FILE.

    It is checked as an import checks it, and FILE has the bytes that were exported. A file that exists is never
    overwritten. Credentials: as for `push`.
    """
    from reconciler.app import packages
    from reconciler.report.package import package_results

    streams.show(invocation, package_results, packages.pull(reference, file))
    return 0
