"""A checkup: what was looked at, area by area, and the remedies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from reconciler.core.inspect.health_check import Check, HealthReport, Level
from reconciler.report.layout.escaping import paper, plain, prose
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, cells, page, wrap

_MARKS = {Level.GOOD: "ok", Level.WARNING: "warn", Level.BAD: "BAD"}
_TONES = {Level.GOOD: Tone.PLAIN, Level.WARNING: Tone.WARN, Level.BAD: Tone.BAD}


def text(found: HealthReport, look: TextStyle) -> str:
    return page(_lines(found, look), look)


def _title(found: HealthReport) -> str:
    bad, warnings = found.count(Level.BAD), found.count(Level.WARNING)
    if not bad and not warnings:
        return f"All is well: {count(len(found.checks), 'check')}"
    parts = [f"{bad} bad"] * bool(bad) + [count(warnings, "warning")] * bool(warnings)
    return f"{' and '.join(parts)} in {count(len(found.checks), 'check')}"


def _lines(found: HealthReport, look: TextStyle) -> Iterator[Line]:
    names = max((cells(plain(one.name)) for one in found.checks), default=0)
    for area, checks in groupby(found.checks, key=lambda one: one.area):
        yield Line(plain(area), Tone.STRONG)
        for one in checks:
            yield from _check(one, look, names)
        yield Line()
    yield Line(_title(found), Tone.STRONG)


def _check(one: Check, look: TextStyle, names: int) -> Iterator[Line]:
    first = f"  {_MARKS[one.level]:4}  {plain(one.name):{names}}  "
    for line in wrap(plain(one.found), look.width, first=first):
        yield Line(line, _TONES[one.level])
    if one.remedy is not None:
        for line in wrap(f"remedy: {plain(one.remedy)}", look.width, first=" " * cells(first)):
            yield Line(line)


def markdown(found: HealthReport) -> str:
    lines = [f"### {_title(found)}", "", "| where | what | | found |", "|---|---|---|---|"]
    for one in found.checks:
        remedy = f". Remedy: {prose(one.remedy)}" if one.remedy is not None else ""
        lines.append(f"| {prose(one.area)} | {prose(one.name)} | {_MARKS[one.level]} | {prose(one.found)}{remedy} |")
    return paper(lines)
