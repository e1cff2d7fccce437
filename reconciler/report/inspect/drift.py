"""Drift: per environment what is not as it was applied, since when, and what to do. Worst first.

The same as the body of an issue, which holds no age and no time of the run: said again, it is the same text.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.inspect import drift
from reconciler.core.inspect.drift import DriftFinding, DriftReport, EnvironmentDrift, Seen
from reconciler.report.layout.escaping import cell, code, paper, plain, prose
from reconciler.report.layout.formatting import NONE, at, at_code, count, moment, titled
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, command, page, wrap

ROWS = 200  # of an issue
_COLUMNS = [
    TextColumn(name="model"),
    TextColumn(name="kind"),
    TextColumn(name="first seen"),
    TextColumn(name="what"),
    TextColumn(name="what to do"),
]
_ROOM = LONGEST_BODY - drift.HIDDEN - 8_000


def text(drifted: DriftReport, look: TextStyle) -> str:
    return page(_lines(drifted, look), look)


def _lines(drifted: DriftReport, look: TextStyle) -> Iterator[Line]:
    for position, one in enumerate(drifted.environments):
        if position:
            yield Line()
        yield from _environment(drifted, one, look)
    if not drifted.environments:
        yield Line("No environment is declared.", Tone.DIM)


def summary(one: EnvironmentDrift) -> str:
    if one.problem is not None:
        return "could not be looked at"
    looked = f"{count(one.models, 'model')} looked at" + (f", {one.loaded:,} loaded" if one.loaded else "")
    if not one.findings:
        return f"no drift; {looked}" if one.models else "nothing to look at"
    return f"{count(len(one.findings), 'finding')}; {looked}"


def _environment(drifted: DriftReport, one: EnvironmentDrift, look: TextStyle) -> Iterator[Line]:
    title = f"{plain(titled(one.environment, one.role))} {at(drifted.revision)}: {summary(one)}"
    for line in wrap(title, look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    for note in _notes(one):
        for line in wrap(plain(note), look.width, first="  "):
            yield Line(line, Tone.DIM)
    if one.problem is not None:
        for line in wrap(plain(one.problem), look.width, first="! ", rest="    "):
            yield Line(line, Tone.BAD)
    for finding in one.findings:
        yield Line()
        yield from _finding(finding, look)


def _notes(one: EnvironmentDrift) -> Iterator[str]:
    if one.pending:
        yield f"{count(one.pending, 'model')} with a change in git that nobody applied yet: pending, not drift"
    yield from one.notes
    if one.news is not None:
        yield f"issue {one.news.value}" + (f": {one.issue}" if one.issue else "")


def _finding(one: DriftFinding, look: TextStyle) -> Iterator[Line]:
    tone = Tone.WARN if one.kind in (DriftType.CONFIG_CHANGED, DriftType.UNMANAGED, DriftType.UNHEALTHY) else Tone.BAD
    since = f"  first seen {moment(one.since)}" if one.since is not None else ""
    name = plain(one.model) if one.model is not None else "the environment"
    for line in wrap(f"{name}  {one.kind.value}{since}", look.width, first="! ", rest="    "):
        yield Line(line, tone)
    for line in wrap(plain(one.what), look.width, first="    "):
        yield Line(line, tone)
    for remedy in one.remedies:
        for line in wrap(
            f"{plain(remedy.reason)}{':' if remedy.command else ''}", look.width, first="    > ", rest="      "
        ):
            yield Line(line)
        if remedy.command is not None:
            for line in command(plain(remedy.command), look.width, indent="      "):
                yield Line(line)


def markdown(drifted: DriftReport) -> str:
    lines: list[str] = []
    for one in drifted.environments:
        title = prose(titled(one.environment, one.role))
        lines += [f"### {title} {at_code(drifted.revision)}: {prose(summary(one))}", ""]
        lines += [f"- {prose(note)}" for note in _notes(one)]
        lines += [f"- {prose(one.problem)}"] if one.problem is not None else []
        if one.findings:
            lines += ["", *markdown_table(_COLUMNS, [_row(finding) for finding in one.findings])]
        lines += [""]
    return paper(lines or ["No environment is declared."])


def _row(one: DriftFinding) -> list[str]:
    remedies = [f"{prose(each.reason)}" + (f": {cell(each.command)}" if each.command else "") for each in one.remedies]
    return [
        cell(one.model) if one.model is not None else "(the environment)",
        one.kind.value,
        moment(one.since) if one.since is not None else NONE,
        prose(one.what),
        "; ".join(remedies),
    ]


def issue(one: EnvironmentDrift, before: Seen, now: datetime) -> str:
    """The body of the environment's issue; without findings its last word. `before`: what it said last."""
    name = code(one.environment)
    if not one.findings:
        lines = [
            drift.hidden(()),
            f"All is well again in {name}, as of {moment(now)}: what is served is what was applied.",
            "",
        ]
        lines += [
            f"- {cell(model or one.environment)}: {kind}, first seen {moment(since)}"
            for (model, kind), since in sorted(before.items())[:ROWS]
        ]
        return paper(lines)
    lines = [drift.hidden(one.findings)]
    lines += [f"In {name} something is not as it was applied. Nothing was changed by looking.", ""]
    rows, room = [], _ROOM
    for finding in one.findings[:ROWS]:
        row = _row(finding)
        room -= sum(map(len, row)) + 3 * len(row)
        if room < 0:
            break
        rows.append(row)
    lines += markdown_table(_COLUMNS, rows)
    if left := len(one.findings) - len(rows):
        lines += ["", f"and {left:,} more: `reconciler drift {plain(one.environment)}` lists all."]
    lines += ["", "This issue is brought up to date by `reconciler drift --issue`, and closed when all is well."]
    return paper(lines)
