"""The data snapshots of an environment, newest first."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.snapshots.results import SnapshotLine, SnapshotList
from reconciler.report.layout.blocks import GAP, Block, Code, Column, DataTable, Detail, Literal, Paragraph, Row, Words
from reconciler.report.layout.formatting import count, moment
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"data-list": (SnapshotList, ())}  # what commands print as JSON, and the facts added to it

_COLUMNS = (
    Column(name="snapshot", right=True),
    Column(name="taken"),
    Column(name="as of", spare=2),
    Column(name="source", spare=3),
    Column(name="tables", right=True, spare=1),
    Column(name="rows", right=True),
    Column(name="artifacts", right=True),
)


def blocks(listed: SnapshotList, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the same in both)
    """List the snapshots, and say whether a refresh is due."""
    if listed.snapshots:
        yield DataTable(_COLUMNS, tuple(map(_row, listed.snapshots)), heading=Tone.DIM)
        yield GAP
    yield due(listed.environment, listed.due)


def due(environment: str, reason: str | None) -> Paragraph:
    """Say whether a refresh is due."""
    if reason is None:
        return Paragraph("No refresh is due.")
    command = Code(f"reconciler data refresh {environment}")
    return Paragraph(("A refresh is due: ", reason, ". To take it: ", command), tone=Tone.WARN, hang=2)


def title(line: SnapshotLine) -> str:
    """Return what a snapshot is, in one sentence."""
    made = f"; {count(line.artifacts, 'artifact')} made from it" if line.artifacts else ""
    gone = "; its tables are not kept any more" if line.removed else ""
    return (
        f"Data snapshot {line.n} of {line.source}, taken {moment(line.taken)}, as of {line.as_of}: "
        f"{count(line.tables, 'table')}, {count(line.rows, 'row')}{made}{gone}"
    )


def _row(line: SnapshotLine) -> Row:
    cells: tuple[Words, ...] = (
        Literal(str(line.n)),
        moment(line.taken),
        line.as_of,
        Code(line.source),
        Literal(str(line.tables)),
        Literal(f"{line.rows:,}"),
        Literal(str(line.artifacts)),
    )
    notes = ("its tables are not kept any more",) if line.removed else ()
    return Row(cells, tone=Tone.DIM if line.removed else Tone.PLAIN, notes=notes)
