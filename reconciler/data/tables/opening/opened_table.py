"""Open a table, whatever its source, as the relation `source` of a DuckDB session.

Takes: what a source answers with: CSV or Parquet files, or Arrow record batches. Gives: one relation that can be read
several times, the types of its columns, and which of them are text that stands for other values. Keeps true: files are
checked before DuckDB reads them (`csv_files.validate`, `core.parquet_file`); batches are written to a file below `into`
first, so memory is bounded and the source is let go early. What lies below `into` for that is removed at the end.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core import parquet_file
from reconciler.core.parquet_file import ParquetError
from reconciler.core.size_limits import TABLE_PARTITIONS, TABLE_ROWS
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.table_error import table_error
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import dialect_of
from reconciler.data.duckdb_session import Session, name_of, open_session, text_list, text_of
from reconciler.data.tables.cells.missing_values import with_missing
from reconciler.data.tables.column_types import TYPE_RULE, check_zone, normal_type, text_format_of
from reconciler.data.tables.copied_column import is_copied
from reconciler.data.tables.opening.arrow_file import write_batches
from reconciler.data.tables.opening.csv_copies import CsvCopies, Partition
from reconciler.data.tables.opening.parquet_columns import columns_of_files, read_parquet
from reconciler.data.tables.opening.unnamed_file import unnamed_file
from reconciler.data.tables.write_copy import RowGroups
from reconciler.errors import DataError, FilePosition
from reconciler.ports import SourceFile, TableBatches, TableFiles

SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTable:
    """A table as the relation `source` of a session.

    `types`: its columns that can be copied, or that the table declares; `texts`: those of which the cells are text that
    stands for values, in the type of `given` where the source knows it, else inferred from all of them; what is given
    and no text is floating point that holds the numbers of that type exactly. `bounded`:
    days and times outside the years 1 to 9999 do not fit: they are how a source writes infinity. `groups`: where other
    sessions find the same rows in the row groups of a copy; None where they are numbered, too. `rows`: how many there
    are, where that was counted. `line_of` returns the file and the line of row n (from 1), where known.
    """

    session: Session
    types: dict[str, str]
    texts: frozenset[str] = frozenset()
    given: Mapping[str, str] = field(default_factory=dict)
    bounded: bool = False
    groups: RowGroups | None = None
    rows: int | None = None
    line_of: Callable[[int], tuple[str | None, int | None]] | None = None

    def text(self, name: str) -> str:
        """Return SQL of a column's text; of numbers that arrive as floating point, the text of the type they have."""
        if name in self.texts:
            return name_of(name)
        number = f"CAST(CAST({name_of(name)} AS {self.given[name]}) AS VARCHAR)"
        return f"(CASE WHEN isfinite({name_of(name)}) THEN {number} WHEN {name_of(name)} IS NOT NULL THEN 'nan' END)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOpener:
    """Opens one table: its declaration, the folder to write below, and the limits of its session.

    `optional`: columns that may be declared and not be there.
    """

    name: str
    table: Table
    into: Path
    limits: Limits
    optional: frozenset[str] = frozenset()

    @contextmanager
    def open(self, read: TableFiles | TableBatches) -> Iterator[OpenedTable]:
        """Open what a source answered with. Raises DataError E401-E408, E411, E418, E419."""
        if not isinstance(read, TableFiles):
            opening = self._batches(read)
        elif self.table.uses == "parquet":
            opening = self._parquet(read.files)
        else:
            opening = self._csv(read.files)
        with opening as opened:
            yield opened

    @property
    def kind(self) -> str:
        """Return what the table is, in messages."""
        return "file" if self.table.uses in ("csv", "parquet") else "table"

    def error(
        self, code: str, message: str, hint: str | None = None, line: int | None = None, file: str | None = None
    ) -> DataError:
        """Return an error of this table."""
        return table_error(self.name, self.table, code=code, message=message, hint=hint, line=line, file=file)

    # --- CSV ---

    @contextmanager
    def _csv(self, files: tuple[SourceFile, ...]) -> Iterator[OpenedTable]:
        """Open the text of the cells of CSV files, those with the same partition behind each other in one copy."""
        text_format_of(self.name, self.table)
        with ExitStack() as stack:
            copies = CsvCopies(dialect=dialect_of(self.name, self.table), error=self.error)
            for number, (partition, group) in enumerate(self._groups(files)):
                opened = stack.enter_context(unnamed_file(self.into, f".{self.name}.{number}.csv"))
                copies.add(partition, group, *opened, alone=len(files) == 1)
            names = (*copies.columns, *self._keys(files, copies.columns))
            self._check_declared(names)
            inputs = tuple(part.text for part in copies.parts)
            session = stack.enter_context(open_session(limits=self.limits, into=self.into, inputs=inputs, ordered=True))
            check_zone(session, self.name, self.table.time_zone)
            query = " UNION ALL ".join(
                f"SELECT *{_constants(part.partition)} FROM {self._read_csv(part.text, copies)}"
                for part in copies.parts
            )
            query = with_missing(query, dict.fromkeys(names, "VARCHAR"), self.table)
            session.run(f"CREATE VIEW {SOURCE} AS {query}", doing=f"reading table {self.name}")
            yield OpenedTable(
                session=session,
                types=dict.fromkeys(names, "VARCHAR"),
                texts=frozenset(names),
                rows=copies.rows,
                line_of=copies.line_of,
            )

    def _read_csv(self, text: Path, copies: CsvCopies) -> str:
        columns = ", ".join(f"{text_of(name)}: 'VARCHAR'" for name in copies.columns)
        nulls = list(self.table.nulls)
        # DuckDB has no empty list of null texts.
        empty = f"nullstr = {text_list(nulls)}" if nulls else f"force_not_null = {text_list(list(copies.columns))}"
        return (
            f"read_csv({text_of(str(text))}, columns = {{{columns}}},"
            f" auto_detect = false, header = false, delim = {text_of(copies.dialect.delimiter)}, quote = '\"',"
            f" escape = '\"', new_line = '\\n', {empty}, allow_quoted_nulls = true,"
            " null_padding = false, ignore_errors = false, strict_mode = true, parallel = false, comment = '')"
        )

    def _groups(self, files: tuple[SourceFile, ...]) -> list[tuple[Partition, tuple[SourceFile, ...]]]:
        """Return the files by partition, in order. Raises DataError E419 where there are too many."""
        groups = [(key, tuple(group)) for key, group in itertools.groupby(files, key=lambda file: file.partition)]
        if len(groups) > TABLE_PARTITIONS:
            message = f"{len(groups):,} folders of partitions; at most {TABLE_PARTITIONS:,} are read"
            raise self.error("E419", message, "name fewer of them by a pattern, or join small ones")
        return groups

    def _keys(self, files: tuple[SourceFile, ...], columns: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that folders name. Raises DataError E403 where the files have one of that name."""
        keys = tuple(key for key, _ in files[0].partition)
        known = {name.lower() for name in columns}
        if both := [key for key in keys if key.lower() in known]:
            hint = f"rename it in the files, by `columns`, or write the folders without `{both[0]}=`"
            message = f"column {both[0]} is both in the files and in the names of their folders"
            raise self.error("E403", message, hint, file=files[0].name)
        return keys

    # --- Parquet ---

    @contextmanager
    def _parquet(self, files: tuple[SourceFile, ...]) -> Iterator[OpenedTable]:
        """Open Parquet files, each measured before."""
        rows = 0
        for file in files:
            try:
                with file.open() as stream:
                    rows += parquet_file.measure(stream).rows
            except ParquetError as error:
                hint = "declare `uses: csv` if it is CSV; else write it again" if error.code == "E411" else error.hint
                raise self.error(error.code, str(error), hint, file=file.name) from None
        if rows > TABLE_ROWS:
            raise self.error(
                "E419", f"the files have {rows:,} rows; at most {TABLE_ROWS:,} are read", "split the table"
            )
        text_format_of(self.name, self.table)
        paths = {file.local(): file for file in files}
        inputs = tuple(paths)
        with open_session(limits=self.limits, into=self.into, inputs=inputs, ordered=True) as session:
            check_zone(session, self.name, self.table.time_zone)
            try:
                written, kinds = columns_of_files(session, paths, self.name, self.error)
            except DataError as error:
                raise error if error.where is not None else self.unreadable(error) from None
            types = dict(zip(self._names(written), kinds, strict=True))
            keys = self._keys(files, types)
            self._check_declared((*types, *keys))
            groups = self._groups(files)
            of_file = {file.name: path for path, file in paths.items()}
            query = " UNION ALL ".join(
                f"SELECT {self._items(session, of_file[group[0].name], types)}{_constants(partition)}"
                f" FROM {read_parquet([of_file[file.name] for file in group])}"
                for partition, group in groups
            )
            types |= dict.fromkeys(keys, "VARCHAR")
            query = with_missing(query, types, self.table)
            session.run(f"CREATE OR REPLACE VIEW {SOURCE} AS {query}", doing=f"reading table {self.name}")
            yield OpenedTable(session=session, types=self._copied(types), texts=frozenset(keys))

    def _items(self, session: Session, path: Path, types: Mapping[str, str]) -> str:
        """Return the columns of a file by the names that recipes use."""
        if not self.table.columns:
            return "*"
        own = session.types(read_parquet([path]), doing=f"reading table {self.name}")
        return ", ".join(f"{name_of(old)} AS {name_of(new)}" for old, new in zip(own, types, strict=True))

    # --- record batches ---

    @contextmanager
    def _batches(self, batches: TableBatches) -> Iterator[OpenedTable]:
        """Open record batches, written to a file of ours first: they are read once, and what copies them reads on."""
        names = self._names(batches.columns)
        text_format_of(self.name, self.table)
        self._check_declared(names)
        if not set(batches.columns) - batches.uncopied:
            self._copied({})
        with unnamed_file(self.into, f".{self.name}.arrow.parquet") as (_, spool):
            batched = write_batches(batches.stream(), spool, names, self.error)
            with open_session(limits=self.limits, into=self.into, inputs=(spool,), ordered=True) as session:
                check_zone(session, self.name, self.table.time_zone)
                relation = f"read_parquet({text_of(str(spool))})"
                types = session.types(relation, doing=f"reading table {self.name}")
                query = with_missing(f"SELECT * FROM {relation}", types, self.table)
                view = f"CREATE VIEW {SOURCE} AS {query}"
                session.run(view, doing=f"reading table {self.name}")
                renamed = dict(zip(batches.columns, names, strict=True))
                texts = {renamed[name]: kind for name, kind in batches.types().items()}
                types = {name: types.get(name) or batched.left_out[name] for name in names}
                # What turned out to be no text, number, date or time while it was read.
                types |= {name: kind for name, kind in texts.items() if kind is not None and not is_copied(kind)}
                yield OpenedTable(
                    session=session,
                    types=self._copied(types),
                    texts=frozenset(name for name in texts if types[name] != "DOUBLE"),
                    given={name: kind for name, kind in texts.items() if kind is not None},
                    bounded=True,
                    groups=RowGroups(file=spool, view=view) if batched.is_whole and not self.table.row_number else None,
                )

    # --- all of them ---

    def _names(self, written: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names that recipes use, of the names in the source. Raises DataError E403, E411."""
        where = FilePosition(file=self.table.place)
        return validate.check_names(validate.renamed(written, self.table.columns, where), where)

    def _copied(self, types: dict[str, str]) -> dict[str, str]:
        """Return the columns that are copied: of a type without a copy only those that the table declares."""
        declared = {*dict(self.table.types), *(cell.column for cell in self.table.cells)}
        copied = {name: kind for name, kind in types.items() if is_copied(kind) or name in declared}
        if not copied:
            hint = "write at least one as text, a number, a date, a time or a boolean"
            raise self.error("E411", f"no column of the {self.kind} has a type that can be read", hint)
        return copied

    def _check_declared(self, names: Iterable[str]) -> None:
        present, known = set(names), {*names, *self.optional}
        for name, kind in self.table.types:
            if normal_type(kind) is None:
                raise self.error("E405", f"column {name}: unknown type {kind[:40]}", f"use {TYPE_RULE}")
            if name not in known:
                raise self.error(
                    "E405", f"a type is declared for column {name}, which does not exist", "remove it from `types`"
                )
        for cells in self.table.cells:
            if cells.column not in known:
                raise self.error(
                    "E405", f"`cells` names column {cells.column}, which does not exist", "remove it from `cells`"
                )
        number = self.table.row_number
        if number is not None and number.lower() in {name.lower() for name in present}:
            raise self.error("E403", f"`rowNumber: {number}` is the name of an existing column", "choose another name")

    def damaged(self, error: DataError) -> DataError:
        """Return the error for a table whose values cannot all be read, though its columns can."""
        if error.code == "E418":
            return error
        return self.error("E411", f"the {self.kind} is damaged: a part of it cannot be read", "write it again")

    def unreadable(self, error: DataError) -> DataError:
        """Return the error for a table that DuckDB cannot read."""
        if error.code == "E418":
            return error
        code = "E402" if self.table.uses == "csv" else "E411"
        return self.error(code, f"the {self.kind} cannot be read: {error.message.partition(': ')[2]}", error.hint)


def _constants(partition: Partition) -> str:
    """Return SQL of the columns that folders name, behind those of the files."""
    values = ((key, "NULL" if value is None else text_of(value)) for key, value in partition)
    return "".join(f", CAST({value} AS VARCHAR) AS {name_of(key)}" for key, value in values)
