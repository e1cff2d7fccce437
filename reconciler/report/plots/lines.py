"""Plots of lines: curves of a classification, calibration, and a figure over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.report.plots.svg import DASHES, FAINT, INK, SERIES, drawing, svg_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points of one line, in order. `lows`, `highs`: of their intervals, None where one has none."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlot:
    """A plot of at most six series; what is further is not drawn. `steps`: each value holds up to the next point;
    `diagonal`: the line where both axes are equal, and both have one range; `unit`: both reach from 0 to 1."""

    name: str
    title: str
    description: str
    x: str
    y: str
    series: tuple[Series, ...]
    steps: bool = False
    diagonal: bool = False
    unit: bool = True
    points: bool = False


def lines(plot: LinePlot) -> str:
    """Return the plot as inline SVG."""
    with drawing() as (figure, axes):
        for n, series in enumerate(plot.series[: len(SERIES)]):
            axes.plot(
                series.xs,
                series.ys,
                color=SERIES[n],
                linestyle=DASHES[n],
                linewidth=1.6,
                drawstyle="steps-post" if plot.steps else "default",
                marker="o" if plot.points else None,
                markersize=4,
            )
            for x, low, high in zip(series.xs, series.lows, series.highs, strict=False):
                if low is not None and high is not None:
                    axes.plot((x, x), (low, high), color=SERIES[n], linewidth=1)
        start, end = 0.0, 1.0
        if plot.unit:
            axes.set_xlim(-0.02, 1.02)
            axes.set_ylim(-0.02, 1.02)
        elif plot.diagonal:
            start, end = _shared_range(plot)
            axes.set_xlim(start, end)
            axes.set_ylim(start, end)
        if plot.diagonal:
            axes.plot((start, end), (start, end), color=FAINT, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_xlabel(plot.x)
        axes.set_ylabel(plot.y)
        return svg_of(figure, name=plot.name, title=plot.title, description=plot.description)


def _shared_range(plot: LinePlot) -> tuple[float, float]:
    values = [value for series in plot.series for value in (*series.xs, *series.ys)]
    values += [v for series in plot.series for v in (*series.lows, *series.highs) if v is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low) * 0.05 or 1.0
    return low - room, high + room


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureAt:
    """A figure as it was from a time on, with its interval where it has one. `label`: a letter beside the point."""

    when: datetime
    value: float
    low: float | None = None
    high: float | None = None
    label: str = ""


def over_time(moments: Sequence[FigureAt], *, name: str, title: str, description: str, y: str) -> str:
    """Return the figure over time as inline SVG. `moments`: the earliest first."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

    with drawing() as (figure, axes):
        moment_of: Callable[[datetime], float] = date2num
        xs = [float(moment_of(each.when.astimezone(UTC))) for each in moments]
        axes.plot(xs, [each.value for each in moments], color=SERIES[0], linewidth=1.6, marker="o", markersize=5)
        for x, each in zip(xs, moments, strict=True):
            if each.low is not None and each.high is not None:
                axes.plot((x, x), (each.low, each.high), color=SERIES[0], linewidth=1)
            if len(moments) <= 30:
                axes.annotate(each.label[:2], (x, each.value), xytext=(4, 6), textcoords="offset points", color=INK)
        locator = AutoDateLocator(tz=UTC, maxticks=6)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]
        axes.margins(x=0.08, y=0.18)
        axes.set_ylabel(y)
        return svg_of(figure, name=name, title=title, description=description)
