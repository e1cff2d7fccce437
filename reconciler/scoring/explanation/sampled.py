"""Estimate the Shapley values of any model's features, by orders of the features drawn with a fixed seed.

In one order, a background row becomes the record feature by feature; the score's change at a feature's turn is its
effect. The mean over all orders and background rows is its Shapley value. Here few orders are taken, and each makes up
for it: an order is also gone through backwards, so what two features do together is shared equally between them; the
background rows come in mirrored pairs; and what a feature does by itself, seen from many background rows, is added in
place of what it does seen from those few. So effects are exact where features act each by itself (an additive model),
and always add up to the score less one number that is the same for all records. The same orders serve every record:
what is told of one depends on no other.

A forest's groups of trees share the orders out among them. Features that the model does not use take no turn. Where
more than 100 are used, those that move the score least take one turn together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.scoring.explanation.background import SEED
from reconciler.scoring.explanation.parts import Scores, parts_of
from reconciler.scoring.explanation.scale import ModelScale

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

MOST_ALONE = 100
"""Features that take a turn each."""
_TURNS = 40  # of one background row: more rows where there are fewer features
_MOST_ROWS = 8  # background rows whose orders are gone through, and as many mirrored ones
_SEEN_FROM = 20  # background rows that a feature's own effect is seen from
_CELLS = 1 << 21  # of one request to the model
_BLOCK = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order: the background row that it begins at, and the players (groups of features) by turn."""

    start: int
    players: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPart:
    """One part of the model, the orders that it is seen in, and per player and class what its own effect is short of,
    seen from the rows of these."""

    scores: Scores
    orders: tuple[Order, ...]
    offsets: Any


