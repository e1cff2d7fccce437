"""The documentation of one manifest field."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSummary:
    """A field in a line: its path, and the first sentence of what it is."""

    path: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDocs:
    """`path` starts with the kind of document: `model.recipe.holdout`. `form`: what may stand there, in words.
    `example`: lines of a valid manifest. `others`: fields that are called the same elsewhere."""

    path: str
    what: str
    form: str
    needed: bool
    default: str | None = None
    children: tuple[FieldSummary, ...] = ()
    example: str | None = None
    example_file: str | None = None
    others: tuple[FieldSummary, ...] = ()
    format: int = 1
