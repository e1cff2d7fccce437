"""Results of the commands about data snapshots. No value of a table is part of any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult:
    """A refresh. `snapshot`: the newest one now; `taken`: whether this run took it; `reason`: why, or why not."""

    environment: str
    snapshot: int
    taken: bool
    reason: str
    as_of: str
    rows: int
    tables: int
    same: tuple[str, ...]
    """Tables that are as in the snapshot before, whose bytes were not stored again."""
    whole: tuple[str, ...]
    """Tables that were copied whole though a sample is declared: no column relates them to its entities."""
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotLine:
    """One snapshot. `models`: artifacts that were made from it. `removed`: its tables are not kept any more."""

    n: int
    taken: datetime
    as_of: str
    source: str
    tables: int
    rows: int
    artifacts: int
    removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotList:
    """The snapshots of an environment, newest first. `due`: why a refresh is due; None where none is."""

    environment: str
    snapshots: tuple[SnapshotLine, ...]
    due: str | None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTable:
    """A table of a snapshot. `since`: the first of the snapshots in a row that hold the same bytes. `masked`: columns
    that were masked, with their treatments."""

    name: str
    rows: int
    columns: tuple[str, ...]
    digest: Digest
    since: int
    sampled_by: str | None
    masked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDetail:
    """One snapshot. `declared`: what it was taken by, a line each; `otherwise`: what is declared otherwise now."""

    environment: str
    snapshot: SnapshotLine
    details: tuple[SnapshotTable, ...]
    declared: tuple[str, ...]
    otherwise: str | None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDifference:
    """What differs of one table between two snapshots; None where it has no such table. `values`: columns of which only
    values or their order differ; None where a copy has no digests of columns, so that it is not known which."""

    name: str
    rows_before: int | None
    rows_after: int | None
    added: tuple[str, ...]
    removed: tuple[str, ...]
    types: tuple[str, ...]
    values: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDifference:
    """Two snapshots compared. `same`: tables that do not differ; `declared`: what was declared otherwise."""

    environment: str
    before: SnapshotLine
    after: SnapshotLine
    declared: tuple[str, ...]
    tables: tuple[TableDifference, ...]
    same: tuple[str, ...]
    format: int = 1
