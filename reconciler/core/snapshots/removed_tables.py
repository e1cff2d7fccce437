"""The record that the tables of old data snapshots were let go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedTables(Checksummed):
    """One member of the log of removals: written before the first table is removed. `snapshots`: those whose tables go,
    unless another one holds the same; their records stay. `keep`: how many of the newest were to be kept."""

    environment: str
    when: datetime
    who: str
    keep: int
    snapshots: tuple[int, ...]
    format: int = 1
