"""An error code: what it means and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.error_codes import CODES, ErrorCode
from reconciler.errors import UsageError
from reconciler.report.layout.blocks import Block, Code, Detail, Heading, Item, Items, Paragraph

DOCUMENTS = {"explain-code": (ErrorCode, ())}  # what commands print as JSON, and the facts added to it


def blocks(code: ErrorCode, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """Explain the code."""
    yield Heading(Code(code.code))
    yield Paragraph(code.meaning, indent=2)
    yield Items((Item(code.remedy, label="what to do"),))


def known(text: str) -> ErrorCode | None:
    """Return the code that `text` names, in upper or lower case; None where it does not have the form of a code.

    Raises UsageError E801 for a code that does not exist.
    """
    wanted = text.strip().upper()
    if not re.fullmatch(r"E[0-9]{1,4}", wanted):
        return None
    if wanted not in CODES:
        family = ", ".join(code for code in CODES if code.startswith(wanted[:2])) or "see the reference"
        hint = f"codes that begin with {wanted[:2]}: {family}"
        raise UsageError(f"error code {wanted} does not exist", hint=hint, code="E801")
    return CODES[wanted]
