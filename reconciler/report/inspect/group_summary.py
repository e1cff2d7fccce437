"""Groups of predictions: what is expected of the open records, beside what became of past ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.names import seen
from reconciler.core.prediction.predictions import GroupSummary, Predictions
from reconciler.report.layout.blocks import (
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Either,
    Literal,
    Paragraph,
    Row,
    Strong,
    Words,
)
from reconciler.report.layout.formatting import amount, count, percent
from reconciler.report.layout.text_layout import Tone

MOST_GROUPS = 30
_NONE = "-"


def blocks(predictions: Predictions, detail: Detail) -> Iterator[Block]:
    """Show each group: records, then of each class the share so far and the expected one."""
    by = predictions.by or "group"
    names = predictions.classes or ("mean",)
    yield Paragraph(Strong(f"By {by}: outcomes so far, then expected"), tone=Tone.STRONG)
    columns = [
        Column(name=Code(by)),
        Column(name="past", right=True),
        Column(name="records", right=True),
        *(Column(name=Code(name), right=True) for name in names),
    ]
    rows = (Row(_cells(group, predictions.classes)) for group in predictions.groups[:MOST_GROUPS])
    yield DataTable(tuple(columns), tuple(rows), stacked=True)
    if (left := len(predictions.groups) - MOST_GROUPS) > 0:
        where = ": see the file" if predictions.groups_out is not None else ""
        yield Paragraph(f"and {count(left, 'more group')}{where}", tone=Tone.DIM, indent=2)
    if predictions.no_history is not None:
        yield Paragraph(f"no outcomes so far: {predictions.no_history}", tone=Tone.DIM, indent=2)
    elif detail is Detail.PAGE:
        yield Paragraph(("Past: rows whose outcome is known.", Either("", "")))


def _cells(group: GroupSummary, classes: Sequence[str]) -> tuple[Words, ...]:
    shown = percent if classes else amount
    pairs = zip(group.so_far or [None] * len(group.expected), group.expected, strict=True)
    each = (f"{_NONE if past is None else shown(past)} -> {shown(expected)}" for past, expected in pairs)
    return (
        Code(seen(group.group)),
        Literal(f"{group.past:,}"),
        Literal(f"{group.records:,}"),
        *(Literal(text) for text in each),
    )
