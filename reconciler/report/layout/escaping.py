"""Text from manifests, data and file names, made harmless for the medium that shows it.

Each function takes any string and returns one line of it. Terminal: no escape sequence, control, format or
bidirectional character gets through, so a label can neither colour, hide nor reorder the words of a report. Markdown
(CommonMark and GitHub's extensions to it): no markup, HTML, mention, reference, automatic link or table bar. `guard`
ensures for whole lines that a CI runner does not take one for a command (`::error::`, `##[error]`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

# ECMA-48: control sequences (CSI), operating-system commands (OSC) and the other two-character escapes.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn"])
_CODE = re.compile(r"`([^`]+)`")
# An underscore inside a word is no markup.
_MARKUP = re.compile(r"([\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LIST = re.compile(r"^([0-9]{0,9})([-+=.)])(?=\s|$)")
_BREAK = "<!-- -->"


def plain(text: str) -> str:
    """Return `text` as one line of visible characters, with single spaces."""
    return " ".join(visible(text).split())


def visible(text: str) -> str:
    """Return the visible characters of `text`; each space of any kind, and each line break, is a space."""
    if text.isascii() and text.isprintable():
        return text
    text = _ESCAPES.sub("", text)
    shown = (" " if character.isspace() else character for character in text if _visible(character))
    return "".join(shown)


def _visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in _HIDDEN


def prose(text: str, *, starts: bool = True) -> str:
    """Return `text` as words of a Markdown paragraph, list item or table cell. Words between backticks stay code.

    `starts`: it is at the start of a line, where a number or dash would begin a list.
    """
    parts = code_spans(plain(text))
    shown = [code(part).replace("|", "\\|") if odd else _words(part) for odd, part in parts]
    escaped = "".join(shown)
    return _LIST.sub(r"\1\\\2", escaped) if starts else escaped


def code_spans(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of `text` that stand between backticks (True), and the others (False)."""
    for position, part in enumerate(_CODE.split(text)):
        if part:
            yield position % 2 == 1, part


def _words(text: str) -> str:
    safe = _MARKUP.sub(r"\\\1", text)
    safe = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Mentions, issue references and links are made from the rendered text, where a backslash is gone: a comment stays.
    safe = safe.replace("@", f"@{_BREAK}").replace("://", f":{_BREAK}//").replace("www.", f"www{_BREAK}.")
    return re.sub(r"#(?=\S)", f"#{_BREAK}", safe)


def code(text: str) -> str:
    """Return `text` as a code span of a paragraph or list item."""
    safe = plain(text) or " "
    runs = [len(run) for run in re.findall(r"`+", safe)]
    if not runs:
        return f"`{safe}`"
    fence = "`" * (max(runs) + 1)
    return f"{fence} {safe} {fence}"


def cell(text: str) -> str:
    """Return `text` as a code span of a table cell, where a bar must be escaped even inside code."""
    return code(text).replace("|", "\\|")


def document(lines: Iterable[str]) -> str:
    """Join lines of Markdown into one document."""
    return "\n".join(guard(line) for line in lines).rstrip("\n") + "\n"


def guard(line: str) -> str:
    """Return `line` as one that no CI runner takes for a command; as long as before."""
    bare = line.lstrip()
    if bare.startswith("::"):
        line = line[: len(line) - len(bare)] + ": " + bare[2:]
    return line.replace("##[", "# [")
