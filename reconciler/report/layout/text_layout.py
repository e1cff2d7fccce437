"""Lines of a report on a terminal: their width, characters and paint.

A file or a pipe gets the default style: 100 columns, ASCII, no paint, so the same value gives the same bytes
under every locale. Paint goes on whole lines after everything was measured; meaning is always in words, never in
colour alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reconciler.report.layout.escaping import guard
from reconciler.report.layout.shell_commands import AS_WORDED, CommandForm

NARROWEST = 40
_WORD = re.compile(r"(?:'[^']*'|[^ '])+|'[^ ]*")  # of a shell; a quote that is not closed is one, too


class Tone(StrEnum):
    """The meaning that a colour carries."""

    PLAIN = "plain"
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    DIM = "dim"


Paint = Callable[[str, Tone], str]


def unpainted(text: str, tone: Tone) -> str:  # noqa: ARG001  (the shape of a Paint)
    return text


class Glyphs(NamedTuple):
    arrow: str
    ellipsis: str
    full: str
    empty: str


ASCII = Glyphs(arrow="->", ellipsis="..", full="#", empty=".")
UNICODE = Glyphs(arrow="→", ellipsis="…", full="█", empty="░")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """`width` in terminal cells; `commands`: how those that are to be typed are written."""

    width: int = 100
    glyphs: Glyphs = ASCII
    paint: Paint = unpainted
    commands: CommandForm = AS_WORDED


class Line(NamedTuple):
    """`whole`: to be copied, so it may be wider than the page."""

    text: str = ""
    tone: Tone = Tone.PLAIN
    whole: bool = False


def page(lines: Iterable[Line], style: TextStyle) -> str:
    """Return the lines as one text that ends in a newline; none is wider than the style, and gaps are one line."""
    shown: list[str] = []
    for line in lines:
        text = line.text.rstrip()
        text = guard(text if line.whole else elide(text, style.width, style))
        if text:
            shown.append(style.paint(text, line.tone))
        elif shown and shown[-1]:
            shown.append("")
    return "\n".join(shown).rstrip("\n") + "\n"


def cells(text: str) -> int:
    """Count the terminal cells of `text`: two for a wide character (Unicode Standard Annex 11), none for a mark."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def elide(text: str, width: int, style: TextStyle) -> str:
    """Return `text` in at most `width` cells, without its middle where it is too long."""
    if cells(text) <= width:
        return text
    mark = style.glyphs.ellipsis
    room = max(0, width - len(mark))
    head = _first(text, (room + 1) // 2)
    tail = _first(text[::-1], room // 2)[::-1]
    return (head + mark + tail)[: max(width, 0)] if room else mark[:width]


def _first(text: str, room: int) -> str:
    """Return as much of the start of `text` as fits into `room` cells."""
    used = 0
    for position, character in enumerate(text):
        used += _cells(character)
        if used > room:
            return text[:position]
    return text


def pad(text: str, width: int) -> str:
    """Fill `text` with spaces on the right to `width` cells."""
    return text + " " * (width - cells(text))


def pad_left(text: str, width: int) -> str:
    """Fill `text` with spaces on the left to `width` cells."""
    return " " * (width - cells(text)) + text


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """Break `text` into lines of at most `width` cells, also within a word that is longer than a line.

    `first` stands before the first line, `rest` before the others (default: as many spaces).
    """
    rest = " " * cells(first) if rest is None else rest
    lines, line, empty = [], first, True
    for word in text.split(" "):
        if not empty and cells(line) + 1 + cells(word) <= width:
            line += " " + word
            continue
        if not empty:
            lines.append(line)
            line = rest
        while cells(line) + cells(word) > width and (part := _first(word, width - cells(line))):
            lines.append(line + part)
            line, word = rest, word[len(part) :]  # noqa: PLW2901  (what is left of the word)
        line += word
        empty = False
    return [*lines, line]


def command(text: str, width: int, *, indent: str) -> list[str]:
    """Break a command as a shell allows it: between its words, or inside one that is longer than a line.

    A quoted word stays whole: within quotes a shell takes the break for a part of it.
    """
    lines, line = [], indent
    for word in _WORD.findall(text):
        if line != indent and cells(line) + 1 + cells(word) + 2 > width:
            if cells(line) == width:
                lines.append(_first(line, width - 1) + "\\")
                line = line[len(lines[-1]) - 1 :]
            # The next line starts with a space in any case.
            lines.append(line + (" \\" if cells(line) + 2 <= width else "\\"))
            line = indent + "  "
        separator = "" if line.isspace() or not line else " "
        line += separator + word
        while cells(line) > width and "'" not in line:
            lines.append(_first(line, width - 1) + "\\")
            line = line[len(lines[-1]) - 1 :]
    return [*lines, line]


def bar(share: float, width: int, style: TextStyle) -> str:
    """Draw a share from 0 to 1 as a bar of `width` characters."""
    full = round(max(0.0, min(1.0, share)) * width)
    return style.glyphs.full * full + style.glyphs.empty * (width - full)
