"""Every word that the program prints, for `explain` and the reference. The words stand in `glossary.txt`.

There a line `# ...` begins a kind of words; a line at the margin holds words that mean one thing; the lines below it,
indented, say what it means, then `name: value` for the facts of something that is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from reconciler.core.inspect.field_docs import WordDocs, WordMeaning

_TEXT = Path(__file__).with_name("glossary.txt")
_FACTS = ("formula", "unit", "better", "source")
_OR = " | "
_PER_CLASS = ":<class>"  # `recall:late` is explained as `recall:<class>`


def entries() -> tuple[WordDocs, ...]:
    """Return each word with its other spellings, one after another, in the order of the file."""
    return tuple(WordDocs(word=_OR.join(words), meanings=(meaning,)) for words, meaning in _entries())


def words() -> tuple[str, ...]:
    """Return every word that is known, sorted."""
    return tuple(sorted({word for spellings, _ in _entries() for word in spellings}))


def meaning_of(text: str) -> WordDocs | None:
    """Return the meanings of a word in any case, such as `missing` and `MISSING`; None where it is not known."""
    wanted = " ".join(text.split()).casefold()
    kind, colon, label = wanted.partition(":")
    if colon and label:
        wanted = f"{kind}{_PER_CLASS}"
    found = [(word, meaning) for spellings, meaning in _entries() for word in spellings if word.casefold() == wanted]
    if not found:
        return None
    return WordDocs(
        word=" or ".join(dict.fromkeys(word for word, _ in found)),
        meanings=tuple(dict.fromkeys(meaning for _, meaning in found)),
    )


@cache
def _entries() -> tuple[tuple[tuple[str, ...], WordMeaning], ...]:
    return tuple(_parsed(_TEXT.read_text(encoding="utf-8").splitlines()))


def _parsed(lines: list[str]) -> Iterator[tuple[tuple[str, ...], WordMeaning]]:
    kind, spellings, body = "", tuple[str, ...](), list[str]()
    for line in [*lines, ""]:
        if line.startswith("  "):
            body.append(line.strip())
        elif line.startswith("# "):
            kind = line[2:]
        elif line:
            spellings = tuple(line.split(_OR))
        elif body:
            yield spellings, _meaning(kind, body)
            body = []


def _meaning(kind: str, body: list[str]) -> WordMeaning:
    facts = {name: value for line in body for name, _, value in [line.partition(": ")] if name in _FACTS}
    sentences = [line for line in body if line.partition(": ")[0] not in _FACTS]
    return WordMeaning(
        kind=kind,
        what=" ".join(sentences),
        formula=facts.get("formula"),
        unit=facts.get("unit"),
        better=facts.get("better"),
        source=facts.get("source"),
    )
