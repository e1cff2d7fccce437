"""What differs between two data snapshots: rows, columns, types and declarations; never a value."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.snapshots.results import SnapshotDifference, SnapshotLine, TableDifference
from reconciler.report.layout.blocks import GAP, Block, Code, Detail, Item, Items, Paragraph
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone
from reconciler.report.snapshots import snapshot_list

DOCUMENTS = {"data-diff": (SnapshotDifference, ())}  # what commands print as JSON, and the facts added to it


def blocks(difference: SnapshotDifference, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the same in both)
    """Compare two snapshots, table by table."""
    ends = (Item(snapshot_list.title(line), label=label) for label, line in _ends(difference))
    yield Items(tuple(ends), indent=0, label_width=4)
    if difference.declared:
        yield GAP
        yield Paragraph("Declared otherwise:")
        yield Items(tuple(Item(line) for line in difference.declared))
    for table in difference.tables:
        yield GAP
        yield Paragraph(("table ", Code(table.name)), tone=Tone.STRONG)
        yield Items(tuple(_facts(table)), label_width=15)
    yield GAP
    if difference.same:
        names = ", ".join(difference.same)
        yield Paragraph(f"Unchanged: {names}" if difference.tables else f"Every table is the same: {names}", hang=2)


def _ends(difference: SnapshotDifference) -> tuple[tuple[str, SnapshotLine], ...]:
    return ("from", difference.before), ("to", difference.after)


def _facts(table: TableDifference) -> Iterator[Item]:
    if table.rows_before is None:
        yield Item(f"new, {count(table.rows_after or 0, 'row')}", label="rows")
        return
    if table.rows_after is None:
        yield Item(f"gone; it had {count(table.rows_before, 'row')}", label="rows")
        return
    grown = table.rows_after - table.rows_before
    rows = f"{table.rows_before:,} -> {table.rows_after:,} ({grown:+,})" if grown else f"{table.rows_after:,}"
    yield Item(rows, label="rows")
    for label, columns in (("new columns", table.added), ("columns gone", table.removed), ("other types", table.types)):
        if columns:
            yield Item(", ".join(columns), label=label)
    if table.values is None:
        yield Item("not known: a copy of an earlier release does not tell its columns apart", label="other values")
    elif table.values:
        yield Item(", ".join(table.values), label="other values")
