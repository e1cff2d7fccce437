"""The documentation of one manifest field, and of one word that the program prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSummary:
    """A field in a line: its path, and the first sentence of what it is."""

    path: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordMeaning:
    """One meaning of a word that is printed. `kind`: what it is one of, such as "grade". `better`: "higher" or "lower",
    for what is measured. `source`: where the definition is from."""

    kind: str
    what: str
    formula: str | None = None
    unit: str | None = None
    better: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordDocs:
    """A word that the program prints, with each meaning that it has."""

    word: str
    meanings: tuple[WordMeaning, ...]
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDocs:
    """`path` starts with the kind of document: `model.recipe.holdout`. `form`: what may stand there, in words.
    `example`: lines of a valid manifest. `others`: fields that are called the same elsewhere. `printed`: what the word
    means where the program prints it."""

    path: str
    what: str
    form: str
    needed: bool
    default: str | None = None
    children: tuple[FieldSummary, ...] = ()
    example: str | None = None
    example_file: str | None = None
    others: tuple[FieldSummary, ...] = ()
    printed: tuple[WordMeaning, ...] = ()
    format: int = 1
