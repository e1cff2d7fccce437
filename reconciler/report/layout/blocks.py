"""The blocks that every report is made of: one writing of the facts, which text, Markdown and HTML lay out.

A report is a function from a value to blocks. `Words` of a block are strings from anywhere: each renderer makes them
harmless for its medium. Fields that say how a block stands on a terminal (`indent`, `hang`, `gap`) are read by the text
renderer alone. Named tuples, as they are defined in a seventh of a data class's time, and every `plan` defines them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from reconciler.report.layout.text_layout import Tone


class Detail(StrEnum):
    """How much a report says: what fits a `SCREEN`, or what a reader of a `PAGE` (pull request, notebook) needs."""

    SCREEN = "screen"
    PAGE = "page"


class Code(NamedTuple):
    """A name, path, digest or command within a sentence: bare in text, a code span elsewhere."""

    text: str


class Literal(NamedTuple):
    """Our own words, which need no escaping in Markdown: a number, a mark. Never text from a manifest or from data."""

    text: str


class Strong(NamedTuple):
    words: Words


class Emphasis(NamedTuple):
    """Fine print within a document."""

    words: Words


class Either(NamedTuple):
    """The same fact as a terminal and as a document writes it: `!` and `❌`."""

    text: Words
    document: Words


class Arrow(NamedTuple):
    """From old to new."""


class Bar(NamedTuple):
    """A share from 0 to 1, drawn in `width` characters."""

    share: float
    width: int


Piece: TypeAlias = "str | Code | Literal | Strong | Emphasis | Arrow | Bar"
Words: TypeAlias = "Piece | Either | tuple[Words, ...]"


class Heading(NamedTuple):
    words: Words
    level: int = 3
    hang: int = 2


class Paragraph(NamedTuple):
    """One sentence or more. `tight`: follows the block before without a blank line; `small`: fine print."""

    words: Words
    tone: Tone = Tone.PLAIN
    indent: int = 0
    hang: int = 0
    tight: bool = False
    small: bool = False


class Quote(NamedTuple):
    """A warning that a reader of a document must not overlook."""

    words: Words


class Item(NamedTuple):
    """One line of a list. `joint`: what a document writes between label and words; `command`: to copy, after them.

    `hang`: how far a continued line is indented below the first one; None puts it below the words.
    """

    words: Words
    label: Words = ""
    joint: str = ": "
    command: str | None = None
    tone: Tone = Tone.PLAIN
    hang: int | None = None


class Items(NamedTuple):
    """Facts, reasons or steps, one a line. `label_width`: cells of the column of labels, which `gap` follows."""

    items: tuple[Item, ...]
    indent: int = 2
    label_width: int = 0
    gap: str = "  "
    tight: bool = False


class Column(NamedTuple):
    """A column. `spare`: the higher, the earlier a narrow terminal leaves it out; 0 stays. `right`: numbers."""

    name: Words
    right: bool = False
    spare: int = 0


class Row(NamedTuple):
    """A row of a table. `notes`: lines below it on a terminal."""

    cells: tuple[Words, ...]
    tone: Tone = Tone.PLAIN
    notes: tuple[Words, ...] = ()


class DataTable(NamedTuple):
    """Rows of facts. `stacked`: where a terminal is too narrow for the numbers, each row becomes lines of its own."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    indent: int = 2
    heading: Tone = Tone.PLAIN
    stacked: bool = False


class ListEntry(NamedTuple):
    """One thing of a list: on a terminal a marked line (`name`, `words`) with a `body`, in a document a row of `cells`.

    `hang`: how far a continued line is indented; `spaced`: a blank line comes before it.
    """

    mark: str
    words: Words
    name: Words = ""
    cells: tuple[Words, ...] = ()
    body: tuple[Block, ...] = ()
    tone: Tone = Tone.PLAIN
    hang: int | None = 6
    spaced: bool = False


class EntryList(NamedTuple):
    """A list on a terminal, a table in a document."""

    columns: tuple[Column, ...]
    entries: tuple[ListEntry, ...]


class CodeBlock(NamedTuple):
    """Lines to copy. `runnable`: commands, which a terminal may break as a shell allows it."""

    lines: tuple[str, ...]
    language: str = ""
    runnable: bool = False
    indent: int = 2


class Fold(NamedTuple):
    """A section that a reader of a document unfolds."""

    title: Words
    blocks: tuple[Block, ...]
    unfolded: bool = False


class Hidden(NamedTuple):
    """A record for programs, which readers do not see: a comment of Markdown, ready made."""

    comment: str


class Rendered(NamedTuple):
    """Lines of a Markdown document that was rendered before, to be copied: each medium shows them as they are."""

    lines: tuple[str, ...]


class Gap(NamedTuple):
    """A blank line on a terminal; documents separate blocks by themselves."""


Block: TypeAlias = (
    "Heading | Paragraph | Quote | Items | DataTable | EntryList | CodeBlock | Fold | Hidden | Rendered | Gap"
)

GAP = Gap()
ARROW = Arrow()


def pieces(words: Words, *, document: bool) -> Iterator[Piece]:
    """Yield the words without nesting, as a document or as a terminal writes them."""
    match words:
        case str() | Code() | Literal() | Strong() | Emphasis() | Arrow() | Bar():
            yield words
        case Either():
            yield from pieces(words.document if document else words.text, document=document)
        case _:
            for part in words:
                yield from pieces(part, document=document)


def joined(parts: Iterable[Words], separator: str) -> Words:
    """Return the parts with `separator` between them."""
    words: list[Words] = []
    for part in parts:
        words += [Literal(separator), part] if words else [part]
    return tuple(words)
