"""`experiment report`: the page of an experiment, as HTML that needs no network and no server. Runs nothing."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.errors import UsageError


@click.command("report")
@click.argument("name", metavar="NAME", type=options.NAME)
@click.option("--html", "place", metavar="FILE", type=click.Path(path_type=Path), help="File of the page.")
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@options.shared
@click.pass_obj
def command(invocation: Invocation, name: str, place: Path | None, opens: bool) -> int:
    """Write the page of the last run of NAME: what its winner reaches on the holdout, what the best trials have
    otherwise, and every trial, best first, with intervals, time and size.

    The page is one file without script and network; its plots need the extra `report`. Nothing is run.
    """
    from reconciler.app.experiment import experiments
    from reconciler.cli.project import opened
    from reconciler.cli.reports import asked_report
    from reconciler.report.experiment import experiment_table, written_page
    from reconciler.report.plots.svg import check_installed

    as_json = invocation.form is OutputFormat.JSON
    if place is None and not as_json:
        hint = f"reconciler experiment report {name} --html {name}.html"
        raise UsageError("missing option '--html'", hint=hint, code="E801")
    if place is not None:
        asked_report.check_place(place)
        check_installed()
    with opened(invocation) as project:
        table = experiments.look(project, name)
    written = experiments.write_page(table, place) if place is not None else None
    if as_json or written is None:
        streams.show(invocation, experiment_table, table)
    else:
        streams.show(invocation, written_page, written)
    if opens and place is not None:
        asked_report.show_in_browser(place)
    return 0
