"""What `attest` signed, by model, and what it could not sign."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.trust.results import Attested, AttestResult
from reconciler.report.layout.blocks import Block, Detail, Item, Items, Paragraph
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"attest": (AttestResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: AttestResult, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (every report's shape)
    """Show what was signed of each model."""
    count = sum(bool(each.signed) for each in result.models)
    yield Paragraph(
        f"Signed in {result.environment} with key {short(result.key)}: {count} of {len(result.models)} models",
        tone=Tone.STRONG,
        hang=2,
    )
    if result.models:
        yield Items(tuple(Item(_line(each)) for each in result.models))


def _line(each: Attested) -> str:
    if each.problem is not None:
        return f"{each.model}: not signed: {each.problem}"
    return f"{each.model}: {', '.join(each.signed) or 'was signed before'}"
