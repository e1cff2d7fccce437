"""Split training rows into folds: by time, by group, or stratified by class; the words are scikit-learn's.

Whatever is fitted or compared out of fold is split here: calibration, decisions, choices of estimators. Folds depend on
keys, groups, classes, days and a salt alone, never on the estimator or the order of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]

FEWEST_TRAINED, FEWEST_JUDGED = 20, 5
# Prefix of every hashed key, so that folds and the holdout, which are both cut by hashes, know nothing of each other.
_DOMAIN = "reconciler folds 1"


class RowFold(NamedTuple):
    """Places of rows to train on and of rows to judge by, ascending."""

    trained: Indices
    judged: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMoments:
    """When rows happened and when their outcomes were known: numpy arrays of days, NaT where there is none."""

    days: Any
    matured: Any

    def of(self, rows: Any) -> RowMoments:
        """Return the moments of some rows, by their places."""
        return RowMoments(days=self.days[rows], matured=self.matured[rows])


def split(
    keys: Sequence[str],
    labels: Any | None,
    *,
    folds: int,
    salt: int,
    moments: RowMoments | None = None,
    groups: Sequence[str] | None = None,
) -> list[RowFold]:
    """Return the folds of some training rows: in time where there are `moments`, by `groups` where there are, and
    stratified by `labels` otherwise (None: the outcome is a number)."""
    if moments is not None:
        return time_series_split(moments, folds=folds)
    if groups is not None:
        return group_k_fold(groups, folds=folds, salt=salt)
    return stratified_k_fold(keys, labels, folds=folds, salt=salt)


def stratified_k_fold(keys: Sequence[str], labels: Any | None, *, folds: int, salt: int = 0) -> list[RowFold]:
    """Return folds of nearly equal size, with nearly equal shares of each class. Another `salt` cuts them anew."""
    import numpy as np

    classes = np.zeros(len(keys), dtype=np.int64) if labels is None else np.asarray(labels, dtype=np.int64)
    order = np.lexsort((_hashes(keys, salt), classes))
    place = np.empty(len(keys), dtype=np.int64)
    place[order] = np.arange(len(keys)) % folds
    return _of_places(place, folds)


def group_k_fold(groups: Sequence[str], *, folds: int, salt: int = 0) -> list[RowFold]:
    """Return folds of nearly equal size that no group is shared between: the largest groups are dealt out first, each
    to the smallest fold so far. Fewer folds than asked for where there are fewer groups."""
    import numpy as np

    names, of_row, sizes = np.unique(np.asarray(groups, dtype=object), return_inverse=True, return_counts=True)
    order = np.lexsort((_hashes([str(name) for name in names], salt), -sizes))
    filled, fold_of = [0] * min(folds, len(names)), np.zeros(len(names), dtype=np.int64)
    for group in order:
        smallest = min(range(len(filled)), key=filled.__getitem__)
        fold_of[group] = smallest
        filled[smallest] += int(sizes[group])
    return _of_places(fold_of[of_row], len(filled)) if len(filled) > 1 else []


def time_series_split(moments: RowMoments, *, folds: int) -> list[RowFold]:
    """Return folds of the later half of the rows, cut between days, each with all rows that were known before it.

    A row whose outcome was known only after a fold began is not trained on for it, as in a holdout by time. Folds of
    too few rows are left out.
    """
    import numpy as np

    days, matured = (np.asarray(each, dtype="datetime64[D]") for each in (moments.days, moments.matured))
    if not len(days):
        return []
    ordered = np.sort(days)
    cuts = np.unique([ordered[len(days) // 2 + part * len(days) // (2 * folds)] for part in range(folds)])
    found = []
    for place, first in enumerate(cuts):
        within = days >= first
        if place + 1 < len(cuts):
            within &= days < cuts[place + 1]
        known = (days < first) & (np.isnat(matured) | (matured < first))
        trained, judged = np.flatnonzero(known), np.flatnonzero(within)
        if len(trained) >= FEWEST_TRAINED and len(judged) >= FEWEST_JUDGED:
            found.append(RowFold(trained, judged))
    return found


def moments_of(days: Any) -> RowMoments:
    """Return the moments of rows from their days (a pyarrow table with `day` and `matured`)."""
    return RowMoments(
        days=days.column("day").to_numpy(zero_copy_only=False),
        matured=days.column("matured").to_numpy(zero_copy_only=False),
    )


def _hashes(keys: Sequence[str], salt: int) -> Any:
    """Return the first eight bytes of the hash of each key."""
    import numpy as np

    prefix = hashlib.sha256(f"{_DOMAIN}:{salt}:".encode())
    body = bytearray()
    for key in keys:
        hashed = prefix.copy()
        hashed.update(key.encode())
        body += hashed.digest()[:8]
    return np.frombuffer(bytes(body), dtype=">u8")


def _of_places(place: Any, folds: int) -> list[RowFold]:
    import numpy as np

    return [RowFold(np.flatnonzero(place != fold), np.flatnonzero(place == fold)) for fold in range(folds)]
