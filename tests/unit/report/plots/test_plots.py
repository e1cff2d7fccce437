"""Plots: the same bytes whatever settings a machine has, colours that follow the page, names that are only text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from reconciler.report.plots.intervals import NamedValue, intervals
from reconciler.report.plots.lines import LinePlot, Series, lines
from tests.support.model_reports import HOSTILE

DRAW = """
from reconciler.report.plots.lines import LinePlot, Series, lines
line = Series(xs=(0.0, 0.2, 1.0), ys=(0.0, 0.8, 1.0))
print(lines(LinePlot(name="roc", title="t", description="d", x="x", y="y", series=(line, line), diagonal=True)))
"""


def drawn(name: str = "roc", count: int = 2) -> str:
    line = Series(xs=(0.0, 0.2, 1.0), ys=(0.0, 0.8, 1.0))
    return lines(LinePlot(name=name, title="t", description="d", x="x", y="y", series=(line,) * count, diagonal=True))


def test_the_settings_of_a_person_or_a_folder_change_no_byte(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nsvg.hashsalt: other\nfont.size: 30\nno such setting\n")
    ran = subprocess.run([sys.executable, "-c", DRAW], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == drawn() + "\n"
    assert ran.stderr == ""


def test_colours_are_variables_of_the_page() -> None:
    svg = drawn()
    assert "var(--s1)" in svg
    assert "var(--ink)" in svg
    assert not re.findall(r"#[0-9a-f]{6}", svg)


def test_plots_of_one_page_share_no_identifier() -> None:
    first, second = (set(re.findall(r' id="([^"]+)"', drawn(name))) for name in ("roc", "pr"))
    assert first
    assert not first & second


def test_names_never_reach_the_library_and_stand_in_the_plot_as_text() -> None:
    rows = [NamedValue(name=name, value=0.1, low=0.0, high=0.2, strong=n < 2) for n, name in enumerate(HOSTILE)]
    svg = intervals(rows, name="inf", title="t", description=HOSTILE[0], x="drop")
    assert "<script" not in svg
    assert "&lt;/script&gt;" in svg
    assert "$x^2$" in svg
    assert not re.findall(r">@\d+@<", svg)
    assert "a-very-long" in svg
    assert "without-any-place-to-break-it-a-very" not in svg


def test_more_series_than_can_be_told_apart_are_not_drawn() -> None:
    assert drawn(count=9) == drawn(count=6)


def test_no_date_and_no_name_of_the_library_is_in_a_plot() -> None:
    svg = drawn().lower()
    assert "matplotlib" not in svg
    assert "<metadata" not in svg
    assert "<?xml" not in svg
