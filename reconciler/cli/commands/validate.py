"""`validate`: check every manifest. Reads the files on disk unless a commit is named."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code_of
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat


@click.command("validate")
@options.shared
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Check the manifests and report every problem at once: file:line:column, the rule, and a hint.

    Columns that models name are looked up in the headers of the declared tables, or in the newest data snapshot, where
    these are on this machine; no row is read. What could not be looked up is told, and is no error.

    Reads the files on disk, so that you can run it while you edit; with --revision, reads the files of a commit.
    """
    from reconciler.app.inspect.validate import validate
    from reconciler.cli.project import options_of
    from reconciler.errors import InvalidManifestsError
    from reconciler.report.help import problems

    invocation.working_tree = invocation.working_tree or invocation.revision is None
    try:
        desired, notes = validate(options_of(invocation))
    except InvalidManifestsError as error:
        if invocation.form is not OutputFormat.TEXT:
            raise
        from reconciler.report.layout.blocks import Detail
        from reconciler.report.layout.render_text import to_text

        streams.put(to_text(problems.error_blocks(error, Detail.SCREEN), streams.result_style(invocation)))
        return exit_code_of(error)
    names = tuple(environment.name for environment in desired.environments)
    valid = problems.ValidationResult(
        project=desired.project,
        revision=desired.revision,
        environments=names,
        models=len(desired.models),
        notes=notes,
    )
    streams.show(invocation, problems, valid)
    return 0
