"""Compute the Shapley values of the features of an ensemble of small trees exactly.

A leaf adds its score to a record that meets its conditions. Features of the background are independent, so that of a
leaf the part of the background that meets the conditions on one feature is all that counts: its Shapley values follow
from which features of the record meet theirs, and are kept in a table per leaf. The sum over the leaves is exact, with
respect to all combinations of the background's values. A sum over subsets of k features is an integral of a polynomial
of degree k - 1, which Gauss-Legendre quadrature gives exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.scoring.explanation.scale import ModelScale
from reconciler.scoring.explanation.trees import Tree, trees_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

_MOST_FEATURES = 13  # on the way to one leaf: a table has two to the power of it entries per feature
_MOST_ENTRIES = 1 << 24  # of all tables
_MOST_PAIRS = 200_000  # of a leaf and a feature: each is looked at for each record
_AT_ONCE = 1 << 20  # entries of tables that are computed together
_ROWS = 8192
_TOLERANCE = 1e-7


Conditions = tuple[tuple[int, tuple[tuple[int, bool], ...]], ...]
"""Per feature on the way to a leaf: the nodes that ask about it, with the answer that leads there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf and what it adds to each class's score. `tables`: the effects of a leaf that adds 1, by feature and by
    the subset of features whose conditions a record meets."""

    conditions: Conditions
    scores: Any
    tables: Matrix


class TreeEffects:
    """The effects of the features of an ensemble of trees."""

    def __init__(self, scale: ModelScale, trees: list[tuple[Tree, list[Leaf]]]) -> None:
        self._scale, self._trees = scale, trees

    def of(self, matrix: Matrix, wanted: Any) -> Matrix:
        """Return the effect of each feature (rows, features) on the score of each row's `wanted` class."""
        import numpy as np

        effects = np.zeros(matrix.shape)
        for label in np.unique(wanted):
            places = np.flatnonzero(wanted == label)
            for begin in range(0, len(places), _ROWS):
                some = places[begin : begin + _ROWS]
                rows = self._scale.prepared.prepared(matrix[some])
                part = np.zeros((matrix.shape[1], len(some)))
                for tree, leaves in self._trees:
                    _add(part, tree.goes_left(rows), leaves, int(label))
                effects[some] = part.T
        return effects


def tree_effects(scale: ModelScale, background: Matrix) -> TreeEffects | None:
    """Return the effects of a model that is a sum of small trees on its scale, None of any other."""
    import numpy as np

    trees = trees_of(scale)
    if trees is None:
        return None
    prepared = scale.prepared.prepared(background)
    found: list[tuple[Tree, list[tuple[int, Conditions]]]] = []
    shares: dict[int, list[list[float]]] = {}
    pairs = entries = 0
    for tree in trees:
        leaves = [(node, conditions) for node, conditions in _paths(tree) if conditions]
        counts = [len(conditions) for _, conditions in leaves]
        pairs += sum(counts)
        entries += sum(count << count for count in counts if count <= _MOST_FEATURES)
        if max(counts, default=0) > _MOST_FEATURES or pairs > _MOST_PAIRS or entries > _MOST_ENTRIES:
            return None
        answers = _both(tree.goes_left(prepared))
        for _, conditions in leaves:
            met = [float(_meet(answers, each).mean()) for _, each in conditions]
            shares.setdefault(len(met), []).append(met)
        found.append((tree, leaves))
    tables = {count: _shapley(np.asarray(each)) for count, each in shares.items()}
    read = [
        (
            tree,
            [
                Leaf(conditions=conditions, scores=tree.scores[node], tables=next(tables[len(conditions)]))
                for node, conditions in leaves
            ],
        )
        for tree, leaves in found
    ]
    effects = TreeEffects(scale, read)
    # Not believed by its name: the effects must add up to the scores, less what is the same for all rows.
    scores = scale.scores(background)
    labels = np.arange(len(background)) % scores.shape[1]
    left = scores[np.arange(len(background)), labels] - effects.of(background, labels).sum(axis=1)
    most = _TOLERANCE * max(1.0, float(np.abs(scores).max()))
    return effects if all(np.ptp(left[labels == label]) <= most for label in set(labels)) else None


