"""Write YAML as text, so that comments stand where they belong: scalars, formulas, lists, comments."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator

from reconciler.core.spec.recipe import NamedExpression, PastFeature

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# A formula that YAML reads unchanged in a block: no quote in front, no comment, no key, no space at its end.
_FORMULA = re.compile(r"[A-Za-z_(](?!.*(: | #|[: ]$))[\x20-\x7e]*")
# Words that YAML 1.1 readers do not take for text.
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])


def quoted(text: str) -> str:
    """Return a text as a YAML scalar: plain where every reader takes it for this text, else in quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def formula(text: str) -> str:
    """Return an expression as the value of a block mapping, where brackets, commas and quotes need no quoting."""
    if text.lower() in _WORDS:
        return quoted(text)
    if _FORMULA.fullmatch(text):
        return text
    return f"'{text}'" if text.isascii() and text.isprintable() and '"' in text and "'" not in text else quoted(text)


def named_expressions(named: Iterable[NamedExpression | PastFeature], indent: str) -> Iterator[str]:
    """Yield one line per named expression."""
    for expression in named:
        yield f"{indent}{quoted(expression.name)}: {formula(expression.expression)}"


def flow_list(name: str, items: Iterable[str], indent: str) -> Iterator[str]:
    """Yield the lines of a field with a list in brackets, wrapped at WIDTH."""
    line = f"{indent}{name}: [{', '.join(items)}]"
    yield from (
        textwrap.wrap(
            line,
            WIDTH,
            initial_indent="",
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        if len(line) > WIDTH
        else (line,)
    )


def comment(text: str, indent: str) -> list[str]:
    """Return the lines of a comment, wrapped at WIDTH; the text of a list item is indented."""
    words = " ".join(text.split())
    following = f"{indent}#   " if words.startswith("- ") else f"{indent}# "
    return textwrap.wrap(
        words,
        WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
