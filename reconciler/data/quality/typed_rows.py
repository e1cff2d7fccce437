"""The typed rows of one table before masks, and a rule that each of them keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.data.duckdb_session import name_of
from reconciler.errors import TableProblem

ROW = "row of the table"  # no column has this name: names of columns have no spaces
_PLURAL = {"has": "have", "lies": "lie"}


class CheckedColumn(Protocol):
    """A column to check (`data.tables.copied_column` has them)."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def kind(self) -> str:
        """Return its DuckDB type."""

    @property
    def value(self) -> str:
        """Return SQL of the value, NULL where the cell does not fit its type."""

    @property
    def cell(self) -> str:
        """Return SQL of the cell."""

    @property
    def fits(self) -> bool:
        """Tell whether every cell fits, whatever it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedColumn:
    """A column whose cells have their type already."""

    name: str
    kind: str

    @property
    def value(self) -> str:
        """Return SQL of the value."""
        return name_of(self.name)

    @property
    def cell(self) -> str:
        """Return SQL of the cell."""
        return name_of(self.name)

    @property
    def fits(self) -> bool:
        """Tell that every cell fits."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRows:
    """The rows of one table before masks: `columns` over a relation, `unread` ones with their types besides.

    `last_rows`: at the last data snapshot, None where it has no such table; `moment`: when the copy is taken; `as_of`:
    the day that the tables show, where it is declared; `zone`: the time zone of the table's times.
    """

    table: str
    relation: str
    columns: Sequence[CheckedColumn]
    unread: Mapping[str, str]
    moment: datetime
    as_of: str | None = None
    zone: str = "UTC"
    last_rows: int | None = None

    def column(self, name: str) -> CheckedColumn | None:
        """Return the column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A rule that each row keeps. `bad`: SQL that is true where a row does not; `wrong`: what is wrong with one row, in
    words that follow "1 row"."""

    name: str
    column: str
    bad: str
    wrong: str
    change: str
    code: str = "E421"

    def broken(self, table: str, rows: int, row: int | None = None) -> TableProblem:
        """Return the problem of so many rows."""
        return TableProblem(
            table=table,
            code=self.code,
            message=said(rows, self.wrong),
            rule=self.name,
            column=self.column,
            rows=rows,
            row=row,
            change=self.change,
        )


def doing(rows: TypedRows) -> str:
    """Return the step, for an error."""
    return f"checking the contract of table {rows.table}"


def row_count(rows: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"


def said(rows: int, wrong: str) -> str:
    """Return words about some rows, from the words about one."""
    if rows == 1:
        return f"1 row {wrong}"
    verb, _, rest = wrong.partition(" ")
    return f"{row_count(rows)} {_PLURAL[verb]} {rest}".rstrip()
