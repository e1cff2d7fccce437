"""Classes with an order: guessed from the numbers in their names, and how far predictions lie from the truth by it."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from reconciler.core.evaluation.figures import DistanceRow

FEWEST_CLASSES = 3
GUESSED = "the classes are taken as ordered, by the numbers in their names"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def seem_ordered(names: tuple[str, ...]) -> bool:
    """Guess whether classes, as declared, are in an order: every name has numbers, and those of each are larger than
    those of the one before."""
    numbers = [tuple(map(float, _NUMBER.findall(name))) for name in names]
    return len(names) >= FEWEST_CLASSES and all(numbers) and all(a < b for a, b in pairwise(numbers))


def in_order(confusion: tuple[tuple[int, ...], ...], places: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the matrix with its classes in another order. `places`: of each class; empty: as they are."""
    if not places:
        return confusion
    wanted = sorted(range(len(places)), key=places.__getitem__)
    return tuple(tuple(confusion[actual][predicted] for predicted in wanted) for actual in wanted)


def distances_of(confusion: tuple[tuple[int, ...], ...]) -> tuple[DistanceRow, ...]:
    """Count the rows by how many classes lie between what was predicted and what was true."""
    counts = [0] * len(confusion)
    for actual, row in enumerate(confusion):
        for predicted, rows in enumerate(row):
            counts[abs(actual - predicted)] += rows
    return tuple(DistanceRow(distance=distance, rows=rows) for distance, rows in enumerate(counts))


def skill_by_distance(confusion: tuple[tuple[int, ...], ...]) -> float | None:
    """Return the skill over chance when a mistake counts by its distance; None where it is not defined.

    1 - (mean distance) / (mean distance of two rows drawn at random): with every mistake counted alike, it would be
    the skill that grades are given by.
    """
    actual = [sum(row) for row in confusion]
    rows = sum(actual)
    seen = math.fsum(row.distance * row.rows for row in distances_of(confusion))
    by_chance = math.fsum(
        abs(i - j) * first * second for i, first in enumerate(actual) for j, second in enumerate(actual)
    )
    return 1 - seen * rows / by_chance if by_chance > 0 else None
