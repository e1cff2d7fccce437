"""What a table looks like to somebody who has never seen it: the facts from which a first model is suggested."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.spec.environment import Limits, Table

FEW = 20  # distinct values up to which they are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """`into`: an empty folder to work in."""

    path: Path
    into: Path
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """`type`: as a copy of the table would have it. `filled`: rows with a value. `values`: the texts of all values,
    the most frequent first, where there are at most FEW. `latest`: the last day of a date or time (ISO)."""

    name: str
    type: str
    filled: int
    distinct: int
    values: tuple[str, ...] = ()
    latest: str | None = None

    @property
    def numeric(self) -> bool:
        return self.type in ("BIGINT", "INTEGER", "DOUBLE") or self.type.startswith("DECIMAL")

    @property
    def dated(self) -> bool:
        return self.type in ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCountColumn:
    """`column` is nothing but the days from `start` to `end`."""

    column: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DateGap:
    """Of the rows that have both dates: the shares with at least 0 days between them, more than 0, 10 and 30."""

    start: str
    end: str
    forward: float
    over_0: float
    over_10: float
    over_30: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """`table`: how the file is to be read. `twins`: pairs of columns of which each tells the other (a list of lists to
    the codec: the same name may begin several)."""

    table: Table
    rows: int
    columns: tuple[ColumnProfile, ...]
    twins: tuple[tuple[str, ...], ...] = ()
    days: tuple[DayCountColumn, ...] = ()
    gaps: tuple[DateGap, ...] = ()

    def column(self, name: str) -> ColumnProfile:
        return next(one for one in self.columns if one.name == name)

    def has(self, name: str) -> bool:
        return any(one.name == name for one in self.columns)
