"""Erasures that were ended, since the entity came back."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.erasure.results import ReturnResult
from reconciler.report.layout.blocks import Block, Detail, Paragraph

DOCUMENTS = {"data-forget-returned": (ReturnResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: ReturnResult, detail: Detail) -> Iterator[Block]:
    """Say which erasures were ended, and what that means."""
    del detail
    numbers = ", ".join(map(str, result.ended))
    yield Paragraph(
        f"Ended: erasure {numbers} of {result.environment}. The next refresh copies the entity's rows again; what"
        " learnt from them before is trained again where it is needed.",
        hang=2,
    )
