"""The page of a model: the verdict first, every text harmless, everything in words and numbers as well as in plots."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reconciler.core.site.model_report import ModelReport
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.report.evaluation_page import verdict
from reconciler.report.evaluation_page.page import page
from tests.support.model_reports import HOSTILE, SCRIPT, model_report

KINDS = [2, 5, 40, None]
VOID = {"meta", "br", "link", "input"}


class Outline(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and that each is closed in its turn."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module", params=KINDS, ids=str)
def shown(request: pytest.FixtureRequest) -> str:
    return page(model_report(request.param))


def test_a_page_holds_no_script_no_handler_and_no_address_that_a_browser_would_load(shown: str) -> None:
    elements = Outline(shown).elements
    assert not {tag for tag, _ in elements} & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    names = {name for _, attributes in elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    addresses = [value for _, attributes in elements for name in ("href", "src") if (value := attributes.get(name))]
    assert {address for address in addresses if not address.startswith("#")} == {
        "https://forge.example/payments/pull/41"
    }
    assert "url(" not in shown.replace("url(#", "")


def test_a_page_may_load_nothing_whatever_is_in_it(shown: str) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'" in shown
    assert "script-src" not in shown


def test_every_element_is_closed_and_every_identifier_stands_once(shown: str) -> None:
    outline = Outline(shown)
    assert outline.open == []
    identifiers = [value for _, attributes in outline.elements if (value := attributes.get("id"))]
    assert len(set(identifiers)) == len(identifiers)
    targets = re.findall(r'(?:xlink:href|href)="#([^"]+)"|url\(#([^)]+)\)', shown)
    assert {a or b for a, b in targets} <= set(identifiers)


def test_hostile_names_stand_there_as_text_isolated_from_what_is_beside_them(shown: str) -> None:
    assert SCRIPT in "".join(Outline(shown).texts)
    assert SCRIPT not in shown
    assert f"<bdi>{HOSTILE[1]}</bdi>" in shown
    assert "\u202e" not in shown


def test_the_verdict_comes_first_then_the_figures(shown: str) -> None:
    sections = re.findall(r'<section id="([a-z]+)"', shown)
    assert sections[:2] == ["verdict", "figures"]
    wanted = ["influence", "slices", "incumbent", "versions", "data", "lineage", "gates", "journal"]
    assert [each for each in sections if each in wanted] == wanted


def test_a_page_is_small(shown: str) -> None:
    assert len(shown.encode()) < 300_000


def test_the_same_report_gives_the_same_bytes() -> None:
    report = model_report(5)
    assert page(report) == page(report)


def test_every_plot_has_a_title_a_description_and_a_table_of_its_numbers(shown: str) -> None:
    plots = shown.count('<svg class="plot"')
    assert plots >= 4
    assert len(re.findall(r'<title id="[a-z]+-t">[^<]+</title><desc id="[a-z]+-d">[^<]+</desc>', shown)) == plots
    captions = re.findall(r"<caption>([^<]+)</caption>", shown)
    assert {"Influence", "Slices, the worst first", "Artifacts, the newest first"} <= set(captions)


def test_a_matrix_says_in_its_cells_and_its_head_what_an_eye_sees() -> None:
    shown = page(model_report(5), plots=False)
    found = re.search(r'<table class="matrix">.*?</table>', shown, re.DOTALL)
    assert found is not None
    assert found[0].count('scope="col"') == 8
    assert found[0].count('scope="row"') == 5
    assert '<td class="r hit" style="--p:83">60</td>' in found[0]


def test_columns_of_many_classes_bear_the_numbers_of_the_rows() -> None:
    shown = page(model_report(40), plots=False)
    assert '<th scope="col" class="r"><abbr title="class number 40">40</abbr></th>' in shown
    assert "Columns bear the numbers of the rows." in shown


def test_a_page_without_plots_needs_no_plotting_library_and_has_every_number() -> None:
    report = model_report(2)
    assert '<svg class="plot"' not in page(report, plots=False)
    assert "Predicted and observed" in page(report, plots=False)


def test_a_request_whose_address_is_no_web_page_is_no_link() -> None:
    report = model_report(2)
    assert report.judged is not None
    other = replace(report, judged=replace(report.judged, artifact=report.events[1].artifact or report.judged.artifact))
    assert "javascript:" not in re.findall(r'href="([^"]*)"', page(other, plots=False))
    assert 'href="javascript' not in page(other, plots=False)


def test_why_no_figure_has_an_interval_is_said_once() -> None:
    report = model_report(2)
    assert report.judged is not None
    assert report.judged.detailed is not None
    few = "143 rows: too few for an interval, which needs 200"
    full = report.judged.detailed
    figures = tuple(replace(each, low=None, high=None, why=few) for each in full.figures)
    judged = replace(report.judged, detailed=replace(full, figures=figures))
    section = page(replace(report, judged=judged), plots=False).split('<section id="confusion"')[0]
    assert section.count(few) == 1


def test_what_a_sandbox_holds_is_a_build_and_not_deployed() -> None:
    report = model_report(2)
    assert "is deployed in <bdi>production</bdi>" in page(report, plots=False)
    assert "is the newest build of" in page(replace(report, role="sandbox"), plots=False)


def compared(low: float, high: float) -> str:
    difference = (low + high) / 2
    return verdict.compared_in_words(
        Comparison(
            state=Comparability.COMPARED, metric="f1_macro", rows=900, difference=difference, lower=low, upper=high
        )
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.009, 0.007, "no difference is seen"),
        (0.0, 0.02, "no difference is seen"),
        (0.001, 0.02, "better"),
        (-0.02, -0.001, "worse"),
    ],
)
def test_worse_and_better_are_said_only_of_what_is_told_apart(low: float, high: float, words: str) -> None:
    assert compared(low, high).startswith(f"Against the incumbent: {words} in f1_macro")


def test_a_model_without_an_artifact_has_a_page_that_says_so() -> None:
    nothing = ModelReport(
        model="new", environment="production", role="production", revision=None, unknown="nothing was deployed yet"
    )
    shown = page(nothing)
    assert "nothing was deployed yet" in shown
    assert Outline(shown).open == []


def test_what_is_not_evaluated_in_full_shows_the_figures_of_the_artifact_and_says_so() -> None:
    report = model_report(2)
    assert report.judged is not None
    brief = replace(report.judged, detailed=None, unknown="the rows are not kept any more")
    shown = page(replace(report, judged=brief), plots=False)
    assert "the rows are not kept any more" in shown
    assert "Figures of its own holdout" in shown
    assert '<table class="matrix">' in shown
