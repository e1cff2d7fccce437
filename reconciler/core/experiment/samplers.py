"""Samplers that need no library: `random` draws points, `grid` goes through all of them. Pure functions.

What is drawn follows from the seed, the number of the batch and the place in it alone: not from the machine, the day,
or how many workers there are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from itertools import islice

from reconciler.core.experiment.search_space import Point, SearchAxis, SearchSpace, counts, tidy

STEPS = 5  # into which a grid divides a range of numbers


def seed_of(*parts: object) -> int:
    """Return a seed of 32 bits that follows from the parts."""
    text = "reconciler search 1:" + ":".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def random_points(space: SearchSpace, *, seed: int, batch: int, count: int) -> tuple[Point, ...]:
    """Return the points of a batch, drawn independently of all results."""
    return tuple(_drawn(space, f"{seed}:{batch}:{place}") for place in range(count))


def _drawn(space: SearchSpace, place: str) -> Point:
    taken: dict[str, float] = {}
    for axis in space.axes:
        if counts(axis, taken):
            taken[axis.name] = _at(axis, seed_of(place, axis.name) / 2**32)
    return tuple(taken.items())


def _at(axis: SearchAxis, share: float) -> float:
    """Return the value of an axis at a share of its way, from 0 up to and without 1."""
    if axis.options:
        return float(int(share * axis.options))
    if axis.whole and not axis.log:
        return float(axis.low + int(share * (axis.high - axis.low + 1)))
    if axis.log:
        return tidy(axis, math.exp(math.log(axis.low) + share * (math.log(axis.high) - math.log(axis.low))))
    return tidy(axis, axis.low + share * (axis.high - axis.low))


def grid_points(space: SearchSpace, *, batch: int, count: int) -> tuple[Point, ...]:
    """Return the points of a batch of the grid; fewer than `count`, or none, at its end."""
    return tuple(islice(_grid(space.axes, {}), batch * count, (batch + 1) * count))


def grid_size(space: SearchSpace, most: int) -> int:
    """Return how many points the grid has, at most `most`."""
    return sum(1 for _ in islice(_grid(space.axes, {}), most))


def _grid(axes: tuple[SearchAxis, ...], taken: dict[str, float]) -> Iterator[Point]:
    if not axes:
        yield tuple(taken.items())
        return
    axis, rest = axes[0], axes[1:]
    if not counts(axis, taken):
        yield from _grid(rest, taken)
        return
    for value in _steps(axis):
        yield from _grid(rest, {**taken, axis.name: value})


def _steps(axis: SearchAxis) -> tuple[float, ...]:
    if axis.options:
        return tuple(float(option) for option in range(axis.options))
    shares = [step / (STEPS - 1) for step in range(STEPS)]
    if axis.log:
        low, high = math.log(axis.low), math.log(axis.high)
        values = [tidy(axis, math.exp(low + share * (high - low))) for share in shares]
    else:
        values = [tidy(axis, axis.low + share * (axis.high - axis.low)) for share in shares]
    return tuple(dict.fromkeys(values))
