"""The documentation of a word that the program prints: each of its meanings, with formula, unit and direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.inspect.field_docs import WordDocs, WordMeaning
from reconciler.report.layout.blocks import Block, Code, Detail, Emphasis, Heading, Item, Items, Paragraph
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"explain-word": (WordDocs, ())}  # what commands print as JSON, and the facts added to it


def blocks(docs: WordDocs, detail: Detail) -> Iterator[Block]:
    """Explain the word."""
    yield Heading(Code(docs.word))
    yield from meaning_blocks(docs.meanings, detail)


def meaning_blocks(meanings: Iterable[WordMeaning], detail: Detail) -> Iterator[Block]:
    """Explain each meaning: what the word is one of, its sentences, then the facts of what is measured."""
    for meaning in meanings:
        yield Paragraph(Emphasis(meaning.kind), indent=2, tone=Tone.DIM)
        yield Paragraph(meaning.what, indent=4, tight=detail is Detail.SCREEN)
        if facts := tuple(Item(words, label=label) for label, words in _facts(meaning)):
            yield Items(facts, indent=4, label_width=7, tight=True)


def _facts(meaning: WordMeaning) -> Iterator[tuple[str, str]]:
    better = f"{meaning.better} is better" if meaning.better else None
    facts = (meaning.formula, meaning.unit, better, meaning.source)
    for label, words in zip(("formula", "unit", "reading", "source"), facts, strict=True):
        if words is not None:
            yield label, words
