"""Text from manifests, data and file names, made harmless for the medium that shows it.

Takes any string, gives one line of it. Terminal: no escape sequence, control, format or bidirectional character gets
through, so a label can neither colour, hide nor reorder what a reviewer reads. Markdown (CommonMark and GitHub's
extensions to it): no markup, HTML, mention, reference, automatic link or table bar. That a CI runner does not take a
line for a command (`::error::`, `##[error]`) is ensured for whole lines, in `guard`.
"""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: control sequences (CSI), operating-system commands (OSC) and the other two-character escapes.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]")
_SPACES = re.compile(r"\s+")
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn"])
_MARKUP = re.compile(r"([\\`*_\[\]|~$])")
_LINE_START = re.compile(r"^([-+=>]|[0-9]+(?=[.)]))")
_BREAK = "<!-- -->"


def plain(text: str) -> str:
    """One line of visible characters."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _SPACES.sub(" ", _ESCAPES.sub("", text))
    return "".join(one for one in text if one == " " or unicodedata.category(one) not in _HIDDEN).strip()


def prose(text: str) -> str:
    """`text` as words of a Markdown paragraph or list item."""
    safe = _MARKUP.sub(r"\\\1", plain(text))
    safe = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Mentions, issue references and links are made from the rendered text, where a backslash is gone: a comment stays.
    safe = safe.replace("@", f"@{_BREAK}").replace("://", f":{_BREAK}//").replace("www.", f"www{_BREAK}.")
    safe = re.sub(r"#(?=\S)", f"#{_BREAK}", safe)
    return _LINE_START.sub(r"\\\1", safe) if not safe[:1].isdigit() else re.sub(r"^([0-9]+)([.)])", r"\1\\\2", safe)


def code(text: str) -> str:
    """`text` as a code span of a paragraph or list item."""
    safe = plain(text) or " "
    runs = [len(run) for run in re.findall(r"`+", safe)]
    if not runs:
        return f"`{safe}`"
    fence = "`" * (max(runs) + 1)
    return f"{fence} {safe} {fence}"


def cell(text: str) -> str:
    """`text` as a code span in a table cell, where a bar must be escaped even inside code."""
    return code(text).replace("|", "\\|")


def guard(line: str) -> str:
    """A line that no CI runner takes for a command; as long as before."""
    bare = line.lstrip()
    if bare.startswith("::"):
        line = line[: len(line) - len(bare)] + ": " + bare[2:]
    return line.replace("##[", "# [")