class SampledEffects:
    """The estimated effects of a model's features."""

    def __init__(self, scale: ModelScale, background: Matrix) -> None:
        self._prepared = scale.prepared
        self._background = scale.prepared.prepared(background)
        whole = scale.of_prepared
        moved = self._moved(whole, background.shape[1])
        used = [int(index) for index in (-moved).argsort(kind="stable") if moved[index] > 0]
        alone, rest = (used, []) if len(used) <= MOST_ALONE else (used[: MOST_ALONE - 1], used[MOST_ALONE - 1 :])
        self._alone = sorted(alone)
        players = [[feature] for feature in self._alone] + ([rest] if rest else [])
        self._players = [self._prepared.columns_of(player) for player in players]
        self.together = len(rest)
        self._parts = self._plan(parts_of(scale)) if players else []

    @property
    def orders(self) -> int:
        """Return the number of orders."""
        return sum(len(part.orders) for part in self._parts)

    def of(self, matrix: Matrix, wanted: Any) -> Matrix:
        """Return the effect of each feature (rows, features) on the score of each row's `wanted` class; 0 of those that
        count together."""
        import numpy as np

        effects, alone = np.zeros(matrix.shape), len(self._alone)
        at_once = max(1, _CELLS // (self._background.shape[1] * max(1, len(self._players))))
        for begin in range(0, len(matrix) if self._parts else 0, at_once):
            rows, classes = self._prepared.prepared(matrix[begin : begin + at_once]), wanted[begin : begin + at_once]
            changes = np.zeros((len(rows), len(self._players)))
            for part in self._parts:
                for order in part.orders:
                    changes += self._changes(part.scores, rows, classes, order) / len(part.orders)
                changes += part.offsets[:, classes].T
            effects[begin : begin + at_once, self._alone] = changes[:, :alone]
        return effects

    def _changes(self, scores: Scores, rows: Matrix, classes: Any, order: Order) -> Matrix:
        """Return the change of the score at each player's turn (rows, players)."""
        import numpy as np

        count, turns = len(rows), len(order.players)
        start = self._background[order.start]
        states = np.empty((turns, count, rows.shape[1]))
        state = np.tile(start, (count, 1))
        for turn, player in enumerate(order.players):
            columns = self._players[player]
            state[:, columns] = rows[:, columns]
            states[turn] = state
        seen = scores(states.reshape(turns * count, -1)).reshape(turns, count, -1)
        after = seen[:, np.arange(count), classes]
        before = np.vstack([scores(start[None, :])[0][classes], after[:-1]])
        changes = np.empty((count, turns))
        changes[:, list(order.players)] = (after - before).T
        return changes

    def _plan(self, parts: list[Scores]) -> list[SeenPart]:
        """Return the orders that each part of the model is seen in."""
        import numpy as np

        rows = len(self._background)
        count = max(1, min(_MOST_ROWS, _TURNS // len(self._players)), -(-len(parts) // 4))
        own = [np.stack([self._own(scores, columns) for columns in self._players]) for scores in parts]
        # What is left where each feature's own effect is taken away: mirrored rows where that is as on average first.
        left = sum(scores(self._background) for scores in parts) - sum(own).sum(axis=0)  # type: ignore[union-attr]
        pairs = np.abs((left + left[::-1])[: rows // 2] / 2 - left.mean(axis=0)).sum(axis=1)
        random = np.random.Generator(np.random.PCG64(SEED))
        orders = []
        for place in pairs.argsort(kind="stable")[:count]:
            for row in (int(place), rows - 1 - int(place)):
                drawn = tuple(int(player) for player in random.permutation(len(self._players)))
                orders += [Order(start=row, players=each) for each in (drawn, drawn[::-1])]
        plans = []
        for place, scores in enumerate(parts):
            seen = tuple(orders[place :: len(parts)])
            starts = [order.start for order in seen]
            offsets = own[place][:, starts].mean(axis=1) - own[place].mean(axis=1)
            plans.append(SeenPart(scores=scores, orders=seen, offsets=offsets))
        return plans

    def _own(self, scores: Scores, columns: list[int]) -> Matrix:
        """Return the mean score of some background rows with a player's columns as in each row (rows, classes)."""
        import numpy as np

        background, some = self._background, self._some()
        states = np.repeat(background[some][None], len(background), axis=0)
        states[:, :, columns] = background[:, None, columns]
        seen = _in_parts(scores, states.reshape(-1, background.shape[1]))
        means: Matrix = seen.reshape(len(background), len(some), -1).mean(axis=1)
        return means

    def _some(self) -> Any:
        """Return the places of some background rows, in mirrored pairs."""
        import numpy as np

        first = np.arange(_SEEN_FROM // 2)
        return np.concatenate([first, len(self._background) - 1 - first])

    def _moved(self, scores: Scores, features: int) -> Any:
        """Return how far each feature moves the score when it alone is exchanged between background rows; 0 where it
        never does."""
        import numpy as np

        moved = np.zeros(features)
        for begin in range(0, features, _BLOCK):
            block = list(range(begin, min(features, begin + _BLOCK)))
            # Of many features, blocks are tried first: where a block moves nothing, no feature of it does.
            if features <= MOST_ALONE or self._exchanged(scores, block):
                for feature in block:
                    moved[feature] = self._exchanged(scores, [feature])
        return moved

    def _exchanged(self, scores: Scores, features: list[int]) -> float:
        import numpy as np

        background, some, columns = self._background, self._some(), self._prepared.columns_of(features)
        states = np.tile(background[some], (5, 1))
        for turn, shift in enumerate((1, 7, 23, 50, 77)):
            places = (some + shift) % len(background)
            states[turn * len(some) : (turn + 1) * len(some), columns] = background[np.ix_(places, columns)]
        change = scores(states) - np.tile(scores(background[some]), (5, 1))
        return float(np.abs(change).max(axis=1).mean())


def _in_parts(scores: Scores, states: Matrix) -> Matrix:
    import numpy as np

    at_once = max(1, _CELLS // states.shape[1])
    return np.concatenate([scores(states[begin : begin + at_once]) for begin in range(0, len(states), at_once)])
