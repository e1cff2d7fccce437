"""A refresh: what was taken and why, or that nothing was due."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.snapshots.results import RefreshResult
from reconciler.report.layout.blocks import Block, Code, CodeBlock, Detail, Item, Items, Literal, Paragraph
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"data-refresh": (RefreshResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(refresh: RefreshResult, detail: Detail) -> Iterator[Block]:
    """Say which snapshot is in use now, and what was not copied anew or not by the sample."""
    holds = f"{count(refresh.tables, 'table')}, {count(refresh.rows, 'row')}, as of {refresh.as_of}"
    if not refresh.taken:
        yield Paragraph(f"Nothing to do: data snapshot {refresh.snapshot} is in use ({holds}).", hang=2)
        again = f"reconciler data refresh {refresh.environment} --force"
        if detail is Detail.PAGE:
            yield Paragraph(("To copy the tables anyway: ", Code(again)))
        else:
            yield Paragraph("To copy the tables anyway:")
            yield CodeBlock((again,), runnable=True)
        return
    yield Paragraph(f"Data snapshot {refresh.snapshot}: {holds}.", tone=Tone.STRONG, hang=2)
    items = [Item(refresh.reason.partition(": apply will ")[0], label="why")]  # what apply would do is done
    if refresh.same:
        items.append(Item((", ".join(refresh.same), Literal(" (not stored again)")), label="unchanged"))
    if refresh.whole:
        items.append(
            Item((", ".join(refresh.whole), Literal(" (no column relates them to the sample)")), label="whole")
        )
    yield Items(tuple(items), label_width=9)
