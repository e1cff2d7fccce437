"""The figures of a candidate that gates judge: of all its holdout rows, and of each part of the slices asked for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.evaluation.figures import Figure
from reconciler.core.evaluation.grade_reason import GradeReason

MOST_PARTS = 1_000
"""Parts of a slice, small ones too; a column with more values is no slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresOfClass:
    """The figures of one class; `rows`: those that have it."""

    name: str
    rows: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresOfRows:
    """The figures of some rows, as a whole and by class."""

    rows: int
    figures: tuple[Figure, ...]
    classes: tuple[FiguresOfClass, ...] = ()

    def figure(self, name: str) -> Figure | None:
        """Return the figure of this name (`roc_auc`), or of one class (`recall:late`); None where there is none."""
        kind, colon, label = name.partition(":")
        among = self.figures
        if colon:
            among = next((each.figures for each in self.classes if each.name == label), ())
        return next((figure for figure in among if figure.name == (kind if colon else name)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePart:
    """The rows with one value of a slice; `value`: as a person reads it."""

    value: str
    figures: FiguresOfRows


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedFigures:
    """The parts of a slice that have rows enough for some gate, by their values; `small`: the rows of each other part.
    `problem`: why it could not be judged."""

    name: str
    parts: tuple[SlicePart, ...] = ()
    small: tuple[int, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFigures:
    """All that gates on figures judge of a candidate. `unit`: that figures and grade of a transformed outcome are in;
    else empty. `quantile`: that it predicts, in that unit."""

    all_rows: FiguresOfRows
    grade: GradeReason
    unit: str = ""
    quantile: float | None = None
    slices: tuple[SlicedFigures, ...] = ()

    def sliced(self, name: str) -> SlicedFigures | None:
        """Return the figures per slice; None where nobody asked for it."""
        return next((each for each in self.slices if each.name == name), None)
