"""Points that need no library: they follow from the seed, the batch and the place, and stay within their axes."""

from __future__ import annotations

from collections import Counter

from reconciler.core.experiment.samplers import grid_points, grid_size, random_points
from reconciler.core.experiment.search_space import SearchAxis, SearchSpace, counts

SPACE = SearchSpace(
    axes=(
        SearchAxis(name="estimator", options=2),
        SearchAxis(name="estimator.0.rate", low=0.02, high=0.3, log=True, below="estimator", option=0),
        SearchAxis(name="estimator.0.leaves", low=7, high=9, whole=True, below="estimator", option=0),
        SearchAxis(name="estimator.1.weights", options=2, below="estimator", option=1),
        SearchAxis(name="drop", options=3),
    )
)


def test_a_batch_follows_from_its_seed_and_number_and_not_from_how_many_points_are_asked_for() -> None:
    eight = random_points(SPACE, seed=1, batch=0, count=8)
    assert random_points(SPACE, seed=1, batch=0, count=3) == eight[:3]
    assert random_points(SPACE, seed=1, batch=1, count=8) != eight
    assert random_points(SPACE, seed=2, batch=0, count=8) != eight


def test_these_points_are_the_same_on_every_machine() -> None:
    """Literally: another release of Python or of this tool must not choose other points for the same experiment."""
    assert random_points(SPACE, seed=1, batch=0, count=2) == POINTS


def test_a_point_has_values_only_on_axes_that_count_and_only_within_them() -> None:
    seen: Counter[str] = Counter()
    for batch in range(40):
        for point in random_points(SPACE, seed=3, batch=batch, count=8):
            taken = dict(point)
            for axis in SPACE.axes:
                assert (axis.name in taken) == counts(axis, taken)
            for axis in (axis for axis in SPACE.axes if axis.name in taken):
                value = taken[axis.name]
                seen[f"{axis.name}={value}"] += axis.options > 0 or axis.whole
                low, high = (0, axis.options - 1) if axis.options else (axis.low, axis.high)
                assert low <= value <= high
                assert axis.options == 0 or value == int(value)
    for name in ("estimator=0.0", "estimator=1.0", "drop=2.0", "estimator.0.leaves=7.0", "estimator.0.leaves=9.0"):
        assert seen[name] > 20, seen


def test_a_grid_has_every_combination_once_and_ends() -> None:
    size = grid_size(SPACE, 10_000)
    assert size == 5 * 3 * 3 + 2 * 3
    points = [point for batch in range(20) for point in grid_points(SPACE, batch=batch, count=4)]
    assert len(points) == len(set(points)) == size
    assert grid_points(SPACE, batch=20, count=4) == ()
    assert grid_size(SPACE, 7) == 7


POINTS = (
    (("estimator", 0.0), ("estimator.0.rate", 0.06315), ("estimator.0.leaves", 7.0), ("drop", 0.0)),
    (("estimator", 1.0), ("estimator.1.weights", 1.0), ("drop", 1.0)),
)
