"""`export`: write a model package, which travels to a place that cannot reach this one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.digest import DigestPrefix, prefix_of
from reconciler.core.names import is_name
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.spec.desired_state import DesiredState


@click.command("export")
@click.argument("what", metavar="DIGEST|MODEL")
@click.argument("file", metavar="FILE", type=options.FILE)
@options.in_environment("Environment to export from", default="where it is deployed, else trained")
@options.shared
@click.pass_obj
def command(invocation: Invocation, what: str, file: Path, environment: str | None) -> int:
    """Write a model and all evidence of it into one FILE.

    MODEL is what ENV deploys, in a sandbox its newest build; DIGEST any artifact that ENV knows, by its first digits.
    FILE is an OCI image layout in a tar archive, which `reconciler import` and `push` read, and skopeo: artifact, card,
    the records of its training and its gates, and its attestations. It holds no row of any table. The same export gives
    the same bytes; a file that exists is never overwritten.
    """
    from reconciler.app import packages
    from reconciler.cli.project import opened
    from reconciler.cli.selection import looked_at_one
    from reconciler.report.package import package_results

    digest = prefix_of(what)
    if not is_name(what) and digest is None:
        raise UsageError(
            f"{what[:40]!r} is neither a model nor a digest",
            hint="reconciler export MODEL FILE --in ENV, or the first digits of a digest, as `reconciler history` "
            "shows them",
            code="E801",
        )
    if digest is None and environment is None:
        environment = looked_at_one(invocation, (what,), None, "export", f" {shlex.quote(str(file))}")[0]
    with opened(invocation) as project:
        model, artifact = _meant(project.desired, what, digest)
        where = environment or _only(project.desired)
        result = packages.export(project, project.environment(where), model, artifact, file)
    streams.show(invocation, package_results, result)
    return 0


def _meant(desired: DesiredState, what: str, digest: DigestPrefix | None) -> tuple[str | None, DigestPrefix | None]:
    """Tell a model from a digest: a name that git declares is a model's, whatever its letters."""
    if digest is None or any(model.name == what for model in desired.models):
        return what, None
    return None, digest


def _only(desired: DesiredState) -> str:
    """Return the only environment; UsageError E801 where there are several."""
    names = sorted(each.name for each in desired.environments)
    if len(names) != 1:
        hint = f"environments: {', '.join(names) or 'none'}"
        raise UsageError("missing option '--in': a digest does not tell where it is", hint=hint, code="E801")
    return names[0]
