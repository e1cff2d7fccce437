"""An erasure that was begun: what it concerns, what it does not reach, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.erasure.results import ForgetResult
from reconciler.report.layout.blocks import Block, CodeBlock, Detail, Item, Items, Paragraph
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"data-forget": (ForgetResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: ForgetResult, detail: Detail) -> Iterator[Block]:
    """Say what the erasure concerns, and what it does not reach."""
    del detail
    begun = "goes on" if result.known else "is begun"
    yield Paragraph(
        f"Erasure {result.erasure} of {result.environment} {begun}: an entity of {result.table}.{result.column}.",
        tone=Tone.STRONG,
        hang=2,
    )
    items = [
        Item(f"{table.name} ({', '.join(table.columns)}): {count(table.rows, 'row')}", label="searched")
        for table in result.searched
    ]
    items += [Item(f"{name}: no reference of a contract leads from it", label="not") for name in result.not_searched]
    items += [Item(f"{line}: closes a circle, so it is not followed", label="not") for line in result.not_followed]
    items += [Item(f"{line}: cannot be told, so it counts as affected", label="untold") for line in result.not_told]
    if result.snapshots:
        items.append(Item(", ".join(result.snapshots), label="snapshots"))
    if result.builds:
        items.append(Item(count(result.builds, "build"), label="learnt"))
    items += [
        Item(f"{model.environment}/{model.model}: {short(model.artifact)}", label="replace") for model in result.models
    ]
    items.append(Item(f"{result.due:%Y-%m-%d %H:%M} UTC", label="due"))
    items += [Item(line, label="elsewhere") for line in result.elsewhere]
    yield Items(tuple(items), label_width=10)
    if result.is_nowhere:
        yield Paragraph(
            "Nothing at hand holds this value. The tombstone stays: a later refresh leaves it out. Was it typed as the"
            " table has it?",
            hang=2,
        )
    if sandboxes := sorted({name.partition("/")[0] for name in result.snapshots}):
        yield Paragraph("Next: copy the data without the entity, and train what learnt from it again:")
        yield CodeBlock(tuple(f"reconciler apply {name}" for name in sandboxes), runnable=True)
