"""Render blocks as Markdown (CommonMark, with the tables and folds that the large forges add)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from reconciler.report.layout.blocks import (
    Arrow,
    Bar,
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Emphasis,
    EntryList,
    Fold,
    Gap,
    Heading,
    Hidden,
    Item,
    Items,
    Literal,
    Paragraph,
    Quote,
    Rendered,
    Strong,
    Words,
    pieces,
)
from reconciler.report.layout.escaping import cell, code, document, plain, prose, visible
from reconciler.report.layout.text_layout import UNICODE, TextStyle, bar

_STYLE = TextStyle(glyphs=UNICODE)


def to_markdown(blocks: Iterable[Block]) -> str:
    """Return the blocks as one document; no text of theirs is markup, a mention, a link or HTML."""
    return document(markdown_lines(blocks))


def markdown_lines(blocks: Iterable[Block]) -> list[str]:
    """Return the lines of the blocks, with a blank one between blocks that are not `tight`."""
    lines: list[str] = []
    before: Block | None = None
    for block in blocks:
        if isinstance(block, Gap):
            continue
        in_table = isinstance(before, DataTable) and isinstance(block, Paragraph)  # it would be one more row
        if lines and (in_table or not (isinstance(block, Hidden) or getattr(block, "tight", False))):
            lines.append("")
        lines += _lines(block)
        before = block
    return lines


def fitting(folds: Iterable[Fold], room: int) -> list[Fold]:
    """Return the first folds that together take at most `room` characters."""
    kept = []
    for fold in folds:
        room -= sum(len(line) + 1 for line in ("", *_lines(fold)))
        if room < 0:
            break
        kept.append(fold)
    return kept


def words_in_markdown(words: Words, *, in_cell: bool = False) -> str:
    """Return the words as part of a paragraph, list item or, `in_cell`, of a table's cell."""
    shown, own = "", ""
    for piece in pieces(words, document=True):
        if isinstance(piece, str):
            own += piece  # neighbours are escaped together: `#` and `12` would be a reference
            continue
        shown, own = shown + _prose(own, starts=not shown), ""
        match piece:
            case Code():
                shown += (cell if in_cell else code)(piece.text)
            case Literal():
                shown += piece.text
            case Arrow():
                shown += "→"
            case Bar():
                shown += bar(piece.share, piece.width, _STYLE)
            case Emphasis():
                shown += f"*{words_in_markdown(piece.words, in_cell=in_cell)}*"
            case Strong():
                shown += f"**{words_in_markdown(piece.words, in_cell=in_cell)}**"
    return shown + _prose(own, starts=not shown)


def _prose(text: str, *, starts: bool) -> str:
    if not text or text.isspace():
        return " " * bool(text)
    return " " * text[0].isspace() + prose(text, starts=starts) + " " * text[-1].isspace()


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {words_in_markdown(block.words)}"
        case Paragraph():
            words = words_in_markdown(block.words)
            yield f"<sub>{words}</sub>" if block.small else words
        case Quote():
            for line in words_in_markdown(block.words).split("\n"):
                yield f"> {line}"
        case Items():
            yield from map(_item, block.items)
        case DataTable():
            yield from _table(block.columns, (row.cells for row in block.rows))
        case EntryList():
            yield from _table(block.columns, (entry.cells for entry in block.entries))
        case CodeBlock():
            fence = _fence(block.lines)
            yield fence + block.language
            yield from map(visible, block.lines)
            yield fence
        case Fold():
            yield f"<details{' open' * block.unfolded}><summary>{_title(block.title)}</summary>"
            yield ""
            yield from markdown_lines(block.blocks)
            yield ""
            yield "</details>"
        case Hidden():
            yield block.comment
        case Rendered():
            yield from block.lines
        case Gap():
            pass


def _item(item: Item) -> str:
    label, words = words_in_markdown(item.label), words_in_markdown(item.words)
    command = f": {code(item.command)}" if item.command else ""
    return f"- {label}{item.joint if label else ''}{words}{command}"


def _table(columns: tuple[Column, ...], rows: Iterable[tuple[Words, ...]]) -> Iterator[str]:
    yield _row(column.name for column in columns)
    yield "|" + "|".join("---:" if column.right else "---" for column in columns) + "|"
    yield from map(_row, rows)


def _row(cells: Iterable[Words]) -> str:
    return "| " + " | ".join(words_in_markdown(words, in_cell=True) for words in cells) + " |"


def _fence(lines: tuple[str, ...]) -> str:
    runs = [len(run) for line in lines for run in re.findall(r"`+", line)]
    return "`" * max(3, *(run + 1 for run in runs), 3)


def _title(words: Words) -> str:
    # Markdown is not read inside of a summary's tag.
    title = ""
    for piece in pieces(words, document=True):
        match piece:
            case str():
                title += escape(visible(piece), quote=False)
            case Code() | Literal():
                title += escape(plain(piece.text), quote=False)
            case Arrow() | Bar():
                title += words_in_markdown(piece)
            case Strong() | Emphasis():
                title += f"<b>{_title(piece.words)}</b>"
    return title
