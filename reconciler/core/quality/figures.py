"""Figures of the rows that are selected for a training, as the data worker measures them. No cell's value is in them.

"Known" rows have a known outcome: they train or are held out. "Open" rows have none yet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A share or a coefficient, and the value that it exceeds for sure as far as chance goes."""

    value: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFigures:
    """Figures of one feature.

    `filled`, `open_filled`: known and open rows in which it has a value; `distinct`: its values, about. `constant`: one
    value in all training rows, none missing. `category`: its values are names. `serial`: whole numbers without gaps.
    `alone`: share of the errors of a naive guess that it removes alone, out of fold. `copies`: the column of the
    outcome that it is ordered like, with the rank correlation. `known_later`: a column that it is made of whose name
    says that it is known only later. `outside`: share of the holdout's values outside of what it was in training;
    `moved`: how far its distributions in training and holdout lie apart, from 0 to 1.
    """

    name: str
    filled: int
    distinct: int
    category: bool = False
    constant: bool = False
    serial: bool = False
    open_filled: int = 0
    alone: Estimate | None = None
    copies: tuple[str, Estimate] | None = None
    known_later: str | None = None
    outside: float = 0.0
    moved: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """Rows of one class; by training and holdout."""

    name: str
    trained: int
    held_out: int

    @property
    def rows(self) -> int:
        """Return its known rows."""
        return self.trained + self.held_out


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFigures:
    """Figures of the rows. `duplicates`: holdout rows that equal a training row in every feature and in the outcome.
    `in_time`: the holdout is the last part of the rows by a date."""

    trained: int
    held_out: int
    open: int
    features: tuple[FeatureFigures, ...]
    classes: tuple[ClassFigures, ...] = ()
    duplicates: int = 0
    in_time: bool = False

    @property
    def known(self) -> int:
        """Return the rows with a known outcome."""
        return self.trained + self.held_out
