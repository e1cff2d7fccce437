"""What the store of a sandbox lost, and how to go on without it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.artifact.loss import SandboxLoss
from reconciler.core.digest import short
from reconciler.report.layout.blocks import Block, CodeBlock, Detail, Item, Items, Paragraph
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"loss": (SandboxLoss, ())}  # what commands print as JSON, and the facts added to it


def blocks(loss: SandboxLoss, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (every report's shape)
    """Show the losses, then the command that goes on without them, or who gave them up."""
    name = loss.environment
    if loss.accepted_by is not None:
        yield Paragraph(f"The store of {name} begins anew.", tone=Tone.STRONG, hang=2)
        yield Paragraph(f"Given up by {loss.accepted_by}: {loss.reason}", indent=2)
        yield Items(tuple(Item(line) for line in loss.losses))
        yield Paragraph("Next:")
        yield CodeBlock((f"reconciler apply {name}",), runnable=True)
        return
    yield Paragraph(f"The store of {name} ({loss.address}) lost records, with id {short(loss.digest)}:", hang=2)
    yield Items(tuple(Item(line) for line in loss.losses))
    yield Paragraph(
        "Mount the disk or restore a backup if there is one. What is deployed elsewhere stays. To give up what is "
        "lost, so that the next apply takes a snapshot and trains anew:"
    )
    yield CodeBlock((f"reconciler controls accept {name} --reason TEXT",), runnable=True)
