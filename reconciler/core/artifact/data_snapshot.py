"""Data snapshots of a store: which tables were copied when, by digest, and which refreshes were refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest
from reconciler.core.snapshots.declaration import SnapshotDeclaration
from reconciler.core.spec.data import Treatment
from reconciler.errors import TableProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column: its name and its DuckDB type. `digest`: of its type and its values in the order of the rows, equal
    whatever stands beside it; None where an earlier release copied it."""

    name: str
    type: str
    digest: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedColumn(DefaultsLeftOut):
    """What was done to a column before it was copied. `type`: the DuckDB type of its values before."""

    column: str
    treatment: Treatment
    type: str
    argument: str | None = None

    def __str__(self) -> str:
        return self.treatment.value if self.argument is None else f"{self.treatment.value} {self.argument}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalColumn:
    """A column that looks personal and is copied as it is. `share`: of the sampled rows whose values look so."""

    table: str
    column: str
    looks_like: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCopy:
    """One table of a snapshot: a Parquet blob. `columns` are in the table's order; a refresh keeps their types.
    `sampled_by`: the column that chose the rows of a sample of `source_rows`; None where all were copied. `masked`: the
    columns that were masked, also those that were dropped; None where none was."""

    name: str
    digest: Digest
    rows: int
    columns: tuple[TableColumn, ...]
    sampled_by: str | None = None
    source_rows: int | None = None
    masked: tuple[MaskedColumn, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Checksummed):
    """Data snapshot number `n` of an environment. `as_of` is an ISO date: the day the tables show (stated by the source
    environment, else the UTC day of `taken`). `declared`: the digest of what it was taken by, `declaration`; None where
    an earlier release took it, the second one alone where a later one did, which knew the tables and `as_of` only."""

    n: int
    taken: datetime
    as_of: str
    source: str
    tables: tuple[TableCopy, ...]
    format: int = 1
    declared: Digest | None = None
    declaration: SnapshotDeclaration | None = None

    @property
    def masked(self) -> tuple[tuple[str, str], ...]:
        """Return (table.column, what was done) of every masked column, in order."""
        return tuple((f"{table.name}.{each.column}", str(each)) for table in self.tables for each in table.masked or ())

    def table(self, name: str) -> TableCopy | None:
        """Return the copy of the table of this name, or None."""
        return next((table for table in self.tables if table.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRefresh(Checksummed):
    """A refresh that took no snapshot, because tables of `source` break their contracts. `snapshot`: the newest one
    then, which stays in use; None where there is none. `problems`: the first of them; `more`: how many others."""

    environment: str
    when: datetime
    source: str
    problems: tuple[TableProblem, ...]
    snapshot: int | None = None
    more: int = 0
    format: int = 1
