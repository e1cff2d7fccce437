"""`reproduce`: train again and compare. With a key, signs what came out the same; records nothing else."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.core.digest import DigestPrefix
from reconciler.core.status_codes import ResultStatus


@click.command("reproduce")
@click.argument("digest", metavar="DIGEST", type=options.DIGEST)
@options.shared
@click.pass_obj
def command(invocation: Invocation, digest: DigestPrefix) -> int:
    """Train artifact DIGEST again from its provenance and compare the bytes; exit 1 when they differ.

    The first digits of DIGEST are enough, where no other artifact has them. Where RECONCILER_SIGNING_KEY names a
    trainer's key and the bytes are the same, this training is signed beside the artifact, for the gate `reproduced`;
    nothing else is written.
    """
    from reconciler.cli.project import opened
    from reconciler.engine.inspect import reproduce
    from reconciler.report.inspect import reproduce as reporter

    with opened(invocation, trains=True) as project:
        result = reproduce.reproduce(project.deps, project.desired, digest)
    code = exit_code(ResultStatus.CLEAN if result.equal else ResultStatus.FAILED)
    streams.show(invocation, reporter, result, exit=code, equal=result.equal)
    return code
