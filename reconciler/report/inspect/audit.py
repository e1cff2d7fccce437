"""Audit: how much was read and hashed, and each thing that is not as it must be, with its remedy."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.audit import Audit
from reconciler.report.layout.escaping import cell, code, paper, plain, prose
from reconciler.report.layout.formatting import count
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap


def text(audit: Audit, look: TextStyle) -> str:
    return page(_lines(audit, look), look)


_ONE = {
    "anchors": "anchor",
    "approved deploys": "approved deploy",
    "blobs": "blob",
    "builds": "build",
    "journal": "journal entry",
    "mark": "store mark",
    "overrides": "override",
    "predictions": "prediction log",
    "recipes": "build of a recipe",
    "served models": "served model",
    "snapshots": "snapshot",
    "verifications": "verification",
}
_MANY = {
    "journal": "journal entries",
    "mark": "store marks",
    "predictions": "prediction logs",
    "recipes": "builds of recipes",
}


def summary(audit: Audit) -> str:
    counts = [f"{n:,} {(_ONE if n == 1 else _MANY).get(kind, kind)}" for kind, n in audit.checked]
    checked = ", ".join(counts) or "nothing"
    if not audit.findings:
        return f"Everything is as it must be. Read and hashed: {checked}."
    return f"{count(len(audit.findings), 'finding')}. Read and hashed: {checked}."


def _lines(audit: Audit, look: TextStyle) -> Iterator[Line]:
    for line in wrap(summary(audit), look.width, rest="  "):
        yield Line(line, Tone.BAD if audit.findings else Tone.GOOD)
    for one in audit.findings:
        yield Line()
        place = f"{plain(one.environment)}: {plain(one.where)}: {plain(one.problem)}"
        for line in wrap(place, look.width, first="! ", rest="    "):
            yield Line(line, Tone.BAD)
        if one.remedy:
            for line in wrap(plain(one.remedy), look.width, first="    what to do  ", rest="      "):
                yield Line(line)


def markdown(audit: Audit) -> str:
    lines = [summary(audit)]
    if audit.findings:
        rows = [
            [code(one.environment), cell(one.where), prose(one.problem), prose(one.remedy or "")]
            for one in audit.findings
        ]
        names = ("environment", "where", "problem", "what to do")
        lines += ["", *markdown_table([TextColumn(name=name) for name in names], rows)]
    return paper(lines)
