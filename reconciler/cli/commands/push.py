"""`push`: upload a model package to an OCI registry."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation


@click.command("push")
@click.argument("file", metavar="FILE", type=options.FILE)
@click.argument("reference", metavar="HOST/REPOSITORY[:TAG]")
@options.output
@options.location
@click.pass_obj
def command(invocation: Invocation, file: Path, reference: str) -> int:
    """Upload a model package from FILE to an OCI registry, under TAG [default: the model's name].

    The digest stays as it is, and evidence and attestations go with it. Credentials: RECONCILER_REGISTRY_USER and
    RECONCILER_REGISTRY_PASSWORD, else what `docker login`, `skopeo login` or `podman login` wrote. TLS is needed, but
    for a registry on this machine.
    """
    from reconciler.app import packages
    from reconciler.report.package import package_results

    streams.show(invocation, package_results, packages.push(file, reference))
    return 0
