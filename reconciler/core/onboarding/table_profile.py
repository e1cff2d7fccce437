"""The profile of a table: the facts from which a first model is suggested."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.core.artifact.data_snapshot import PersonalColumn
from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.environment import Limits

FEW = 20  # distinct values up to which they are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOption:
    """What the author says about a table's text: a field of `Table`, of one column where `column` is not empty."""

    field: str
    column: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReading:
    """What the author of a model says about how its table is read: `options` about its text, `given` about the file's
    layout, `is_header` whether its first line names the columns; what is left out is told by looking."""

    options: tuple[ReadOption, ...] = ()
    given: Table = field(default_factory=lambda: Table(uses="", path=""))
    is_header: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """A request to profile the file `path`. `into`: an empty folder to work in. `given`: what the author says of the
    file's layout. `is_header`: whether its first line is a header; None to look."""

    path: Path
    into: Path
    limits: Limits
    options: tuple[ReadOption, ...] = ()
    given: Table = field(default_factory=lambda: Table(uses="", path=""))
    is_header: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNote:
    """How a column's text is read, where that is no matter of course.

    `flags`: options of `init` of which one settles what the text leaves open; `outcome_flags`: the same, where it
    matters only for the column to predict. `unread`: the text stays text, though it is no category.
    """

    column: str
    note: str
    flags: tuple[str, ...] = ()
    outcome_flags: tuple[str, ...] = ()
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column. `type`: its DuckDB type in a copy of the table. `filled`: rows with a value. `distinct`: different
    values. `values`: the texts of all of them, the most frequent first, where there are at most FEW; `rarest`: the rows
    of the last of them. `latest`: the last day of a date or time (ISO)."""

    name: str
    type: str
    filled: int
    distinct: int
    values: tuple[str, ...] = ()
    rarest: int | None = None
    latest: str | None = None

    @property
    def numeric(self) -> bool:
        """Tell whether the column holds numbers."""
        return self.type in ("BIGINT", "INTEGER", "DOUBLE") or self.type.startswith("DECIMAL")

    @property
    def dated(self) -> bool:
        """Tell whether the column holds dates or times."""
        return self.type in ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCountColumn:
    """A column whose values are exactly the days from date column `start` to date column `end`."""

    column: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DateGap:
    """The distances between two date columns, as shares of the rows that have both: those with at least 0 days from
    `start` to `end`, with more than 0, 10 and 30."""

    start: str
    end: str
    forward: float
    over_0: float
    over_10: float
    over_30: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeColumn:
    """A numeric column that falls as date column `since` rises, as an age does; by how closely, down to -1."""

    column: str
    since: str
    correlation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """The profile of one table. `table`: how to read the file. `twins`: pairs of columns that determine each other (a
    list of lists to the codec, since the same name may begin several). `notes`: how its columns are
    read; `layout_notes`: what was guessed of the file's layout; `personal`: the columns that look personal."""

    table: Table
    rows: int
    columns: tuple[ColumnProfile, ...]
    twins: tuple[tuple[str, ...], ...] = ()
    days: tuple[DayCountColumn, ...] = ()
    gaps: tuple[DateGap, ...] = ()
    ages: tuple[AgeColumn, ...] = ()
    notes: tuple[CellNote, ...] = ()
    layout_notes: tuple[str, ...] = ()
    personal: tuple[PersonalColumn, ...] = ()

    def column(self, name: str) -> ColumnProfile:
        """Return the column of this name; StopIteration where there is none."""
        return next(column for column in self.columns if column.name == name)

    def has(self, name: str) -> bool:
        """Tell whether the table has a column of this name."""
        return any(column.name == name for column in self.columns)


def with_options(table: Table, options: tuple[ReadOption, ...]) -> Table:
    """Return the table with what the author says about its text."""
    cells: dict[str, CellText] = {}
    nulls = table.nulls
    types = dict(table.types)
    for option in options:
        own = cells.get(option.column, CellText(column=option.column))
        match option.field, bool(option.column):
            case "types", _:
                types[option.column] = option.value
            case "nulls", True:
                cells[option.column] = replace(own, nulls=(*own.nulls, option.value))
            case "nulls", False:
                nulls = (*nulls, option.value)
            case "dates", True:
                cells[option.column] = replace(own, dates=option.value)
            case "dates", False:
                table = replace(table, dates=option.value)
            case "decimal", True:
                cells[option.column] = replace(own, decimal=option.value)
            case _:
                table = replace(table, decimal=option.value)
    listed = tuple(cells[column] for column in sorted(cells))
    return replace(table, nulls=nulls, types=tuple(sorted(types.items())), cells=listed)
