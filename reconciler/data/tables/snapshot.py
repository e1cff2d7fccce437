"""Copy tables as Parquet files with exact types: the contents of a data snapshot.

Takes: files below a root, as their environment declares them, and the types of an earlier copy. Gives: one Parquet
file per table; equal input gives equal bytes, on any day, in any folder. Keeps true: every cell of the source
is in the copy as the value it shows, or there is no copy and the error says where (row, line, column, never the cell).
A column's type is the declared one, else that of the earlier copy, else inferred over all rows
(`type_inference`). Parquet files keep their own types, integers as BIGINT, and times with a zone as the wall clock of
the table's `timeZone`.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from reconciler.core import parquet_file
from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.data import Table
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import Dialect, dialect_of
from reconciler.data.duckdb_session import Session, name_of, open_session, text_list, text_of, write_parquet
from reconciler.data.tables.cells.double_meanings import beyond_bigint
from reconciler.data.tables.cells.missing_values import with_missing
from reconciler.data.tables.column_types import (
    TYPE_RULE,
    TextFormat,
    check_zone,
    from_text,
    from_text_as_before,
    normal_type,
    text_format_of,
    text_formats_of,
)
from reconciler.data.tables.copied_column import CopiedColumn, column_of_parquet, is_copied
from reconciler.data.tables.source_file import locate, table_error, unchanged
from reconciler.data.tables.type_inference import infer
from reconciler.errors import DataError, FilePosition
from reconciler.ports import CopyRequest, TableFile

T = TypeVar("T")

_SOURCE = "source"


def copy_tables(request: CopyRequest) -> tuple[TableFile, ...]:
    """Copy each table of the request as one Parquet file, in order. Raises DataError E302, E401-E411, E418."""
    held = {name: dict(types) for name, types in request.held}
    root = request.root.resolve()
    into = request.into.resolve()
    return tuple(
        _TableCopy(name=name, table=table, held=held.get(name, {}), into=into, request=request).write(root)
        for name, table in request.tables
    )


def look_at_cells(request: CopyRequest, look: Callable[[Session, str, dict[str, str]], T]) -> T:
    """Return `look` of the request's only table, before its text becomes values.

    It is given the session, the relation of its cells and their types. Raises what `copy_tables` does.
    """
    ((name, table),) = request.tables
    copy = _TableCopy(name=name, table=table, held={}, into=request.into.resolve(), request=request)
    path = locate(name, table, request.root.resolve())
    with unchanged(name, table, path) as stream:
        if table.uses == "parquet":
            with copy._opened_parquet(path, stream) as (session, types):
                return look(session, _SOURCE, types)
        with copy._opened_csv(stream) as (session, rows, _):
            return look(session, _SOURCE, dict.fromkeys(rows.columns, "VARCHAR"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableCopy:
    """The copy of one table; `held`: the column types of an earlier copy."""

    name: str
    table: Table
    held: dict[str, str]
    into: Path
    request: CopyRequest

    def write(self, root: Path) -> TableFile:
        """Copy the table's file, found below `root`."""
        path = locate(self.name, self.table, root)
        with unchanged(self.name, self.table, path) as stream:
            match self.table.uses:
                case "csv":
                    return self._from_csv(stream)
                case "parquet":
                    return self._from_parquet(path, stream)
                case other:
                    raise DataError(
                        f"table {self.name}: unknown format `uses: {other[:40]}`",
                        code="E408",
                        hint="declare `uses: csv` or `uses: parquet`",
                    )

    def _error(self, code: str, message: str, hint: str | None = None, line: int | None = None) -> DataError:
        return table_error(self.name, self.table, code=code, message=message, hint=hint, line=line)

    # --- CSV ---

    def _from_csv(self, stream: BinaryIO) -> TableFile:
        with self._opened_csv(stream) as (session, rows, text):
            columns = self._columns_of_text(session, rows.columns, text)
            return self._write(session, columns, rows.count, text)

    @contextmanager
    def _opened_csv(self, stream: BinaryIO) -> Iterator[tuple[Session, validate.Rows, Path]]:
        """Open a session in which the source view has the text of the file's cells."""
        dialect = dialect_of(self.name, self.table)
        text_format_of(self.name, self.table)
        text = self.into / f".{self.name}.csv"
        try:
            with text.open("wb") as target:
                rows = validate.copy_rows(stream, target, dialect)
            self._check_declared(rows.columns)
            with open_session(limits=self.request.limits, into=self.into, inputs=()) as session:
                check_zone(session, self.name, self.table.time_zone)
                self._view_csv(session, text, rows.columns, dialect)
                yield session, rows, text
        finally:
            text.unlink(missing_ok=True)

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
        session.run(f"CREATE VIEW {_SOURCE} AS {query}", doing=f"reading table {self.name}")

    def _columns_of_text(self, session: Session, names: tuple[str, ...], text: Path) -> tuple[CopiedColumn, ...]:
        formats = text_formats_of(self.name, self.table, names)
        known = self._known_types()
        unknown = [name for name in names if name not in known]
        inferred: dict[str, str] = {}
        if unknown:
            inferred, mistaken = infer(session, relation=_SOURCE, columns=unknown, table=self.name, formats=formats)
            if mistaken is not None:
                raise self._mistaken(session, *mistaken, formats[mistaken[0]], text)
        types = {name: known.get(name) or inferred.get(name, "VARCHAR") for name in names}
        declared = dict(self.table.types)
        return tuple(
            CopiedColumn(
                name=name,
                kind=kind,
                value=(from_text if name in declared or kind == "VARCHAR" else from_text_as_before)(
                    name_of(name), kind, formats[name]
                ),
                cell=name_of(name),
            )
            for name, kind in types.items()
        )

    def _mistaken(self, session: Session, name: str, kind: str, text_format: TextFormat, text: Path) -> DataError:
        if not kind:
            hint = f"declare `dates`, such as %d/%m/%Y, or `types: {{{name}: VARCHAR}}` if it is text"
            return self._error("E405", f"column {name} looks like dates, in a format that is not declared", hint)
        value = from_text(name_of(name), kind, text_format)
        column = CopiedColumn(name=name, kind=kind, value=value, cell=name_of(name))
        return self._misfit(session, column, text) or self._error(
            "E405", f"column {name} holds cells that are not {kind}"
        )

    # --- Parquet ---

    def _from_parquet(self, path: Path, stream: BinaryIO) -> TableFile:
        with self._opened_parquet(path, stream) as (session, types):
            formats = text_formats_of(self.name, self.table, types)
            known = dict.fromkeys(beyond_bigint(session, _SOURCE, types), "VARCHAR") | self._known_types()
            columns = tuple(
                self._column_of_parquet(name, kind, known.get(name), formats[name]) for name, kind in types.items()
            )
            count = session.value(f"SELECT count(*) FROM {_SOURCE}", doing=f"reading table {self.name}")
            if count == 0:
                raise self._error("E401", "the file has no rows", "check the program that writes it")
            return self._write(session, columns, count, None)

    @contextmanager
    def _opened_parquet(self, path: Path, stream: BinaryIO) -> Iterator[tuple[Session, dict[str, str]]]:
        """Open a session in which the source view has the file's columns; yields their types."""
        try:
            parquet_file.measure(stream)
        except ParquetError as error:
            hint = "declare `uses: csv` if it is CSV; else write it again" if error.code == "E411" else error.hint
            raise self._error(error.code, str(error), hint) from None
        text_format_of(self.name, self.table)
        with open_session(limits=self.request.limits, into=self.into, inputs=(path,)) as session:
            check_zone(session, self.name, self.table.time_zone)
            doing = f"reading table {self.name}"
            try:
                session.run(f"CREATE VIEW {_SOURCE} AS SELECT * FROM read_parquet({text_of(str(path))})", doing=doing)
                types = session.types(_SOURCE, doing=doing)
                # The names as the file has them: DuckDB changes a name that differs from another only in case.
                schema = session.rows(f"SELECT name FROM parquet_schema({text_of(str(path))})", doing=doing)
            except DataError as error:
                raise self._unreadable(error) from None
            written = tuple(row[0] for row in schema[1:])
            where = FilePosition(file=self.table.path)
            names = validate.renamed(written if len(written) == len(types) else tuple(types), self.table.columns, where)
            validate.check_names(names, where)
            types = self._view_parquet(session, path, names, types)
            self._check_declared(types)
            yield session, self._copied(types)

    def _copied(self, types: dict[str, str]) -> dict[str, str]:
        """Return the columns that are copied: of a type without a copy only those that the table declares."""
        declared = {*dict(self.table.types), *(cell.column for cell in self.table.cells)}
        copied = {name: kind for name, kind in types.items() if is_copied(kind) or name in declared}
        if not copied:
            hint = "write at least one as text, a number, a date, a time or a boolean"
            raise self._error("E411", "no column of the file has a type that can be read", hint)
        return copied

    def _view_parquet(
        self, session: Session, path: Path, names: tuple[str, ...], types: dict[str, str]
    ) -> dict[str, str]:
        """Create the source view with the declared column names, and return the types by those names."""
        items = ", ".join(f"{name_of(old)} AS {name_of(new)}" for old, new in zip(types, names, strict=True))
        by_name = dict(zip(names, types.values(), strict=True))
        items = items if self.table.columns else "*"
        query = with_missing(f"SELECT {items} FROM read_parquet({text_of(str(path))})", by_name, self.table)
        session.run(f"CREATE OR REPLACE VIEW {_SOURCE} AS {query}", doing=f"reading table {self.name}")
        return by_name

    def _column_of_parquet(
        self, name: str, file_type: str, known_type: str | None, text_format: TextFormat
    ) -> CopiedColumn:
        column = column_of_parquet(name, file_type, known_type, text_format)
        if column is None:
            hint = "write it as text, a number, a date, a time or a boolean, or leave it out"
            raise self._error("E411", f"column {name} has the type {file_type[:40]}, which is not supported", hint)
        return column

    # --- both ---

    def _known_types(self) -> dict[str, str]:
        return {**self.held, **{name: normal_type(kind) or kind for name, kind in self.table.types}}

    def _check_declared(self, names: Iterable[str]) -> None:
        present = set(names)
        for name, kind in self.table.types:
            if normal_type(kind) is None:
                raise self._error("E405", f"column {name}: unknown type {kind[:40]}", f"use {TYPE_RULE}")
            if name not in present:
                raise self._error(
                    "E405", f"a type is declared for column {name}, which does not exist", "remove it from `types`"
                )
        for cells in self.table.cells:
            if cells.column not in present:
                raise self._error(
                    "E405", f"`cells` names column {cells.column}, which does not exist", "remove it from `cells`"
                )
        number = self.table.row_number
        if number is not None and number.lower() in {name.lower() for name in present}:
            raise self._error("E403", f"`rowNumber: {number}` is the name of an existing column", "choose another name")

    def _write(self, session: Session, columns: tuple[CopiedColumn, ...], count: int, text: Path | None) -> TableFile:
        """Write the copy. A cell that does not fit fails it, and only then is the first such cell searched for."""
        items = ", ".join(f"{column.strict} AS {name_of(column.name)}" for column in columns)
        if self.table.row_number is not None:
            items = f"row_number() OVER () AS {name_of(self.table.row_number)}, {items}"
        path = self.into / f"{self.name}.parquet"
        try:
            write_parquet(session, f"SELECT {items} FROM {_SOURCE}", path)
        except DataError as error:
            raise self._first_misfit(session, columns, text) or self._unreadable(error) from None
        written = f"read_parquet({text_of(str(path))})"
        rows = session.value(f"SELECT count(*) FROM {written}", doing=f"reading table {self.name} back")
        if rows != count:
            raise self._error("E402", f"expected {count:,} rows, read {rows:,}", "check the declared `delimiter`")
        types = session.types(written, doing=f"reading table {self.name} back")
        table_columns = tuple(TableColumn(name=name, type=kind) for name, kind in types.items())
        return TableFile(name=self.name, path=path, rows=rows, columns=table_columns)

    def _first_misfit(self, session: Session, columns: tuple[CopiedColumn, ...], text: Path | None) -> DataError | None:
        for column in columns:
            if column.value != column.cell and (misfit := self._misfit(session, column, text)) is not None:
                return misfit
        return None

    def _misfit(self, session: Session, column: CopiedColumn, text: Path | None) -> DataError | None:
        try:
            count, first = session.rows(
                f"SELECT count(*), min(row) FROM (SELECT row_number() OVER () AS row, {column.cell} IS NOT NULL"
                f" AND ({column.value}) IS NULL AS misfit FROM {_SOURCE}) WHERE misfit",
                doing=f"reading table {self.name}",
            )[0]
        except DataError:
            return None
        if not count:
            return None
        others = f" (and {count - 1:,} more)" if count > 1 else ""
        line = validate.line_of(text, first, dialect_of(self.name, self.table)) if text is not None else None
        hint = (
            f"correct it, name it under `nulls`, or declare another type, such as `types: {{{column.name}: VARCHAR}}`"
        )
        article = "an" if column.kind.startswith("I") else "a"
        message = f"column {column.name}, row {first:,}: not {article} {column.kind}{others}"
        return self._error("E405", message, hint, line)

    def _unreadable(self, error: DataError) -> DataError:
        if error.code == "E418":
            return error
        code = "E402" if self.table.uses == "csv" else "E411"
        return self._error(code, f"the file cannot be read: {error.message.partition(': ')[2]}", error.hint)
