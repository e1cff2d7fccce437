"""An error code: what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.codes import Code
from reconciler.report.look import Line, Look, Tone, page, wrap
from reconciler.report.safe import code as quoted
from reconciler.report.safe import paper, prose


def text(found: Code, look: Look) -> str:
    return page(_lines(found, look), look)


def _lines(found: Code, look: Look) -> Iterator[Line]:
    yield Line(found.code, Tone.STRONG)
    for line in wrap(found.meaning, look.width, first="  ", rest="  "):
        yield Line(line)
    for line in wrap(found.remedy, look.width, first="  what to do  "):
        yield Line(line)


def markdown(found: Code) -> str:
    return paper([f"### {quoted(found.code)}", "", prose(found.meaning), "", prose(found.remedy)])
