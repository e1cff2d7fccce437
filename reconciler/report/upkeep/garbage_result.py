"""A garbage collection: how many blobs nothing names, what was done with them, and when the next one does more."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.upkeep.garbage import GarbageResult
from reconciler.report.layout.blocks import Block, Code, CodeBlock, Detail, Item, Items, Paragraph, Words
from reconciler.report.layout.formatting import count, moment, size
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"gc": (GarbageResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(result: GarbageResult, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the same in both)
    """Say what was taken out, put back and removed, and what waits."""
    store = (Code(result.environment), f": {count(result.blobs, 'blob')} in its store")
    items = tuple(_items(result))
    if not items:
        yield Paragraph((*store, ", and something names each of them. Nothing to do."), hang=2)
        return
    yield Paragraph((*store, "; nothing was changed (--dry-run)" if result.dry_run else ""), tone=Tone.STRONG, hang=2)
    yield Items(items, label_width=11)
    if result.dry_run and (result.taken_out or result.returned or result.removed):
        yield Paragraph("To do it:")
        yield CodeBlock((f"reconciler gc {result.environment}",), runnable=True)


def _items(result: GarbageResult) -> Iterator[Item]:
    if result.taken_out:
        yield _item("taken out", result.taken_out, "that nothing names")
    if result.returned:
        yield _item("put back", result.returned, "that a record names by now")
    if result.removed:
        freed = "would be" if result.dry_run else "are"
        yield _item("removed", result.removed, f"for good: {size(result.freed)} {freed} free again")
    if result.waiting and result.due is not None:
        words = f"until {moment(result.due)} at least: run gc again then"
        yield _item("waiting", result.waiting, words)
    if result.young:
        yield _item("left alone", result.young, "that nothing names yet, written less than a day ago")


def _item(label: str, number: int, words: str) -> Item:
    text: Words = f"{count(number, 'blob')} {words}"
    return Item(text, label=label)
