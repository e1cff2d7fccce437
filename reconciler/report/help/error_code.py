"""An error code: what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.error_codes import ErrorCode
from reconciler.report.layout.blocks import Block, Code, Detail, Heading, Item, Items, Paragraph

DOCUMENTS = {"explain-code": (ErrorCode, ())}  # what commands print as JSON, and the facts added to it


def blocks(code: ErrorCode, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """Explain the code."""
    yield Heading(Code(code.code))
    yield Paragraph(code.meaning, indent=2)
    yield Items((Item(code.remedy, label="what to do"),))
