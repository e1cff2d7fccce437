"""An error code: what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.error_codes import ErrorCode
from reconciler.report.layout.escaping import code as quoted
from reconciler.report.layout.escaping import paper, prose
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap


def text(found: ErrorCode, look: TextStyle) -> str:
    return page(_lines(found, look), look)


def _lines(found: ErrorCode, look: TextStyle) -> Iterator[Line]:
    yield Line(found.code, Tone.STRONG)
    for line in wrap(found.meaning, look.width, first="  ", rest="  "):
        yield Line(line)
    for line in wrap(found.remedy, look.width, first="  what to do  "):
        yield Line(line)


def markdown(found: ErrorCode) -> str:
    return paper([f"### {quoted(found.code)}", "", prose(found.meaning), "", prose(found.remedy)])
