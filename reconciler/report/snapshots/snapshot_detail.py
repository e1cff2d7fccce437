"""One data snapshot: its tables, what it was taken by, and what is declared otherwise now."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.snapshots.results import SnapshotDetail, SnapshotTable
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Words,
)
from reconciler.report.layout.text_layout import Tone
from reconciler.report.snapshots import snapshot_list

DOCUMENTS = {"data-show": (SnapshotDetail, ())}  # what commands print as JSON, and the facts added to it

_COLUMNS = (
    Column(name="table"),
    Column(name="rows", right=True),
    Column(name="columns", right=True),
    Column(name="unchanged since", right=True, spare=1),
    Column(name="digest", spare=2),
)


def blocks(shown: SnapshotDetail, detail: Detail) -> Iterator[Block]:
    """Show a snapshot."""
    yield Heading(snapshot_list.title(shown.snapshot))
    yield DataTable(_COLUMNS, tuple(_row(table, detail) for table in shown.details), heading=Tone.DIM)
    words = (
        "Each digest is of the whole table. A model's card names another: that of the columns which the model reads."
    )
    yield Paragraph(words, tone=Tone.DIM)
    if shown.declared:
        yield GAP
        yield Paragraph("Taken by:")
        yield Items(tuple(Item(line) for line in shown.declared))
    if shown.otherwise is not None:
        yield GAP
        yield snapshot_list.due(shown.environment, shown.otherwise)


def _row(table: SnapshotTable, detail: Detail) -> Row:
    digest = short(table.digest) if detail is Detail.SCREEN else table.digest
    notes: list[Words] = []
    if table.sampled_by is not None:
        notes.append(f"a sample by {table.sampled_by}")
    if table.masked:
        notes.append(f"masked: {', '.join(table.masked)}")
    count = Literal(str(len(table.columns)))
    cells: tuple[Words, ...] = (
        Code(table.name),
        Literal(f"{table.rows:,}"),
        count,
        Literal(f"snapshot {table.since}"),
        Code(digest),
    )
    return Row(cells, notes=tuple(notes))
