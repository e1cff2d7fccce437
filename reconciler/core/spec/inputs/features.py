"""The features of a recipe: columns by type, parts of dates, words of texts, outcomes of categories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FieldPath = tuple[str | int, ...]
"""Where something stands in a recipe's manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFeature:
    """The parts of a date that are features, each a number, in the order of the manifest."""

    column: str
    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each part's feature; no column of a table can be named so."""
        return tuple(f"{self.column}: {part}" for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFeature:
    """A text whose words are hashed into so many `buckets`."""

    column: str
    buckets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The model's inputs by type: columns, and what is made of them. None (not empty) where a later type is not
    used."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    boolean: tuple[str, ...] = ()
    dates: tuple[DateFeature, ...] | None = None
    text: tuple[TextFeature, ...] | None = None
    target_encoded: tuple[str, ...] | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Return every feature in the order of the model's columns; of a date each of its parts."""
        plain = self.numeric + self.categorical + self.boolean
        of_dates = tuple(name for date in self.dates or () for name in date.names)
        return plain + of_dates + tuple(each.column for each in self.text or ()) + (self.target_encoded or ())

    def by_path(self) -> Iterator[tuple[FieldPath, str]]:
        """Yield (path in the recipe, column) for each column that a feature is made of."""
        for kind in ("numeric", "categorical", "boolean"):
            for index, name in enumerate(getattr(self, kind)):
                yield ("features", kind, index), name
        for date in self.dates or ():
            yield ("features", "dates", date.column), date.column
        for text in self.text or ():
            yield ("features", "text", text.column), text.column
        for index, name in enumerate(self.target_encoded or ()):
            yield ("features", "targetEncoded", index), name

    @property
    def encoded(self) -> tuple[str, ...]:
        """Return the columns that become one or several columns of numbers of another meaning."""
        return (*(each.column for each in self.text or ()), *(self.target_encoded or ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the features are made of."""
        return tuple(dict.fromkeys(column for _, column in self.by_path()))

    @property
    def width(self) -> int:
        """Return how many columns of numbers the features become, at the most."""
        return len(self.all) + sum(each.buckets - 1 for each in self.text or ())

    @property
    def made_of(self) -> dict[str, str]:
        """Return the column that each feature is made of."""
        of_dates = {name: date.column for date in self.dates or () for name in date.names}
        return {name: of_dates.get(name, name) for name in self.all}
