"""The port that finds the rows of entities in tables, and the values that cross it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reconciler.core.spec.environment import Limits
from reconciler.ports.copied_rows import ErasedRows
from reconciler.ports.messages import TableFile


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRequest:
    """A request for the digests of a value of `table.column`. `kind`: the DuckDB type of the column, by which equal
    values have one text; `scratch`: an empty folder. `mask_key`: of its pseudonyms, in hexadecimal digits, if any.
    """

    table: str
    column: str
    limits: Limits
    scratch: Path
    value: str = field(repr=False)
    key: str = field(repr=False)
    kind: str | None = None
    mask_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityDigests:
    """The keyed digest of a value, and that of its pseudonym, where a mask key was given."""

    entity: str
    pseudonym: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFile:
    """A CSV file of predictions. `table`, `column`: where the keys in its first column come from."""

    path: Path
    table: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseRequest:
    """A request to write tables without the rows of entities, as `<name>.parquet` below `into`: those that have any.
    `logs` are written as `<position>.csv` without the rows whose key is that of a row that went."""

    tables: tuple[TableFile, ...]
    erased: ErasedRows
    into: Path
    limits: Limits
    logs: tuple[PredictionFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedFile:
    """What an erasure took out of one file: how many rows, and how many are left. `name`: of the table, or the position
    of the CSV file. Nothing was written where no row went."""

    name: str
    rows: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A request to look for a value in files; `scratch`: an empty folder."""

    files: tuple[Path, ...]
    limits: Limits
    scratch: Path
    value: str = field(repr=False)


class ErasureEngine(Protocol):
    """Finds the rows of entities, each request in a process of its own, which alone has the key of their digests."""

    def digests(self, request: EntityRequest) -> EntityDigests:
        """Return the keyed digests of a value."""

    def erase(self, request: EraseRequest) -> tuple[ErasedFile, ...]:
        """Write files without the rows of entities; DataError E455 where a table lacks a column that leads to them."""

    def search(self, request: SearchRequest) -> tuple[int, ...]:
        """Return the positions of the files that hold a value, also inside Parquet pages and archives."""
