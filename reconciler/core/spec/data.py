"""The data of an environment as git declares it: its tables, and what may be copied of them and how.

`tables`, `masks`, `contracts` and what is said of personal data stand where the data live, and hold for every copy;
`copy_from` and what comes with it stand where the copy is taken.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import DefaultsLeftOut

GLOB = re.compile(r"[*?\[]")
BUCKETS = {"s3://": "s3", "gs://": "gcs", "az://": "azure"}
"""How an address in a bucket begins -> the storage type."""


def is_in_bucket(path: str) -> bool:
    """Tell whether a table's path is an address in a bucket."""
    return path.startswith(tuple(BUCKETS))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellText(DefaultsLeftOut):
    """How the text of one column's cells is read, where that differs from its table.

    `nulls`: texts that mean a missing value here too, compared without the spaces around them. `grouping`: the sign
    between thousands. `unit`: a text before or behind each number. `negative`: how a negative number is written,
    `brackets` for (1) or `trailing` for 1-.
    """

    column: str
    nulls: tuple[str, ...] = ()
    dates: str | None = None
    decimal: str | None = None
    grouping: str | None = None
    unit: str | None = None
    negative: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(DefaultsLeftOut):
    """The source of one table, and how its text is parsed.

    `path` is relative to the data root that the operator names (by default the project), or an address in a bucket; it
    may be a file, a pattern or a folder. `url` names where the address of a database is (env:NAME or file:PATH), never
    the address; `table` or `query` is what is read there; `version` is that of a Delta table (None: the newest);
    `settings` are a plug-in's. `types` maps columns to
    DuckDB type names; `dates` is a strptime format for text dates; undeclared types are inferred once and then kept.
    `columns` are (name, name as written in the file), for names that expressions cannot use; `row_number` names a
    column to add: 1, 2, … in the file's order; `cells` are the columns whose text is read in another way.
    `skip`: lines above the header; `header`: whether there is one (else columns are column_1, column_2, …);
    `escape`: a backslash, where one stands before a quote inside a cell; `blank_lines`: "skip" leaves them out.
    """

    uses: str
    path: str = ""
    types: tuple[tuple[str, str], ...] = ()
    dates: str | None = None
    time_zone: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    nulls: tuple[str, ...] = ("",)
    columns: tuple[tuple[str, str], ...] = ()
    row_number: str | None = None
    cells: tuple[CellText, ...] = ()
    skip: int = 0
    header: bool = True
    escape: str | None = None
    blank_lines: str | None = None
    url: str | None = None
    table: str | None = None
    query: str | None = None
    version: int | None = None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> str:
        """Return where its rows are, for messages."""
        return self.path or self.table or (f"the query to {self.url}" if self.url else self.uses)

    @property
    def source(self) -> tuple[str, str | None]:
        """Return what tells its source: tables of which it is equal are read through one connection."""
        return self.uses, self.url

    @property
    def folder(self) -> str:
        """Return its path; of a pattern, the folder that it starts from."""
        plain = itertools.takewhile(lambda part: not GLOB.search(part), self.path.split("/"))
        return "/".join(plain) if GLOB.search(self.path) else self.path

    @property
    def is_here(self) -> bool:
        """Tell whether its rows are files below the data root."""
        return bool(self.path) and not is_in_bucket(self.path)

    def cell_text(self, column: str) -> CellText:
        """Return how the column's text is read where that differs from the table: nothing, where it does not."""
        return next((text for text in self.cells if text.column == column), CellText(column=column))


class Treatment(StrEnum):
    """What is done to the values of a column before anything is copied."""

    DROP = "drop"  # the column is not copied
    REDACT = "redact"  # every value becomes the same word
    PSEUDONYM = "pseudonym"  # a keyed hash: equal values stay equal under one key
    GENERALISE = "generalise"  # a number to a step, a date to its month or year, a text to its first characters
    CONSTANT = "constant"  # every value becomes a given text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask(DefaultsLeftOut):
    """The treatment of one column. `argument`: of a constant its text; of a generalisation `month`, `year`, the step of
    a number (`10`, `0.5`), or `first 2` for the first characters of a text."""

    table: str
    column: str
    treatment: Treatment
    argument: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedValues(DefaultsLeftOut):
    """The values that a column may have, as text."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedRange(DefaultsLeftOut):
    """The range that a numeric column lies in, both ends included; None is open."""

    column: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(DefaultsLeftOut):
    """A column whose values must stand in a column of another table; a missing value is no broken reference."""

    column: str
    table: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract(DefaultsLeftOut):
    """What the copy of one table must keep to, or no snapshot is taken.

    `key`: a column whose values are unique and never missing; `required`: columns that are never missing; `columns`:
    (column, DuckDB type) of all columns, where no other may come or go; `rows_at_least`, and `rows_change_at_most` as a
    share of the last snapshot's rows; `fresh_column` and `fresh_within` (seconds): how old its newest value may be.
    """

    table: str
    key: str | None = None
    required: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    values: tuple[AllowedValues, ...] = ()
    ranges: tuple[AllowedRange, ...] = ()
    references: tuple[Reference, ...] = ()
    rows_at_least: int | None = None
    rows_change_at_most: float | None = None
    fresh_column: str | None = None
    fresh_within: int | None = None


class PersonalData(StrEnum):
    """The rule for columns that look personal and are neither masked nor declared to be no personal data."""

    DENY = "deny"  # nothing is copied
    WARN = "warn"  # it is told, and copied


class CopiedColumns(StrEnum):
    """The columns that a snapshot copies."""

    USED = "used"  # those that a recipe, an experiment, a contract or a mask names
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(DefaultsLeftOut):
    """A share of whole entities: the rows of those values of `table.column` that a hash chooses."""

    table: str
    column: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataBinding(DefaultsLeftOut):
    """The data of an environment: its own tables, or the environment whose tables are copied as snapshots (sandbox).

    `mask_key` names where the key of pseudonyms is (env:NAME or file:PATH), never the key. `not_personal`:
    (table.column, reason) of columns that only look personal.
    """

    tables: tuple[tuple[str, Table], ...] = ()
    masks: tuple[Mask, ...] = ()
    mask_key: str | None = None
    personal_data: PersonalData | None = None
    not_personal: tuple[tuple[str, str], ...] = ()
    contracts: tuple[Contract, ...] = ()
    copy_from: str | None = None
    max_age: int | None = None  # seconds
    as_of: str | None = None  # ISO date: the day that the tables show
    keep: int | None = None  # newest snapshots that are kept, besides those that an artifact was made from
    columns: CopiedColumns = CopiedColumns.ALL
    sample: Sample | None = None
    erasure_key: str | None = None  # where the key of tombstones is (env:NAME or file:PATH), never the key
    erasure_grace: int | None = None  # seconds after which the traces of a forgotten entity are removed

    def table(self, name: str) -> Table | None:
        """Return the declared table of this name, or None."""
        return dict(self.tables).get(name)

    def mask(self, table: str, column: str) -> Mask | None:
        """Return the treatment of a column, or None."""
        return next((mask for mask in self.masks if (mask.table, mask.column) == (table, column)), None)

    def contract(self, table: str) -> Contract | None:
        """Return the contract of a table, or None."""
        return next((contract for contract in self.contracts if contract.table == table), None)
