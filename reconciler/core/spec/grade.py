"""The performance grade of a model: what gates ask for, and evaluations give."""

from __future__ import annotations

from enum import StrEnum


class Grade(StrEnum):
    """A performance grade; A is best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def rank(self) -> int:
        """Return 3 for A down to 0 for D."""
        return "DCBA".index(self.value)
