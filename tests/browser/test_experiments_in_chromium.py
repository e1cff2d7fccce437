"""The page of an experiment in a real browser: nothing runs, nothing is cut off, and axe finds nothing serious."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.report.experiment.experiment_page import page
from tests.support.browser import asked, opened, violations
from tests.support.experiment_tables import experiment_table

pytestmark = pytest.mark.needs("chromium")
ONLY = pytest.mark.soak(only=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("experiment") / "search.html"
    file.write_text(page(experiment_table(trials=60)))
    return file


@pytest.mark.needs("axe")
@pytest.mark.parametrize("dark", [True, pytest.param(False, marks=ONLY)])
def test_axe_finds_nothing_serious(report: Path, dark: bool) -> None:
    assert violations(report, dark=dark) == []


def test_on_a_phone_only_tables_scroll_sideways(report: Path) -> None:
    question = "return [innerWidth, document.documentElement.scrollWidth]"
    assert asked(report, question, width=360) == [360, 360]


@ONLY
def test_it_opens_without_a_word_on_the_console_and_is_printed(report: Path, tmp_path: Path) -> None:
    assert opened(report).console == ()
    opened(report, f"--print-to-pdf={tmp_path}/report.pdf", dark=True)
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
