"""The page of an experiment: the holdout first, every trial with its interval, every text harmless."""

from __future__ import annotations

import re

import pytest

from reconciler.report.experiment.experiment_page import page
from reconciler.report.experiment.experiment_table import blocks as experiment_table_blocks
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from tests.support.experiment_tables import experiment_table
from tests.support.model_reports import HOSTILE, SCRIPT
from tests.unit.report.evaluation_page.test_page import Outline


@pytest.fixture(scope="module")
def shown() -> str:
    return page(experiment_table())


def test_it_holds_no_script_no_handler_and_no_address_and_may_load_nothing(shown: str) -> None:
    elements = Outline(shown).elements
    assert not {tag for tag, _ in elements} & {"script", "img", "iframe", "object", "embed", "link", "form", "base"}
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert "default-src 'none'; style-src 'unsafe-inline'" in shown
    assert "script-src" not in shown
    assert re.findall(r'href="(?!#)[^"]*"', shown) == []


def test_hostile_names_stand_there_as_text_isolated_from_what_is_beside_them(shown: str) -> None:
    assert SCRIPT in "".join(Outline(shown).texts)
    assert SCRIPT not in shown
    assert f"without {HOSTILE[1]}</bdi>" in shown
    assert "\u202e" not in shown


def test_every_element_is_closed_and_every_identifier_stands_once(shown: str) -> None:
    outline = Outline(shown)
    assert outline.open == []
    identifiers = [value for _, attributes in outline.elements if (value := attributes.get("id"))]
    assert len(set(identifiers)) == len(identifiers)


def test_the_holdout_comes_first_with_its_interval_the_difference_and_the_looks(shown: str) -> None:
    sections = re.findall(r'<section id="([a-z0-9-]+)"', shown)
    assert sections == ["verdict", "best", "trials-0", "trials-1", "shared", "how"]
    verdict = shown.partition('<section id="best"')[0]
    for words in (
        "f1_macro 0.564 (95% interval 0.510 to 0.610), naive guess 0.279 on 492 holdout rows",
        "had judged a candidate 7 times on average",
        "No difference seen",
        "The best of 16 recipes looks better than it is",
        "The data changed since this run.",
    ):
        assert words in verdict
    assert "0.599" not in verdict, "the winner's figure on the folds is not what to expect"


def test_each_arm_lists_its_trials_best_first_and_says_what_is_not_certain(shown: str) -> None:
    arm = shown.partition('<section id="trials-1"')[2].partition('<section id="shared"')[0]
    numbers = re.findall(r'<th scope="row">(\d+)', arm)
    assert numbers == ["10", "11", "12", "13", "14", "15", "9", "16", "17"]
    assert arm.count("<td>certain</td>") == 2
    assert arm.count("<td>not certain</td>") == 4
    assert "not comparable with the others" in arm
    assert "left out after 1 fold" in arm
    assert "could not be trained: " in arm


def test_arms_stand_side_by_side_on_the_rows_that_they_share(shown: str) -> None:
    shared = shown.partition('<section id="shared"')[2].partition("</section>")[0]
    assert '<td>certain</td><td class="r">240</td>' in shared
    assert "+0.0200" in shared
    text = to_text(experiment_table_blocks(experiment_table(), Detail.SCREEN), TextStyle())
    words = (
        "trial 10 reaches f1_macro 0.610 and trial 1 0.590 on the 240 rows that both have; better by +0.0200, certain"
    )
    assert words in " ".join(text.split())


def test_each_of_the_best_has_its_changes_and_the_command_that_adopts_it(shown: str) -> None:
    best = shown.partition('<section id="best"')[2].partition("</section>")[0]
    assert "<li><bdi>LogisticRegression C 1</bdi></li>" in best
    assert "<code>reconciler experiment adopt search</code>" in best
    assert "<code>reconciler experiment adopt search --trial 2</code>" in best
    assert "max_depth" not in best, "a trial that was left out or failed is not one of the best"


def test_where_nothing_did_better_the_page_says_so_and_shows_no_figure_of_the_holdout() -> None:
    shown = page(experiment_table(won=False), plots=False)
    assert "The holdout was not looked at." in shown
    assert "holdout rows" not in shown
    assert '<svg class="plot"' not in shown


def test_a_page_of_two_thousand_trials_is_small_and_folds_what_is_not_among_the_first() -> None:
    shown = page(experiment_table(trials=2000, arms=1))
    assert len(shown.encode()) < 1_500_000
    assert "1,951 more trials</summary>" in shown


def test_the_same_run_gives_the_same_bytes(shown: str) -> None:
    assert page(experiment_table()) == shown
