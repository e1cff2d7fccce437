"""Count independent trainings of one artifact: other keys, other runs. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduced:
    """How many trainers trained an artifact independently, and how many must have."""

    by: int
    least: int

    @property
    def enough(self) -> bool:
        return self.by >= self.least

    def __str__(self) -> str:
        trainers = "trainer" if self.by == 1 else "trainers"
        return f"reproduced: the signed trainings of {self.by} independent {trainers} agree on it; {self.least} must"


def independent_trainings(signed: Collection[tuple[Digest, Digest]]) -> int:
    """Return how many trainings, each of another key and another record, are signed: pairs of both.

    Two keys under one record are one training; two records by one key are one trainer. So it is the largest set of
    pairs without a key or a record in common.
    """
    records_of: dict[Digest, list[Digest]] = {}
    for key, record in sorted(set(signed)):
        records_of.setdefault(key, []).append(record)
    holder: dict[Digest, Digest] = {}

    def placed(key: Digest, tried: set[Digest]) -> bool:
        for record in records_of[key]:
            if record not in tried:
                tried.add(record)
                if record not in holder or placed(holder[record], tried):
                    holder[record] = key
                    return True
        return False

    return sum(placed(key, set()) for key in records_of)
