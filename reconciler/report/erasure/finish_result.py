"""What was removed of forgotten entities, and what waits."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.erasure.results import FinishedErasure, FinishResult
from reconciler.report.layout.blocks import Block, Detail, Item, Items, Paragraph
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"data-forget-finish": (FinishResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: FinishResult, detail: Detail) -> Iterator[Block]:
    """Say of each erasure that was due what is gone, and what stays for now."""
    del detail
    if not result.erasures:
        yield Paragraph(f"No erasure of {result.environment} is due.", hang=2)
    for each in result.erasures:
        yield from _erasure(result.environment, each)
    if result.later:
        yield Items(tuple(Item(line, label="later") for line in result.later), label_width=10)


def _erasure(environment: str, erasure: FinishedErasure) -> Iterator[Block]:
    if erasure.certified:
        yield Paragraph(
            f"Erasure {erasure.erasure} of {environment} is carried out: {count(erasure.removed, 'object')} removed."
            f" Its certificate: {certificate_place(environment, erasure.erasure)}",
            tone=Tone.STRONG,
            hang=2,
        )
    else:
        yield Paragraph(
            f"Erasure {erasure.erasure} of {environment}: {count(erasure.removed, 'object')} removed; what is in use"
            " stays until it is replaced, and nothing is certified yet.",
            tone=Tone.WARN,
            hang=2,
        )
    items = [
        Item(f"{model.environment}/{model.model}: {short(model.artifact)}", label="replace")
        for model in erasure.waiting
    ]
    items += [Item(line, label="untold") for line in erasure.not_told]
    if items:
        yield Items(tuple(items), label_width=10)


def certificate_place(environment: str, erasure: int) -> str:
    """Return where a certificate is in the store of its environment."""
    return f"certificates/{environment}/erasure-{erasure}.json in the store of {environment}"
