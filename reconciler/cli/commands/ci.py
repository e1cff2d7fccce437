"""`ci`: write the workflows again, or compare them; list the environments that they ask for."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat

_LISTS = {"all": "all", "apply": "apply", "on-merge": "on_merge"}


@click.command("ci")
@click.option("--forge", type=click.Choice(["github", "gitlab"]), help="Forge [default: of the workflow, or remote].")
@click.option("--check", is_flag=True, help="Write nothing: show what would change, and exit 3 if anything would.")
@click.option("--overwrite", is_flag=True, help="Replace a workflow that somebody edited, too.")
@click.option("--branch", metavar="NAME", help="Branch that requests are merged into [default: the one that protects].")
@click.option(
    "--install",
    metavar="index|WHEEL|git+URL@COMMIT",
    help="Where jobs install this program from [default: what requirements.lock says].",
)
@click.option(
    "--environments",
    "listed",
    type=click.Choice(list(_LISTS)),
    help="Only print names of environments, one a line: all, or those that CI applies in this way.",
)
@click.option(
    "--pages/--no-pages",
    default=None,
    help="Publish the site of every environment by GitHub or GitLab Pages [default: as the workflow does].",
)
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    forge: str | None,
    check: bool,
    overwrite: bool,
    branch: str | None,
    install: str | None,
    listed: str | None,
    pages: bool | None,
) -> int:
    """Write the files that run this project in CI, as this version writes them, or show what would change.

    A file that nobody edited is renewed; newer pins of actions in it are kept. One that somebody edited is named and
    left as it is, unless --overwrite is given. Workflows ask for the environments of each commit with --environments:
    a new environment needs no new workflow.
    """
    from reconciler.app import locations
    from reconciler.report.help import ci_workflows as report

    invocation.project = root = locations.project()
    if listed is not None:
        from reconciler.app.ci.environments import listed as environments

        found = environments(root, None if invocation.working_tree else invocation.revision or "HEAD")
        if invocation.form is OutputFormat.TEXT:
            streams.put("".join(f"{name}\n" for name in getattr(found, _LISTS[listed])))
        else:
            streams.show(invocation, report, found)
        return 0
    if invocation.revision is not None:
        raise click.UsageError("--revision needs --environments: workflows are written for the files on disk")
    from reconciler.app.ci import rewrite
    from reconciler.core.forge.detection import ForgeKind

    wanted = ForgeKind(forge) if forge else None
    request = rewrite.CIRequest(
        forge=wanted, branch=branch, install=install, check=check, overwrite=overwrite, pages=pages
    )
    result = rewrite.run(root, request)
    streams.show(invocation, report, result, exit=exit_code(result.status))
    return exit_code(result.status)
