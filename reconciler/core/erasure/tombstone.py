"""Tombstones: the records that an entity is to be forgotten. Without the key of erasures none names anybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed
from reconciler.core.erasure.referring import FollowedReference, ReferringColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone(Checksummed):
    """Member `n` of the log of erasures of `environment`, where the data live, and of its copies in other stores.

    `entity`: the keyed digest (HMAC-SHA-256) of the text of the value of `table.column`; `pseudonyms`: (id of a mask
    key, the same digest of its pseudonym), to find it in masked copies; `key_id` tells keys of erasures apart.
    `columns` and `references`: what led to the entity when it was forgotten; they go on counting, whatever is declared
    later. `due`: from when on its traces are removed. `returns`: the erasure that this one ends; None where it begins
    one.
    """

    environment: str
    n: int
    table: str
    column: str
    entity: str
    key_id: str
    pseudonyms: tuple[tuple[str, str], ...]
    columns: tuple[ReferringColumn, ...]
    references: tuple[FollowedReference, ...]
    when: datetime
    due: datetime
    who: str
    reason: str
    returns: int | None = None
    format: int = 1

    @property
    def name(self) -> str:
        """Return its name in messages."""
        return f"erasure {self.n} of {self.environment}"

    def is_of(self, other: Tombstone) -> bool:
        """Tell whether both are of one entity."""
        mine = (self.table, self.column, self.entity, self.key_id)
        return mine == (other.table, other.column, other.entity, other.key_id)


def in_force(log: Iterable[Tombstone]) -> tuple[Tombstone, ...]:
    """Return the erasures of a log that no later member ends."""
    found: dict[int, Tombstone] = {}
    for tombstone in log:
        if tombstone.returns is None:
            found[tombstone.n] = tombstone
        else:
            found.pop(tombstone.returns, None)
    return tuple(found.values())
