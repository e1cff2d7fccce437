"""What a gate is judged per: all rows together, or each part of a slice of them."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.spec.gates.demand import Demand

MIN_SUPPORT = 50
"""Rows from which a slice is judged, unless the gate says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedDemand(Demand):
    """A demand on the rows of a holdout, as a whole or on each part of a slice.

    `per`: the name of a slice: each of its parts with `min_support` rows is judged. `sliced_by`: what the model
    declares under that name, `sliced_from` a digest of the derived columns that this names: set where the gate is
    applied to a model (`core.judging.applicable_gates`), so that a verification is bound to them.
    """

    per: str | None = None
    min_support: int | None = None
    sliced_by: str | None = None
    sliced_from: Digest | None = None

    @property
    def support(self) -> int:
        """Return from how many rows on a slice is judged."""
        return self.min_support or MIN_SUPPORT

    def same_slices(self, other: SlicedDemand) -> bool:
        """Tell whether it judges the same slices, at least as many of them, and reaches all models of `other`.

        Where the model did not declare the other's slice, nothing was judged: what it is cut by now weakens nothing.
        """
        if not self.reaches(other) or self.per != other.per:
            return False
        if other.sliced_by not in (None, self.sliced_by) or other.sliced_from not in (None, self.sliced_from):
            return False
        return self.support <= other.support

    @property
    def per_in_words(self) -> str:
        """Return the slice in words, to follow a subject; empty where there is none."""
        return f" per {self.per}" if self.per is not None else ""
