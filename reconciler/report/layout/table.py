"""Tables in plain text, whose columns are as wide as their cells.

Too narrow a page first loses columns, then the middles of cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.report.layout.text_layout import TextStyle, cells, elide, pad, pad_left

GAP = "  "
SHORTEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumn:
    """`spare`: the higher, the earlier it is left out on a narrow page; 0 stays. `right`: numbers."""

    name: str
    right: bool = False
    spare: int = 0


def table(
    columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], style: TextStyle, *, indent: str = "  "
) -> list[str]:
    """Lay out heading and rows, each at most as wide as the style. Cells must be safe text."""
    kept = list(range(len(columns)))
    texts = [[column.name, *(row[at] for row in rows)] for at, column in enumerate(columns)]
    widths = [_width(column) for column in texts]
    room = style.width - cells(indent)

    def total() -> int:
        return sum(widths[at] for at in kept) + len(GAP) * (len(kept) - 1)

    while total() > room and (spare := [at for at in kept if columns[at].spare]):
        kept.remove(max(spare, key=lambda at: columns[at].spare))
    while total() > room:
        widest = max(kept, key=lambda at: widths[at])
        if widths[widest] <= SHORTEST:
            break
        widths[widest] = max(SHORTEST, widths[widest] - (total() - room))
    shown = [_column(texts[at], widths[at], style, right=columns[at].right) for at in kept]
    return [(indent + GAP.join(row)).rstrip() for row in zip(*shown, strict=True)]


def _width(column: Sequence[str]) -> int:
    """Return the width of the widest cell; all are ASCII nearly always, which is told of all together."""
    return max(map(len if "".join(column).isascii() else cells, column))


def _column(column: Sequence[str], width: int, style: TextStyle, *, right: bool) -> list[str]:
    """Return the cells, each `width` wide."""
    if "".join(column).isascii() and max(map(len, column)) <= width:
        return [text.rjust(width) if right else text.ljust(width) for text in column]
    fill = pad_left if right else pad
    return [fill(elide(text, width, style), width) for text in column]
