"""The port of table sources: where the tables of an environment are, and how their rows are read.

A source reads the tables of one place, such as one database, all as they are at one moment. It answers with files,
which the reader of their format takes, or with Arrow record batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from reconciler.core.spec.data import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret that a manifest refers to (env:NAME or file:PATH). Its value is in no text that is made of it."""

    reference: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccess:
    """What a source is opened with: the tables of one place, the folder that their paths start from, an empty folder
    `scratch` to write into, and the secrets that the tables refer to. `seconds`: how long a connection may take."""

    tables: tuple[tuple[str, Table], ...]
    root: Path
    scratch: Path
    secrets: tuple[Secret, ...] = ()
    seconds: float = 15.0

    def table(self, name: str) -> Table:
        """Return the declaration of a table."""
        return dict(self.tables)[name]

    def secret(self, reference: str) -> str | None:
        """Return the secret of a reference; None where it is not known here."""
        return next((secret.value for secret in self.secrets if secret.reference == reference), None)


class SourceFile(Protocol):
    """One file of a table."""

    @property
    def name(self) -> str:
        """Return its name in messages."""

    @property
    def partition(self) -> tuple[tuple[str, str | None], ...]:
        """Return the columns that its folders name (`key=value`), and their values."""

    def open(self) -> BinaryIO:
        """Open its bytes, which can be sought in. Raises DataError E401, E419."""

    def local(self) -> Path:
        """Return a file on this disk with its bytes: itself, or a copy in the scratch folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFiles:
    """A table of files in the order of their rows; there is one at least."""

    files: tuple[SourceFile, ...]


class ArrowStream(Protocol):
    """Record batches behind the Arrow C stream interface; a `pyarrow.RecordBatchReader` is one."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class TableBatches(Protocol):
    """A table that arrives as Arrow record batches."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of its columns. Reads no row."""

    @property
    def uncopied(self) -> frozenset[str]:
        """Return the columns of a type that no copy has, such as lists, records and bytes, as far as known."""

    def stream(self) -> ArrowStream:
        """Return the batches, which are read once, in bounded memory."""

    def types(self) -> Mapping[str, str | None]:
        """Return, of columns whose values arrive as text and are none, their DuckDB type; None where it is inferred
        from all values. Such a DECIMAL may arrive as floating point where 15 digits are enough for it. Complete when
        the stream has been read."""


class TableSource(Protocol):
    """The tables of one place, as they are at one moment. Raises DataError; none of its messages holds a secret."""

    def read(self, name: str) -> AbstractContextManager[TableFiles | TableBatches]:
        """Open a table; at the end, files are looked at again.

        Raises DataError E302, E401, E408 where it is not there, E409 at the end where it changed while it was read, and
        E431 to E433 for a database that cannot be reached, refuses or goes away.
        """

    def close(self) -> None:
        """Close connections. Idempotent."""


class TableDestination(Protocol):
    """One table that rows are written into, in one transaction. Raises DataError; no message holds a secret."""

    def replace(self, rows: Path, own: tuple[tuple[str, str], ...]) -> None:
        """Put the rows of a Parquet file in the place of those whose columns have the values `own`; where there is no
        such table, make it. All of it happens, or nothing.

        Raises DataError E401, E431 to E433, E435.
        """
