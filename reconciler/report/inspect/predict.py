"""Predictions: how many records got which class, how many are uncertain, and the amounts to expect per group."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.inspect.predictions import Predictions
from reconciler.report.layout.escaping import cell, code, paper, plain, prose
from reconciler.report.layout.formatting import amount, count, percent
from reconciler.report.layout.table import TextColumn, markdown_table, table
from reconciler.report.layout.text_layout import UNICODE, Line, TextStyle, Tone, bar, elide, page, wrap

BAR = 20
MOST_GROUPS = 30


def text(made: Predictions, look: TextStyle) -> str:
    return page(_lines(made, look), look)


def _lines(made: Predictions, look: TextStyle) -> Iterator[Line]:
    title = (
        f"{plain(made.model)} in {plain(made.environment)}: {count(made.rows, 'open record')} predicted with "
        f"{short(made.artifact)}, as of {plain(made.as_of)}"
    )
    for line in wrap(title, look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    if made.classes:
        yield Line()
        columns = [
            TextColumn(name="class"),
            TextColumn(name="records", right=True),
            TextColumn(name="share", right=True),
            TextColumn(name="", spare=1),
        ]
        rows = [
            [plain(name), f"{n:,}", percent(_share(n, made.rows)), bar(_share(n, made.rows), BAR, look)]
            for name, n in zip(made.classes, made.counts, strict=True)
        ]
        for line in table(columns, rows, look):
            yield Line(line)
        uncertain = f"{count(made.uncertain, 'record')} uncertain: the likeliest class is under 50 %"
        for line in wrap(uncertain, look.width, first="  "):
            yield Line(line, Tone.WARN if made.uncertain else Tone.DIM)
    if made.expected:
        yield Line()
        yield from _amounts(made, look)
    yield Line()
    for what in filter(None, (made.out, made.amounts)):
        for line in wrap(plain(what), look.width, first="wrote  ", rest="  "):
            yield Line(line)
    yield Line(f"logged as number {made.log}", Tone.DIM)


def _share(n: int, rows: int) -> float:
    return n / rows if rows else 0.0


def _heading(made: Predictions) -> str:
    return f"Expected {plain(made.amount or 'amount')} by {plain(made.by or 'group')}"


def _outcomes(made: Predictions) -> tuple[str, ...]:
    return made.classes or ("expected",)


def _amounts(made: Predictions, look: TextStyle) -> Iterator[Line]:
    yield Line(elide(_heading(made), look.width, look), Tone.STRONG)
    shown = made.expected[:MOST_GROUPS]
    columns = [TextColumn(name=plain(made.by or "group"))]
    columns += [TextColumn(name=plain(name), right=True) for name in _outcomes(made)]
    rows = [[plain(one.group), *(amount(value) for value in one.amounts)] for one in shown]
    # Too many classes for the page's width: a line per class says more than cut numbers would.
    if sum(max(12, len(column.name) + 2) for column in columns) <= look.width:
        for line in table(columns, rows, look):
            yield Line(line)
    else:
        for one in shown:
            yield Line(f"  {elide(plain(one.group), look.width - 2, look)}")
            pairs = [[plain(name), amount(value)] for name, value in zip(_outcomes(made), one.amounts, strict=True)]
            for line in table(
                [TextColumn(name="class"), TextColumn(name="amount", right=True)], pairs, look, indent="    "
            )[1:]:
                yield Line(line)
    if (left := len(made.expected) - len(shown)) > 0:
        yield Line(f"  and {count(left, 'more group')}: see the file", Tone.DIM)


def markdown(made: Predictions) -> str:
    lines = [
        f"### {code(made.model)} in {code(made.environment)}: {count(made.rows, 'open record')} predicted",
        "",
        f"With artifact `{made.artifact}`, as of {prose(made.as_of)}.",
    ]
    if made.classes:
        look = TextStyle(glyphs=UNICODE)
        rows = [
            [cell(name), f"{n:,}", f"{bar(_share(n, made.rows), 10, look)} {percent(_share(n, made.rows))}"]
            for name, n in zip(made.classes, made.counts, strict=True)
        ]
        columns = [TextColumn(name="class"), TextColumn(name="records", right=True), TextColumn(name="share")]
        lines += ["", *markdown_table(columns, rows)]
        lines += ["", f"{count(made.uncertain, 'record')} uncertain: the likeliest class is under 50 %."]
    if made.expected:
        columns = [TextColumn(name=cell(made.by or "group"))]
        columns += [TextColumn(name=cell(name), right=True) for name in _outcomes(made)]
        rows = [[cell(one.group), *(amount(value) for value in one.amounts)] for one in made.expected[:MOST_GROUPS]]
        lines += ["", f"**{prose(_heading(made))}**", "", *markdown_table(columns, rows)]
    lines += ["", f"Wrote {code(made.out)}" + (f" and {code(made.amounts)}." if made.amounts else ".")]
    return paper(lines)
