"""Render blocks for a terminal, a file or a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.report.layout.blocks import (
    Arrow,
    Bar,
    Block,
    Code,
    CodeBlock,
    DataTable,
    Emphasis,
    EntryList,
    Fold,
    Heading,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
    Piece,
    Quote,
    Rendered,
    Strong,
    Words,
    pieces,
)
from reconciler.report.layout.escaping import plain, visible
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, bar, cells, command, elide, page, wrap


def to_text(blocks: Iterable[Block], style: TextStyle) -> str:
    """Return the blocks as lines of at most `style.width` cells; the text ends in a newline."""
    return page(_lines(blocks, style), style)


def words_in_text(words: Words, style: TextStyle) -> str:
    """Return the words as one line of visible characters."""
    match words:  # most cells of a table are one piece, and a table may have a hundred thousand
        case str():
            return style.commands.typed(plain(words)).strip(" ")
        case Code():
            return style.commands.typed(plain(words.text)).strip(" ")
        case Literal():
            return visible(words.text).strip(" ")
    return "".join(_piece(piece, style) for piece in pieces(words, document=False)).strip(" ")


def _piece(piece: Piece, style: TextStyle) -> str:
    match piece:
        case str():
            edges = (" " * piece[:1].isspace(), " " * (piece[-1:].isspace() and not piece.isspace()))
            return edges[0] + style.commands.typed(plain(piece)) + edges[1]
        case Code():
            return style.commands.typed(plain(piece.text))
        case Literal():
            return visible(piece.text)
        case Strong() | Emphasis():
            return words_in_text(piece.words, style)
        case Arrow():
            return style.glyphs.arrow
        case Bar():
            return bar(piece.share, piece.width, style)


def _lines(blocks: Iterable[Block], style: TextStyle) -> Iterator[Line]:
    for block in blocks:
        match block:
            case Heading():
                yield from _wrapped(block.words, style, tone=Tone.STRONG, rest=" " * block.hang)
            case Paragraph():
                first = " " * block.indent
                yield from _wrapped(block.words, style, tone=block.tone, first=first, rest=first + " " * block.hang)
            case Quote():
                yield from _wrapped(block.words, style, tone=Tone.WARN, first="! ")
            case Items():
                for item in block.items:
                    yield from _item(item, block, style)
            case DataTable():
                yield from _table(block, style)
            case EntryList():
                for entry in block.entries:
                    yield from _entry(entry, style)
            case CodeBlock():
                yield from _code(block, style)
            case Rendered():
                yield from (Line(line, whole=True) for line in block.lines)
            case Fold():
                yield Line()
                yield from _wrapped(block.title, style, tone=Tone.STRONG)
                yield from _lines(block.blocks, style)
            case _:
                yield Line()


def _wrapped(
    words: Words, style: TextStyle, *, tone: Tone = Tone.PLAIN, first: str = "", rest: str | None = None
) -> Iterator[Line]:
    for line in wrap(words_in_text(words, style), style.width, first=first, rest=rest):
        yield Line(line, tone)


def _item(item: Item, items: Items, style: TextStyle) -> Iterator[Line]:
    indent, label = " " * items.indent, words_in_text(item.label, style)
    if items.label_width > style.width // 2:  # no room beside the labels
        yield from _wrapped(item.label, style, tone=item.tone, first=indent)
        yield from _wrapped(item.words, style, tone=item.tone, first=indent + "  ")
        return
    if label or items.label_width:
        label += " " * (items.label_width - cells(label)) + items.gap
    rest = None if item.hang is None else indent + " " * item.hang
    words: Words = (item.words, ":") if item.command else item.words
    yield from _wrapped(words, style, tone=item.tone, first=indent + label, rest=rest)
    if item.command is not None:
        for line in command(style.commands.typed(plain(item.command)), style.width, indent=indent + "  "):
            yield Line(line, whole=True)


def _table(block: DataTable, style: TextStyle) -> Iterator[Line]:
    from reconciler.report.layout.table import TextColumn, table  # not for a plan without news

    columns = [
        TextColumn(name=words_in_text(column.name, style), right=column.right, spare=column.spare)
        for column in block.columns
    ]
    texts = [_column([row.cells[at] for row in block.rows], style) for at in range(len(columns))]
    rows = list(zip(*texts, strict=True))
    if block.stacked and sum(max(12, len(column.name) + 2) for column in columns) > style.width:
        for first, *others in rows:
            indent = " " * block.indent
            yield Line(indent + elide(first, style.width - block.indent, style))
            pairs = [[column.name, cell] for column, cell in zip(columns[1:], others, strict=True)]
            stack = [TextColumn(name=""), TextColumn(name="", right=True)]
            yield from map(Line, table(stack, pairs, style, indent=indent + "  ")[1:])
        return
    heading, *lines = table(columns, rows, style, indent=" " * block.indent)
    yield Line(heading, block.heading)
    indent = " " * (block.indent + 4)
    wrapped: dict[tuple[str, Tone], list[Line]] = {}  # many rows have the same notes
    for row, line in zip(block.rows, lines, strict=True):
        yield Line(line, row.tone)
        for note in row.notes:
            known = wrapped.get((note, row.tone)) if isinstance(note, str) else None
            if known is None:
                known = list(_wrapped(note, style, tone=row.tone, first=indent))
                if isinstance(note, str):
                    wrapped[note, row.tone] = known
            yield from known


def _column(column: list[Words], style: TextStyle) -> list[str]:
    """Return the cells of a column as text. Where all are single words of visible characters, they are that already."""
    written = [cell if isinstance(cell, str) else cell.text for cell in column if isinstance(cell, _WRITTEN)]
    together = "".join(written)
    if len(written) == len(column) and together.isascii() and together.isprintable() and " " not in together:
        return written
    return [words_in_text(cell, style) for cell in column]


_WRITTEN = (str, Code, Literal)


def _entry(entry: ListEntry, style: TextStyle) -> Iterator[Line]:
    if entry.spaced:
        yield Line()
    name = elide(words_in_text(entry.name, style), max(16, style.width // 2 - 4), style)
    first = f"{entry.mark} " if entry.mark else ""
    first += f"{name}  " if name else ""
    rest = None if entry.hang is None else " " * entry.hang
    yield from _wrapped(entry.words, style, tone=entry.tone, first=first, rest=rest)
    yield from _lines(entry.body, style)


def _code(block: CodeBlock, style: TextStyle) -> Iterator[Line]:
    indent = " " * block.indent
    if not block.runnable:
        yield from (Line(indent + visible(code)) for code in block.lines)
        return
    for code in style.commands.lines(tuple(map(plain, block.lines))):
        for line in command(code, style.width, indent=indent):
            yield Line(line, whole=True)
