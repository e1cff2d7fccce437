"""Reports in a real browser: nothing runs, nothing is loaded, nothing is cut off, and axe finds nothing serious."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.site.site import ModelChange, RequestChanges, SiteOverview, SiteRow
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.report.evaluation_page.page import page
from reconciler.report.site import history_pages, model_page, overview
from reconciler.report.site.layout import STYLE_FILE, style
from tests.support.browser import asked, opened, violations
from tests.support.model_reports import HOSTILE, SCRIPT, model_report

pytestmark = pytest.mark.needs("chromium")
KINDS = (2, 5, 40, None)


def all_but(first: object, *others: object) -> list[object]:
    """One case; and the others, which only `make soak` opens: each takes the browser a second."""
    return [first, *(pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=ONLY) for each in others)]


ONLY = pytest.mark.soak(only=True)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[int | None, Path]:
    folder = tmp_path_factory.mktemp("reports")
    written = {}
    for kind in KINDS:
        written[kind] = folder / f"{kind}.html"
        written[kind].write_text(page(model_report(kind)))
    return written


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of 1,200 models, with hostile words wherever words can stand."""
    folder = tmp_path_factory.mktemp("site")
    rows = tuple(
        SiteRow(
            model=f"model-{n:05d}",
            sync=SyncStatus.IN_SYNC if n % 7 else SyncStatus.OUT_OF_SYNC,
            health=HealthStatus.HEALTHY if n % 50 else HealthStatus.DEGRADED,
            grade="ABCD"[n % 4],
            headline=0.6,
            since="2026-11-28",
            data_as_of="2026-11-27",
            reason=HOSTILE[n % len(HOSTILE)],
        )
        for n in range(1200)
    )
    change = ModelChange(
        model="model-00001",
        n=1,
        when="2026-11-28T10:00:00Z",
        action="deploy",
        artifact="ab" * 6,
        commit="cd" * 6,
        who=SCRIPT,
        reason=HOSTILE[1],
        request="#12",
        url="javascript:alert(5)",
    )
    request = RequestChanges(
        commit=change.commit, request="#12", url="", when=change.when, who=SCRIPT, models=("model-00001",), count=60
    )
    shown = SiteOverview(
        project="books",
        environment="production",
        role="production",
        revision="ab" * 20,
        made="2026-11-29T08:00Z",
        notes=(SCRIPT,),
        rows=rows,
        history=(change,),
        requests=(request,),
    )
    (folder / "models").mkdir()
    (folder / "list").mkdir()
    files = {
        STYLE_FILE: style().encode(),
        "index.html": overview.index(shown),
        "history.html": history_pages.history(shown),
        "requests.html": history_pages.requests(shown),
        "models/late-payments.html": model_page.model_page(model_report(5), plots=True),
        **dict(overview.lists(shown)),
    }
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


@pytest.mark.parametrize("kind", all_but(5, 2, 40, None), ids=str)
def test_a_report_opens_without_a_word_on_the_console(reports: dict[int | None, Path], kind: int | None) -> None:
    shown = opened(reports[kind])
    assert shown.console == ()
    assert "<script" not in shown.dom


@pytest.mark.needs("axe")
@pytest.mark.parametrize(("kind", "dark"), all_but((5, True), (2, False), (40, False), (None, True)), ids=str)
def test_axe_finds_nothing_serious_in_a_report(reports: dict[int | None, Path], kind: int | None, dark: bool) -> None:
    assert violations(reports[kind], dark=dark) == []


@pytest.mark.needs("axe")
@pytest.mark.parametrize("name", all_but("index.html", "history.html", "requests.html"))
def test_axe_finds_nothing_serious_in_a_site(site: Path, name: str) -> None:
    assert violations(site / name) == []


@pytest.mark.parametrize("kind", all_but(40, 5), ids=str)
def test_on_a_phone_only_tables_scroll_sideways(reports: dict[int | None, Path], kind: int | None) -> None:
    question = "return [innerWidth, document.documentElement.scrollWidth]"
    inner, wide = asked(reports[kind], question, width=360)
    assert (inner, wide) == (360, 360)


@pytest.mark.soak(only=True)
def test_dark_and_light_are_different_colours_of_the_same_page_and_of_its_plots(
    reports: dict[int | None, Path],
) -> None:
    question = (
        "const page = getComputedStyle(document.body), plot = getComputedStyle(document.querySelector('.plot text'));"
        "return [page.backgroundColor, page.color, plot.fill]"
    )
    light, dark = (asked(reports[2], question, dark=dark) for dark in (False, True))
    assert all(a != b for a, b in zip(light, dark, strict=True))


@pytest.mark.soak(only=True)
def test_a_report_is_printed_on_white_with_what_is_folded(reports: dict[int | None, Path], tmp_path: Path) -> None:
    opened(reports[40], f"--print-to-pdf={tmp_path}/report.pdf", dark=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.soak(only=True)
@pytest.mark.parametrize(
    "name", all_but("models/late-payments.html", "history.html", "requests.html", "list/2.html", "list/3.html")
)
def test_a_page_of_a_site_loads_its_style_from_the_disk_and_nothing_else(site: Path, name: str) -> None:
    shown = opened(site / name)
    assert shown.console == ()
    assert "<script" not in shown.dom


def test_the_search_runs_under_the_policy_of_its_page_and_finds_by_name_and_state(site: Path) -> None:
    shown = opened(site / "index.html")
    assert shown.console == ()
    assert '<div id="searching">' in shown.dom
    question = (
        "const box = document.getElementById('search'); box.value = 'model-0000 degraded';"
        "box.dispatchEvent(new Event('input'));"
        "return [...document.querySelectorAll('#found a')].map(link => link.getAttribute('href'))"
    )
    assert asked(site / "index.html", question) == ["models/model-00000.html"]


def test_without_scripts_the_overview_has_its_first_models_and_links_to_all_lists(site: Path) -> None:
    body = (site / "index.html").read_text()
    assert body.count('<a href="models/model-') >= 200
    assert '<a href="list/6.html">6</a>' in body
    assert '<div id="searching" hidden>' in body
