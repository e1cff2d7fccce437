"""Cut training rows into folds: by a hash of their keys, or in time where the holdout is cut by time.

Folds depend on keys, classes and dates alone, never on the seed, the estimator or the order of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from reconciler.core.onboarding.estimator_options import FOLDS

FEWEST_TRAINED, FEWEST_JUDGED = 20, 5
# Prefix of every hashed key, so that folds and the holdout, which are both cut by hashes, know nothing of each other.
_DOMAIN = "reconciler folds 1"


class RowFold(NamedTuple):
    """Indices of rows to train on and of rows to judge by."""

    trained: list[int]
    judged: list[int]


def random_folds(keys: Sequence[str], targets: Any, *, classes: bool, repeats: int) -> list[RowFold]:
    """Return folds of nearly equal size, with nearly equal shares of each class where the targets are `classes`.

    They are cut `repeats` times, by other hashes.
    """
    folds = []
    for repeat in range(repeats):
        hashes = [hashlib.sha256(f"{_DOMAIN}:{repeat}:{key}".encode()).digest() for key in keys]
        order = sorted(range(len(keys)), key=lambda row: (int(targets[row]) if classes else 0, hashes[row]))
        for fold in range(FOLDS):
            judged = sorted(order[fold::FOLDS])
            left_out = set(judged)
            folds.append(RowFold([row for row in range(len(keys)) if row not in left_out], judged))
    return folds


def time_folds(days: Sequence[date], matured: Sequence[date | None]) -> list[RowFold]:
    """Return folds of the later half of the rows, cut between days, each with all rows that were known before it.

    A row whose outcome was known only after a fold began is not trained on for it, as in a holdout by time. Folds of
    too few rows are left out.
    """
    ordered = sorted(days)
    cuts = sorted({ordered[len(days) // 2 + part * len(days) // (2 * FOLDS)] for part in range(FOLDS)})
    folds = []
    for first, next_first in zip(cuts, [*cuts[1:], None], strict=True):
        judged = [row for row, day in enumerate(days) if day >= first and (next_first is None or day < next_first)]
        trained = [row for row, day in enumerate(days) if day < first and _known_before(matured[row], first)]
        if len(trained) >= FEWEST_TRAINED and len(judged) >= FEWEST_JUDGED:
            folds.append(RowFold(trained, judged))
    return folds


def _known_before(matured: date | None, first: date) -> bool:
    return matured is None or matured < first
