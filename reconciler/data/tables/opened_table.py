"""Open a table, whatever its source, as the relation `source` of a DuckDB session.

Takes: what a source answers with: CSV or Parquet files, or Arrow record batches. Gives: one relation that can be read
several times, the types of its columns, and which of them are text that stands for other values. Keeps true: files are
checked before DuckDB reads them (`csv_files.validate`, `core.parquet_file`); batches are written to a file below `into`
first, so memory is bounded and the source is let go early. What lies below `into` for that is removed at the end.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core import parquet_file
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.table_error import table_error
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import Dialect, dialect_of
from reconciler.data.duckdb_session import Session, name_of, open_session, text_list, text_of
from reconciler.data.tables.arrow_file import write_batches
from reconciler.data.tables.cells.missing_values import with_missing
from reconciler.data.tables.column_types import TYPE_RULE, check_zone, normal_type, text_format_of
from reconciler.data.tables.copied_column import is_copied
from reconciler.data.tables.unnamed_file import unnamed_file
from reconciler.errors import DataError, FilePosition
from reconciler.ports import SourceFile, TableBatches, TableFiles

SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTable:
    """A table as the relation `source` of a session.

    `types`: its columns that can be copied, or that the table declares; `texts`: those of which the cells are text that
    stands for values, in the type of `given` where the source knows it, else inferred from all of them. `rows`: how
    many there are, where that was counted. `line_of` returns the file and the line of row n (from 1), where known.
    """

    session: Session
    types: dict[str, str]
    texts: frozenset[str] = frozenset()
    given: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    line_of: Callable[[int], tuple[str | None, int | None]] | None = None


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

    def error(
        self, code: str, message: str, hint: str | None = None, line: int | None = None, file: str | None = None
    ) -> DataError:
        """Return an error of this table."""
        return table_error(self.name, self.table, code=code, message=message, hint=hint, line=line, file=file)

    # --- CSV ---

    @contextmanager
    def _csv(self, files: tuple[SourceFile, ...]) -> Iterator[OpenedTable]:
        """Open the text of the cells of CSV files."""
        dialect = dialect_of(self.name, self.table)
        text_format_of(self.name, self.table)
        with unnamed_file(self.into, f".{self.name}.csv") as (target, text):
            with files[0].open() as stream:
                rows = validate.copy_rows(stream, target, dialect)
            target.flush()
            self._check_declared(rows.columns)
            with open_session(limits=self.limits, into=self.into, inputs=(text,), ordered=True) as session:
                check_zone(session, self.name, self.table.time_zone)
                self._view_csv(session, text, rows.columns, dialect)
                yield OpenedTable(
                    session=session,
                    types=dict.fromkeys(rows.columns, "VARCHAR"),
                    texts=frozenset(rows.columns),
                    rows=rows.count,
                    line_of=lambda row: (None, validate.line_of(text, row, dialect)),
                )

    def _view_csv(self, session: Session, text: Path, names: tuple[str, ...], dialect: Dialect) -> None:
        columns = ", ".join(f"{text_of(name)}: 'VARCHAR'" for name in names)
        nulls = list(self.table.nulls)
        # DuckDB has no empty list of null texts.
        empty = f"nullstr = {text_list(nulls)}" if nulls else f"force_not_null = {text_list(list(names))}"
        cells = (
            f"SELECT * FROM read_csv({text_of(str(text))}, columns = {{{columns}}},"
            f" auto_detect = false, header = false, delim = {text_of(dialect.delimiter)}, quote = '\"', escape = '\"',"
            f" new_line = '\\n', {empty}, allow_quoted_nulls = true,"
            " null_padding = false, ignore_errors = false, strict_mode = true, parallel = false, comment = '')"
        )
        query = with_missing(cells, dict.fromkeys(names, "VARCHAR"), self.table)
        session.run(f"CREATE VIEW {SOURCE} AS {query}", doing=f"reading table {self.name}")

    # --- Parquet ---

    @contextmanager
    def _parquet(self, files: tuple[SourceFile, ...]) -> Iterator[OpenedTable]:
        """Open Parquet files, each measured before."""
        try:
            with files[0].open() as stream:
                parquet_file.measure(stream)
        except ParquetError as error:
            hint = "declare `uses: csv` if it is CSV; else write it again" if error.code == "E411" else error.hint
            raise self.error(error.code, str(error), hint) from None
        text_format_of(self.name, self.table)
        path = files[0].local()
        with open_session(limits=self.limits, into=self.into, inputs=(path,), ordered=True) as session:
            check_zone(session, self.name, self.table.time_zone)
            doing = f"reading table {self.name}"
            try:
                session.run(f"CREATE VIEW {SOURCE} AS SELECT * FROM read_parquet({text_of(str(path))})", doing=doing)
                types = session.types(SOURCE, doing=doing)
                # The names as the file has them: DuckDB changes a name that differs from another only in case.
                schema = session.rows(f"SELECT name FROM parquet_schema({text_of(str(path))})", doing=doing)
            except DataError as error:
                raise self.unreadable(error) from None
            written = tuple(row[0] for row in schema[1:])
            names = self._names(written if len(written) == len(types) else tuple(types))
            types = self._view_parquet(session, path, names, types)
            self._check_declared(types)
            yield OpenedTable(session=session, types=self._copied(types))

    def _view_parquet(
        self, session: Session, path: Path, names: tuple[str, ...], types: dict[str, str]
    ) -> dict[str, str]:
        """Create the source view with the declared column names, and return the types by those names."""
        items = ", ".join(f"{name_of(old)} AS {name_of(new)}" for old, new in zip(types, names, strict=True))
        by_name = dict(zip(names, types.values(), strict=True))
        items = items if self.table.columns else "*"
        query = with_missing(f"SELECT {items} FROM read_parquet({text_of(str(path))})", by_name, self.table)
        session.run(f"CREATE OR REPLACE VIEW {SOURCE} AS {query}", doing=f"reading table {self.name}")
        return by_name

    # --- record batches ---

    @contextmanager
    def _batches(self, batches: TableBatches) -> Iterator[OpenedTable]:
        """Open record batches, written to a file of ours first: they are read once, and what copies them reads on."""
        names = self._names(batches.columns)
        text_format_of(self.name, self.table)
        self._check_declared(names)
        with unnamed_file(self.into, f".{self.name}.arrow.parquet") as (_, spool):
            left = write_batches(batches.stream(), spool, names, self.error)
            with open_session(limits=self.limits, into=self.into, inputs=(spool,), ordered=True) as session:
                check_zone(session, self.name, self.table.time_zone)
                relation = f"read_parquet({text_of(str(spool))})"
                types = session.types(relation, doing=f"reading table {self.name}")
                query = with_missing(f"SELECT * FROM {relation}", types, self.table)
                session.run(f"CREATE VIEW {SOURCE} AS {query}", doing=f"reading table {self.name}")
                renamed = dict(zip(batches.columns, names, strict=True))
                texts = {renamed[name]: kind for name, kind in batches.types().items()}
                types = {name: types.get(name) or left[name] for name in names}
                yield OpenedTable(
                    session=session,
                    types=self._copied(types),
                    texts=frozenset(texts),
                    given={name: kind for name, kind in texts.items() if kind is not None},
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
            raise self.error("E411", "no column of the file has a type that can be read", hint)
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

    def unreadable(self, error: DataError) -> DataError:
        """Return the error for a table that DuckDB cannot read."""
        if error.code == "E418":
            return error
        code = "E402" if self.table.uses == "csv" else "E411"
        return self.error(code, f"the file cannot be read: {error.message.partition(': ')[2]}", error.hint)
