"""A health check: what was checked, area by area, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reconciler.core.inspect.health_check import Check, HealthReport, Level
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Column,
    DataTable,
    Detail,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
)
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone, cells

_MARKS = {Level.GOOD: "ok", Level.WARNING: "warn", Level.BAD: "BAD"}
_TONES = {Level.GOOD: Tone.PLAIN, Level.WARNING: Tone.WARN, Level.BAD: Tone.BAD}
_COLUMNS = tuple(Column(name=name) for name in ("where", "what", "result", "found"))

DOCUMENTS = {"doctor": (HealthReport, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(report: HealthReport, detail: Detail) -> Iterator[Block]:
    """List the checks; a screen has the summary last, where it is seen, a page first."""
    if detail is Detail.PAGE:
        yield Heading(summary(report))
        yield DataTable(_COLUMNS, tuple(map(_row, report.checks)))
        return
    width = 6 + max((cells(plain(check.name)) for check in report.checks), default=0)
    for area, checks in groupby(report.checks, key=lambda check: check.area):
        yield Paragraph(area, tone=Tone.STRONG)
        yield Items(tuple(item for check in checks for item in _items(check)), label_width=width)
        yield GAP
    yield Paragraph(summary(report), tone=Tone.STRONG)


def summary(report: HealthReport) -> str:
    """Sum up the checks in one line."""
    bad, warnings = report.count(Level.BAD), report.count(Level.WARNING)
    if not bad and not warnings:
        return f"All is well: {count(len(report.checks), 'check')}"
    parts = [f"{bad} bad"] * bool(bad) + [count(warnings, "warning")] * bool(warnings)
    return f"{count(len(report.checks), 'check')}: {' and '.join(parts)}"


def _items(check: Check) -> Iterator[Item]:
    yield Item(check.found, label=(Literal(f"{_MARKS[check.level]:4}  "), check.name), tone=_TONES[check.level])
    if check.remedy is not None:
        yield Item(("hint: ", check.remedy))


def _row(check: Check) -> Row:
    remedy = (". Hint: ", check.remedy) if check.remedy is not None else ""
    return Row((check.area, check.name, Literal(_MARKS[check.level]), (check.found, remedy)))
