"""The points that a search chooses from, without what they mean: axes of options and of numbers.

An option is a number from 0, so that a sampler in a worker process needs to know nothing of estimators or features.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[tuple[str, float], ...]
"""The value of each axis that counts, in the order of the axes: of options the number of the option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAxis:
    """One axis: `options` of which one is taken, or a number from `low` to `high`, by its logarithm where `log`.

    `below`: an axis before this one; only points that take its option `option` have a value of this one.
    """

    name: str
    options: int = 0
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    below: str | None = None
    option: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpace:
    """The axes of a search, in order."""

    axes: tuple[SearchAxis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldResult:
    """What a search is told of a point: its `value`, None where it could not be trained. `rounds`: how many rounds it
    went on for, None where it was not left out before the last."""

    point: Point
    value: float | None
    rounds: int | None = None


def counts(axis: SearchAxis, taken: dict[str, float]) -> bool:
    """Tell whether an axis has a value in a point that took `taken` on the axes before it."""
    return axis.below is None or taken.get(axis.below) == axis.option


def tidy(axis: SearchAxis, value: float) -> float:
    """Return a number of an axis as people write it: whole, or of four digits, which every machine rounds alike."""
    rounded = float(round(value)) if axis.whole else float(f"{value:.4g}")
    return min(max(rounded, axis.low), axis.high)
