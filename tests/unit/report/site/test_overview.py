"""The overview of a site: small whatever the names, the gravest first, and no text ends the index of its search."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from reconciler.core.site.site import SiteOverview, SiteRow
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from reconciler.report.site import overview
from tests.support.model_reports import HOSTILE, SCRIPT


def row(model: str, health: HealthStatus = HealthStatus.HEALTHY, status: ResultStatus = ResultStatus.CLEAN) -> SiteRow:
    return SiteRow(
        model=model,
        sync=SyncStatus.IN_SYNC,
        health=health,
        grade="B",
        headline=0.5,
        since="2026-11-01",
        data_as_of="2026-10-30",
        reason=HOSTILE[0],
        status=status,
    )


def site(*rows: SiteRow) -> SiteOverview:
    return SiteOverview(
        project="books",
        environment="production",
        role="production",
        revision="ab" * 20,
        made="2026-11-29T08:00Z",
        notes=(SCRIPT,),
        rows=rows,
        history=(),
        requests=(),
    )


def test_ten_thousand_models_with_the_longest_names_stay_under_two_megabytes() -> None:
    rows = [row(f"{n:05d}".join(("a" * 29, "b" * 29)), HealthStatus.DEGRADED) for n in range(10_000)]
    shown = site(*rows)
    assert len(overview.index(shown)) < 2_000_000
    names = {model for _, body in overview.lists(shown) for model in re.findall(r"models/(\w+)\.html", body.decode())}
    names |= set(re.findall(r"models/(\w+)\.html", overview.index(shown).decode()))
    assert names == {each.model for each in rows}


def test_what_needs_attention_comes_first_and_the_gravest_of_it() -> None:
    damaged = row("c", status=ResultStatus.DAMAGED)
    shown = overview.index(site(row("a"), row("b", HealthStatus.DEGRADED), damaged, row("d", HealthStatus.UNKNOWN)))
    attention = shown.decode().split('id="attention"')[1].split("</section>")[0]
    assert re.findall(r">(\w)</a>", attention) == ["d", "b", "c"]


def test_the_index_of_the_search_is_whole_json_that_no_text_within_can_end() -> None:
    body = overview.index(site(row("a"))).decode()
    (index,) = re.findall(r'<script type="application/json" id="models">(.*?)</script>', body)
    assert json.loads(index) == [["a", "in sync", "healthy", "grade B"]]
    assert SCRIPT not in body
    assert body.count("<script") == 2


def test_the_age_of_the_data_is_as_of_the_time_that_the_page_names() -> None:
    body = overview.index(site(row("a"))).decode()
    assert '<time datetime="2026-11-29T08:00Z">' in body
    assert ">30 d<" in body


def test_a_figure_has_its_metric_and_what_it_and_the_grade_are_of_where_that_is_a_transform() -> None:
    rows = [
        replace(row("a"), figure="r2", unit=SCRIPT),
        replace(row("b"), figure="f1_macro"),
        replace(row("c"), figure=""),
    ]
    body = overview.index(site(*rows)).decode()
    listed = body.split('id="list"')[1]
    assert "r2 0.500; it and the grade are of <bdi>" in listed
    assert listed.count("are of") == 1
    assert ">f1 macro 0.500<" in listed
    assert ">0.500<" in listed
    assert SCRIPT not in body


def test_a_site_without_models_says_so() -> None:
    assert "No model is declared here." in overview.index(site()).decode()