def _paths(tree: Tree) -> Iterator[tuple[int, Conditions]]:
    """Yield each leaf with the conditions on the way to it, by feature."""
    waiting: list[tuple[int, dict[int, tuple[tuple[int, bool], ...]]]] = [(0, {})]
    left, right, features = tree.left.tolist(), tree.right.tolist(), tree.features.tolist()
    while waiting:
        node, before = waiting.pop()
        if left[node] < 0:
            yield node, tuple(before.items())
            continue
        feature = features[node]
        for child, answer in ((right[node], False), (left[node], True)):
            waiting.append((child, {**before, feature: (*before.get(feature, ()), (node, answer))}))


def _shapley(shares: Matrix) -> Iterator[Matrix]:
    """Yield the effects (features, subsets) of leaves that add 1. `shares` (leaves, features): of the background, that
    meets the conditions on each feature; a subset has the bit of each feature whose conditions a record meets."""
    import numpy as np

    leaves, count = shares.shape
    meets = (np.arange(1 << count)[:, None] >> np.arange(count) & 1).astype(np.float64)
    places, weights = np.polynomial.legendre.leggauss((count + 1) // 2)
    places, weights = (places + 1) / 2, weights / 2
    at_once = max(1, _AT_ONCE // (meets.size * len(places)))
    for begin in range(0, leaves, at_once):
        some = shares[begin : begin + at_once]
        factors = some[:, None, :, None] * (1 - places) + meets[None, :, :, None] * places
        below, above = np.ones_like(factors), np.ones_like(factors)
        np.cumprod(factors[:, :, :-1], axis=2, out=below[:, :, 1:])
        above[:, :, :-1] = np.cumprod(factors[:, :, :0:-1], axis=2)[:, :, ::-1]
        effects = (meets - some[:, None, :]) * ((below * above) @ weights)
        yield from np.ascontiguousarray(effects.transpose(0, 2, 1))


def _meet(
    answers: NDArray[np.bool_], conditions: tuple[tuple[int, bool], ...], out: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return which rows give these answers; `answers`: of all nodes, then the opposite of each."""
    import numpy as np

    nodes = len(answers) // 2
    first, *more = (node if answer else node + nodes for node, answer in conditions)
    if not more:
        only: NDArray[np.bool_] = answers[first]
        if out is not None:
            out[:] = only
        return only
    met: NDArray[np.bool_] = np.logical_and(answers[first], answers[more[0]], out=out)
    for node in more[1:]:
        np.logical_and(met, answers[node], out=met)
    return met


def _both(answers: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the answers of all nodes, then the opposite of each."""
    import numpy as np

    return np.concatenate([answers, ~answers])


def _add(effects: Matrix, answers: NDArray[np.bool_], leaves: list[Leaf], label: int) -> None:
    """Add the effects of one tree's leaves on the score of one class to `effects` (features, rows)."""
    import numpy as np

    rows, both = effects.shape[1], _both(answers)
    met, effect = np.zeros((_MOST_FEATURES, rows), dtype=bool), np.empty(rows)
    for leaf in leaves:
        score, count = float(leaf.scores[label]), len(leaf.conditions)
        if not score:
            continue
        for place, (_, conditions) in enumerate(leaf.conditions):
            _meet(both, conditions, out=met[place])
        packed = np.packbits(met[:count], axis=0, bitorder="little")
        subsets = packed[0].astype(np.intp)
        if count > 8:
            subsets += packed[1].astype(np.intp) << 8
        for (feature, _), table in zip(leaf.conditions, leaf.tables * score, strict=True):
            np.take(table, subsets, out=effect, mode="clip")
            effects[feature] += effect
