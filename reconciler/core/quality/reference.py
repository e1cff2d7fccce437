"""The training reference: how the training rows were distributed, feature by feature, as it travels in an artifact.

It tells of groups of rows, never of one: a count of one to four rows is recorded as five, a bin of a number holds five
rows or more, and its edges are round numbers near the values of several rows. The outermost edges are rounded outwards
from the fifth lowest and the fifth highest value, so that no extreme value is kept. Of categories only those are named,
by their place in the schema, that the model tells apart anyway; of all others the reference says how many rows had one.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import DefaultsLeftOut

FEWEST_ROWS = 5
"""Rows of the smallest group that a reference tells of."""
MOST_CATEGORIES = 19
"""Categories that are counted on their own: the most frequent ones; the others share a count."""
NO_REFERENCE = "this artifact has no reference: train it again to know"


def told(rows: int) -> int:
    """Return the number of rows as a reference records it: none, or five and more."""
    return max(rows, FEWEST_ROWS) if rows else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureReference(DefaultsLeftOut):
    """The training rows by one feature. `missing`: those without a value.

    Numeric: `edges` from the lowest to the highest, and the rows of each bin between two of them (an edge belongs to
    the bin above it; values beyond the outermost edges count in the outermost bins); neither where fewer than ten rows
    have a value. Categorical: `counts` of each category of `codes` (its place in the schema), then of all others that
    the model knows, then of rare ones. Boolean: `counts` of false and of true.
    """

    name: str
    counts: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()
    codes: tuple[int, ...] = ()
    missing: int = 0

    @property
    def lowest(self) -> float | None:
        """Return the lowest value that counts as trained; None where no range is known."""
        return self.edges[0] if self.edges else None

    @property
    def highest(self) -> float | None:
        """Return the highest value that counts as trained; None where no range is known."""
        return self.edges[-1] if self.edges else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeReference(DefaultsLeftOut):
    """What the model predicted for its holdout: the rows of each class, or of each bin of numbers as of a feature."""

    counts: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReference:
    """The distribution of the `rows` that a model was trained on, its features in the order of the schema."""

    rows: int
    features: tuple[FeatureReference, ...]
    outcome: OutcomeReference
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCounts:
    """Today's rows by one feature, in the cells of its reference. `unknown`: rows whose category the model does not
    know, or whose number lies outside the trained range."""

    counts: tuple[int, ...]
    missing: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Today's rows in the cells of a reference; `outcome`: by what is predicted, as the model itself says."""

    rows: int
    features: tuple[FeatureCounts, ...]
    outcome: tuple[int, ...]
