"""A reproduction: whether the same inputs gave the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.audit import ReproduceResult
from reconciler.report.layout.blocks import Block, Code, Detail, Either, Item, Items, Literal, Paragraph, Strong, joined
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {
    "reproduce": (ReproduceResult, ("exit", "equal"))
}  # what commands print as JSON, and the facts added to it


def blocks(result: ReproduceResult, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """Say whether the artifact came out the same, which files differ, and of what it was made."""
    if result.equal:
        mark = Either("", Literal("✅ "))
        yield Paragraph((mark, Strong("Reproduced"), ": trained again, every byte is the same."), tone=Tone.GOOD)
        facts = [("artifact", str(result.expected))]
    else:
        files = joined(map(Code, result.differing), ", ") or "only the artifact's manifest"
        title = (Either("NOT reproduced", (Literal("❌ "), Strong("Not reproduced"))), ": trained again, these files ")
        yield Paragraph((*title, "differ: ", files), tone=Tone.BAD, hang=2)
        facts = [("expected", str(result.expected)), ("trained now", str(result.found))]
    if result.signed is not None:
        facts.append(("signed by", str(result.signed)))
    facts += [("fingerprint", str(result.fingerprint)), ("first trained", result.trained)]
    items = tuple(Item(Code(value), label=label, joint=" ") for label, value in facts)
    yield Items(items, label_width=13, gap=" ")
    if result.unsigned is not None:
        yield Paragraph(f"Not signed: {result.unsigned}.", tone=Tone.WARN)
