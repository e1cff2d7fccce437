"""Plots of named values with their intervals, one a row: influence of features, slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.report.plots.svg import FAINT, SERIES, Names, drawing, svg_of

_ROW, _EDGE = 20, 66


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedValue:
    """A value and its interval. `strong`: told apart from the line that it is compared with."""

    name: str
    value: float
    low: float | None
    high: float | None
    strong: bool


def intervals(rows: Sequence[NamedValue], *, name: str, title: str, description: str, x: str, line: float = 0.0) -> str:
    """Return the rows as inline SVG, the first one above. `line`: a value that all are compared with."""
    names = Names()
    with drawing(left=182, height=_EDGE + _ROW * max(2, len(rows))) as (figure, axes):
        axes.axvline(line, color=FAINT, linewidth=1)
        for y, row in enumerate(rows):
            colour = SERIES[0] if row.strong else FAINT
            if row.low is not None and row.high is not None:
                axes.plot((row.low, row.high), (y, y), color=colour, linewidth=1.8)
            filled = colour if row.strong else "none"
            axes.plot((row.value,), (y,), color=colour, marker="o", markersize=5, markerfacecolor=filled)
        axes.set_yticks(range(len(rows)), [names.mark(row.name) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.margins(x=0.06)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(x)
        return svg_of(figure, name=name, title=title, description=description, names=names)
