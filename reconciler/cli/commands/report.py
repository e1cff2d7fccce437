"""`report`: the page of a model, or the site of an environment, as HTML that needs no network and no server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.cli.exit_codes import exit_code
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat

if TYPE_CHECKING:
    from reconciler.core.digest import DigestPrefix

_PLOTS = ("changed", "all", "none")


@click.command("report")
@options.names
@options.in_environment("Environment of the model")
@click.option(
    "--html",
    "place",
    metavar="FILE|DIR",
    type=click.Path(path_type=Path),
    help="File of a model's page; folder of an environment's site, which is made or renewed.",
)
@click.option("--digest", metavar="DIGEST", type=options.DIGEST, help="Artifact of the model [default: the newest].")
@click.option(
    "--plots",
    type=click.Choice(_PLOTS),
    help="Whose plots a site gains: of models that changed, of all, of none [default: changed].",
)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    names: tuple[str, ...],
    environment: str | None,
    place: Path | None,
    digest: DigestPrefix | None,
    plots: str | None,
    opens: bool,
) -> int:
    """Write the page of MODEL, with verdict, figures, plots, data, lineage, gates and journal; or the site of ENV.

    A page is one file without script and network. A site is a folder with an overview, a page for each model, the
    history, and what each request changed; the same command renews what changed. Plots need the extra `report`.
    Exits 6 when anything that is shown is lost or damaged.
    """
    from reconciler.cli.reports import asked_report

    asked = asked_report.asked(invocation, names, environment, place, plots=plots, digest=digest)
    result, status, index = asked.made(invocation)
    code = exit_code(status)
    if invocation.form is OutputFormat.JSON or index is not None:
        from reconciler.report.site import results

        streams.show(invocation, results, result, exit=code)
    if opens and index is not None:
        asked_report.show_in_browser(index)
    return code
