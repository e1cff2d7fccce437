"""Tell whether a page or a site is asked for, have it made, and show it in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app import locations
from reconciler.cli.selection import looked_at, looked_at_one, planned
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.core.site.site import PlotChoice
from reconciler.core.status_codes import ResultStatus
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.digest import DigestPrefix


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReport:
    """What is asked for: the page of `model`, or with None the site of the environment."""

    environment: str
    model: str | None
    place: Path | None
    digest: DigestPrefix | None
    plots: PlotChoice

    def made(self, invocation: Invocation) -> tuple[object, ResultStatus, Path | None]:
        """Make it; return what is printed, the status, and the file to open, None where nothing was written."""
        return _site(invocation, self) if self.model is None else _page(invocation, self, self.model)


def asked(
    invocation: Invocation,
    names: Sequence[str],
    environment: str | None,
    place: Path | None,
    *,
    plots: str | None,
    digest: DigestPrefix | None,
) -> AskedReport:
    """Return what is asked for. Raises UsageError E801 where that cannot be made."""
    environments, models = looked_at(invocation, names, environment)
    model = None
    if models:
        where, model = looked_at_one(invocation, names, environment, "report", " --html FILE")
    else:
        where, _ = planned(invocation, environments, environment, "report")
    if model is None and digest is not None:
        raise _wrong("--digest is for the page of one model", f"reconciler report MODEL --in {where} --html FILE")
    if model is not None and plots is not None:
        raise _wrong(
            "--plots is for a site; a page has its plots", f"reconciler report {model} --in {where} --html FILE"
        )
    if place is None and (model is None or invocation.form is not OutputFormat.JSON):
        subject, kind = (where, "DIR") if model is None else (f"{model} --in {where}", "FILE")
        raise _wrong("missing option '--html'", f"reconciler report {subject} --html {kind}")
    if place is not None:
        check_place(place, is_site=model is None)
    return AskedReport(
        environment=where, model=model, place=place, digest=digest, plots=PlotChoice(plots or PlotChoice.CHANGED)
    )


def _wrong(problem: str, hint: str) -> UsageError:
    return UsageError(problem, hint=hint, code="E801")


def check_place(place: Path, *, is_site: bool = False) -> None:
    """Check before any work where it is to be written. Raises UsageError E801."""
    shown = repr(str(place)[:100])
    if is_site and place.exists() and not place.is_dir():
        raise _wrong(f"--html {shown} is a file, and a site is a folder", "name a folder, or a MODEL for one page")
    if not is_site and place.is_dir():
        raise _wrong(f"--html {shown} is a folder, and a page is a file", f"--html {place}/report.html")
    if not place.parent.is_dir():
        raise _wrong(f"--html {shown}: there is no folder {str(place.parent)[:100]!r}", "make it, or name another one")
    if is_site:
        locations.check_output_folder(place, option="--html")
    else:
        locations.check_output(place, option="--html")


def _page(invocation: Invocation, wanted: AskedReport, model: str) -> tuple[object, ResultStatus, Path | None]:
    from reconciler.app.site import one_page
    from reconciler.cli.project import opened

    if wanted.place is not None:
        from reconciler.report.plots.svg import check_installed

        check_installed()
    with opened(invocation, predicts=True) as project:
        report = one_page.collect(project, wanted.environment, model, wanted.digest)
    status = report.status.status if report.status is not None else ResultStatus.CLEAN
    shown = ResultStatus.DAMAGED if status is ResultStatus.DAMAGED else ResultStatus.CLEAN
    if wanted.place is None:
        return report, shown, None
    result = one_page.write(report, wanted.place)
    return (report if invocation.form is OutputFormat.JSON else result), shown, wanted.place


def _site(invocation: Invocation, wanted: AskedReport) -> tuple[object, ResultStatus, Path | None]:
    from reconciler.app.site import make_site
    from reconciler.cli.project import shown

    assert wanted.place is not None  # noqa: S101  (`asked` made sure)
    if wanted.plots is PlotChoice.ALL:
        from reconciler.report.plots.svg import check_installed

        check_installed()
    with shown(invocation) as options:
        result = make_site.make_site(options, wanted.environment, wanted.place, wanted.plots)
    return result, result.status, wanted.place / "index.html"


def show_in_browser(file: Path) -> None:
    """Show a file in the person's browser; where there is none, say where the file is."""
    import webbrowser

    address = file.resolve().as_uri()
    try:
        shown = webbrowser.open(address)
    except (OSError, webbrowser.Error):
        shown = False
    if not shown:
        streams.say(f"no browser was found: open {address}")
