"""Render blocks as an HTML fragment: plain elements without class or script; every text is escaped."""

from __future__ import annotations

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
from reconciler.report.layout.escaping import code_spans, visible
from reconciler.report.layout.text_layout import UNICODE, TextStyle, bar

_STYLE = TextStyle(glyphs=UNICODE)


def to_html(blocks: Iterable[Block]) -> str:
    """Return the blocks as a fragment to stand within a page, such as the output of a notebook's cell."""
    return "\n".join(line for block in blocks for line in _lines(block)) + "\n"


def words_in_html(words: Words) -> str:
    """Return the words as content of an element; words between backticks are code."""
    shown = ""
    for piece in pieces(words, document=True):
        match piece:
            case str():
                spans = code_spans(visible(piece))
                shown += "".join(f"<code>{escape(part)}</code>" if odd else escape(part) for odd, part in spans)
            case Code():
                shown += f"<code>{escape(visible(piece.text))}</code>"
            case Literal():
                shown += escape(piece.text)
            case Arrow():
                shown += "→"
            case Bar():
                shown += bar(piece.share, piece.width, _STYLE)
            case Emphasis():
                shown += f"<em>{words_in_html(piece.words)}</em>"
            case Strong():
                shown += f"<strong>{words_in_html(piece.words)}</strong>"
    return shown


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"<h{block.level}>{words_in_html(block.words)}</h{block.level}>"
        case Paragraph():
            words = words_in_html(block.words)
            yield f"<p><small>{words}</small></p>" if block.small else f"<p>{words}</p>"
        case Quote():
            yield f"<blockquote><p>{words_in_html(block.words)}</p></blockquote>"
        case Items():
            yield from ("<ul>", *map(_item, block.items), "</ul>")
        case DataTable():
            yield from _table(block.columns, (row.cells for row in block.rows))
        case EntryList():
            yield from _table(block.columns, (entry.cells for entry in block.entries))
        case CodeBlock() | Rendered():
            lines = "\n".join(escape(visible(line)) for line in block.lines)
            yield f"<pre><code>{lines}</code></pre>"
        case Fold():
            yield f"<details{' open' * block.unfolded}><summary>{words_in_html(block.title)}</summary>"
            yield to_html(block.blocks).rstrip("\n")
            yield "</details>"
        case Hidden() | Gap():
            pass


def _item(item: Item) -> str:
    label = words_in_html(item.label)
    command = f": <code>{escape(visible(item.command))}</code>" if item.command else ""
    return f"<li>{label}{escape(item.joint) if label else ''}{words_in_html(item.words)}{command}</li>"


def _table(columns: tuple[Column, ...], rows: Iterable[tuple[Words, ...]]) -> Iterator[str]:
    right = [column.right for column in columns]
    yield "<table>"
    yield f"<thead>{_row('th', (column.name for column in columns), right)}</thead>"
    yield "<tbody>"
    yield from (_row("td", cells, right) for cells in rows)
    yield "</tbody>"
    yield "</table>"


def _row(tag: str, cells: Iterable[Words], right: list[bool]) -> str:
    shown = ""
    for words, number in zip(cells, right, strict=True):
        align = ' style="text-align: right"' if number else ""
        shown += f"<{tag}{align}>{words_in_html(words)}</{tag}>"
    return f"<tr>{shown}</tr>"
