"""Fields of a recipe, of gates or of a runtime that differ, as a list or as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.core.field_diff import PRESENT, FieldChange
from reconciler.report.layout.blocks import (
    ARROW,
    Code,
    Column,
    DataTable,
    Either,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Words,
)
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import TextStyle, elide

_STYLE = TextStyle()


def changes_title(kind: str, changes: Sequence[FieldChange]) -> Paragraph:
    """Return `recipe  3 fields differ`, to stand above the list on a screen."""
    fields = count(len(changes), "field")
    return Paragraph((kind, Literal("  "), f"{fields} differ{'s' * (len(changes) == 1)}"), indent=4)


def changes_list(kind: str, changes: Iterable[FieldChange], *, tight: bool = False) -> Items:
    """Return a line for each change: its path, the old and the new value. A document says the `kind` in each line."""
    prefix = Either("", f"{kind} ") if kind else ""
    items = tuple(Item(old_and_new(change), label=(prefix, Code(change.path)), hang=2) for change in changes)
    return Items(items, indent=6, gap=": ", tight=tight)


def old_and_new(change: FieldChange) -> Words:
    """Return the change of a value; of an item in a list of names, whether it was added or removed."""
    if (change.old, change.new) == (None, PRESENT):
        return "added"
    if (change.old, change.new) == (PRESENT, None):
        return "removed"
    return (change.old or "nothing", " ", ARROW, " ", change.new or "nothing")


def changes_table(
    kind: str, changes: Iterable[FieldChange], *, old: str = "old", new: str = "new", longest: int | None = None
) -> DataTable:
    """Return a row for each change; values are cut to `longest` cells."""
    columns = (Column(name=kind), Column(name=old), Column(name=new))
    rows = (Row((Code(change.path), _value(change.old, longest), _value(change.new, longest))) for change in changes)
    return DataTable(columns, tuple(rows))


def _value(text: str | None, longest: int | None) -> Words:
    if not text:
        return ""
    return Code(elide(text, longest, _STYLE) if longest is not None else text)
