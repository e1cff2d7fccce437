"""What a model does not know of the records that it predicts: per column, with the records of each."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.number_text import ranged
from reconciler.core.quality.reference import NO_REFERENCE
from reconciler.core.quality.unknown_values import UnknownColumn, UnknownKind, UnknownValues
from reconciler.report.layout.blocks import GAP, Block, Code, Column, DataTable, Detail, Literal, Paragraph, Row
from reconciler.report.layout.formatting import count, percent
from reconciler.report.layout.text_layout import Tone

MOST_COLUMNS = 20


def blocks(unknown: UnknownValues, rows: int, detail: Detail) -> Iterator[Block]:
    """Say how many of the records have values that the model does not know, and in which columns."""
    if unknown.rows:
        yield GAP
        share = percent(unknown.rows / rows) if rows else "0%"
        has = "has" if unknown.rows == 1 else "have"
        words = f"{count(unknown.rows, 'record')} ({share}) {has} values that the model does not know:"
        yield Paragraph(words, tone=Tone.WARN, indent=2 if detail is Detail.SCREEN else 0)
        columns = (Column(name="column"), Column(name="records", right=True), Column(name="what", spare=1))
        told = unknown.columns[:MOST_COLUMNS]
        yield DataTable(
            columns, tuple(Row((Code(each.column), Literal(f"{each.rows:,}"), _what(each))) for each in told), indent=4
        )
        if left := len(unknown.columns) - len(told):
            yield Paragraph(f"and {count(left, 'more column')}", tone=Tone.DIM, indent=4)
    if not unknown.referenced:
        yield Paragraph(
            f"Numbers outside the trained range and new missing values are not counted: {NO_REFERENCE}.",
            tone=Tone.DIM,
            indent=2 if detail is Detail.SCREEN else 0,
        )


def _what(column: UnknownColumn) -> str:
    match column.kind:
        case UnknownKind.CATEGORY:
            trained = f" ({percent(column.trained)} of training rows)" if column.trained is not None else ""
            return f"new or rare category{trained}"
        case UnknownKind.RANGE if column.lowest is not None and column.highest is not None:
            return f"outside {ranged(column.lowest, column.highest)}"
        case UnknownKind.RANGE:
            return "outside the trained range"
        case _:
            return "missing, never in training"
