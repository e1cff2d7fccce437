"""Copies of tables as Parquet files with exact types: what a data snapshot is made of.

Takes: files below a root, as their environment declares them, and the types that an earlier copy found. Gives: one
Parquet file per table; equal input gives equal bytes, on any day, in any folder. Keeps true: every cell of the source
is in the copy as the value it shows, or there is no copy and the error says where (row, line, column, never the cell).
A column's type is the declared one, else the held one, else inferred over all rows (`columns`). Parquet files keep
their own types, integers as BIGINT, and times with a zone as the wall clock of the table's `timeZone`.
"""

# SQL is text here; what is put into it is quoted (`name_of`, `text_of`) or was written anew from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.spec.environment import Table
from reconciler.data.duckdb_session import Session, name_of, open_session, text_list, text_of, write_parquet
from reconciler.data.tables import column_types, csv_validate
from reconciler.data.tables.column_types import TYPE_RULE, TextFormat, from_text, held_to, infer, normal_type
from reconciler.data.tables.csv_rows import Dialect
from reconciler.data.tables.source_file import locate, refuse, unchanged
from reconciler.errors import DataError, FilePosition
from reconciler.ports import CopyRequest, TableFile

_SOURCE = "source"

# Types of a Parquet column that are kept, and what each is written as.
_KEPT = {
    "VARCHAR": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TINYINT": "BIGINT",
    "SMALLINT": "BIGINT",
    "INTEGER": "BIGINT",
    "BIGINT": "BIGINT",
    "UTINYINT": "BIGINT",
    "USMALLINT": "BIGINT",
    "UINTEGER": "BIGINT",
    "UBIGINT": "BIGINT",
    "FLOAT": "DOUBLE",
    "DOUBLE": "DOUBLE",
}


def copy_tables(request: CopyRequest) -> tuple[TableFile, ...]:
    """One Parquet file per table, in the order of the request. DataError E302, E401-E411, E418."""
    held = {name: dict(types) for name, types in request.held}
    root = request.root.resolve()
    into = request.into.resolve()
    return tuple(
        _Copy(name=name, table=table, held=held.get(name, {}), into=into, request=request).make(root)
        for name, table in request.tables
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """`value`: SQL over the source, NULL where the cell does not fit `kind`; `cell`: SQL of the cell itself."""

    name: str
    kind: str
    value: str
    cell: str

    @property
    def strict(self) -> str:
        """The value, or an error of the statement where the cell does not fit."""
        if self.value == self.cell:
            return self.value
        return f"coalesce({self.value}, CASE WHEN {self.cell} IS NOT NULL THEN error('misfit') END)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    name: str
    table: Table
    held: dict[str, str]
    into: Path
    request: CopyRequest

    def make(self, root: Path) -> TableFile:
        path = locate(self.name, self.table, root)
        with unchanged(self.name, self.table, path) as stream:
            match self.table.uses:
                case "csv":
                    return self._from_csv(stream)
                case "parquet":
                    return self._from_parquet(path)
                case other:
                    raise DataError(
                        f"table {self.name}: nothing reads `uses: {other[:40]}`",
                        code="E408",
                        hint="tables are csv or parquet files",
                    )

    def _error(self, code: str, message: str, hint: str | None = None, line: int | None = None) -> DataError:
        return refuse(self.name, self.table, code=code, message=message, hint=hint, line=line)

    # --- CSV ---

    def _from_csv(self, stream: BinaryIO) -> TableFile:
        dialect = self._dialect()
        writing = column_types.writing_of(self.name, self.table)
        text = self.into / f".{self.name}.csv"
        try:
            with text.open("wb") as target:
                rows = csv_validate.copy_rows(stream, target, dialect)
            self._check_declared(rows.columns)
            with open_session(limits=self.request.limits, into=self.into, inputs=()) as session:
                self._check_zone(session)
                self._view_csv(session, text, rows.columns, dialect)
                columns = self._columns_of_text(session, rows.columns, writing, text)
                return self._write(session, columns, rows.count, text)
        finally:
            text.unlink(missing_ok=True)

    def _dialect(self) -> Dialect:
        delimiter = self.table.delimiter or ","
        if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in '"\r\n\0 ._-':
            message = f"table {self.name}: `delimiter` must be one sign, such as , ; | or a tab"
            raise DataError(message, code="E404")
        declared = (self.table.encoding or "utf-8").lower()
        encoding = csv_validate.ENCODINGS.get(declared)
        if encoding is None:
            known = "utf-8, latin-1, cp1252 or utf-16"
            raise DataError(
                f"table {self.name}: encoding {declared[:40]} is not known", code="E406", hint=f"use {known}"
            )
        return Dialect(path=self.table.path, delimiter=delimiter, encoding=encoding, columns=self.table.columns)

    def _view_csv(self, session: Session, text: Path, names: tuple[str, ...], dialect: Dialect) -> None:
        columns = ", ".join(f"{text_of(name)}: 'VARCHAR'" for name in names)
        nulls = list(self.table.nulls)
        # DuckDB has no empty list of null texts.
        empty = f"nullstr = {text_list(nulls)}" if nulls else f"force_not_null = {text_list(list(names))}"
        session.run(
            f"CREATE VIEW {_SOURCE} AS SELECT * FROM read_csv({text_of(str(text))}, columns = {{{columns}}},"
            f" auto_detect = false, header = false, delim = {text_of(dialect.delimiter)}, quote = '\"', escape = '\"',"
            f" new_line = '\\n', {empty}, allow_quoted_nulls = true,"
            " null_padding = false, ignore_errors = false, strict_mode = true, parallel = false, comment = '')",
            doing=f"reading table {self.name}",
        )

    def _columns_of_text(
        self, session: Session, names: tuple[str, ...], writing: TextFormat, text: Path
    ) -> tuple[_Column, ...]:
        known = self._known_types()
        unknown = [name for name in names if name not in known]
        inferred: dict[str, str] = {}
        if unknown:
            inferred, mistaken = infer(session, relation=_SOURCE, columns=unknown, table=self.name, writing=writing)
            if mistaken is not None:
                raise self._mistaken(session, *mistaken, writing, text)
        types = {name: known.get(name) or inferred.get(name, "VARCHAR") for name in names}
        declared = dict(self.table.types)
        return tuple(
            _Column(
                name=name,
                kind=kind,
                value=(from_text if name in declared or kind == "VARCHAR" else held_to)(name_of(name), kind, writing),
                cell=name_of(name),
            )
            for name, kind in types.items()
        )

    def _mistaken(self, session: Session, name: str, kind: str, writing: TextFormat, text: Path) -> DataError:
        if not kind:
            hint = f"declare `dates`, such as %d/%m/%Y, or `types: {{{name}: VARCHAR}}` if it is text"
            return self._error("E405", f"column {name} looks like dates, in a format that is not declared", hint)
        value = from_text(name_of(name), kind, writing)
        column = _Column(name=name, kind=kind, value=value, cell=name_of(name))
        return self._misfit(session, column, text) or self._error("E405", f"column {name} is not all {kind}")

    # --- Parquet ---

    def _from_parquet(self, path: Path) -> TableFile:
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(max(0, path.stat().st_size - 4))
            if start != b"PAR1" or stream.read(4) != b"PAR1":
                raise self._error("E411", "this is not a whole Parquet file", "is it CSV, or cut short?")
        writing = column_types.writing_of(self.name, self.table)
        with open_session(limits=self.request.limits, into=self.into, inputs=(path,)) as session:
            self._check_zone(session)
            doing = f"reading table {self.name}"
            try:
                session.run(f"CREATE VIEW {_SOURCE} AS SELECT * FROM read_parquet({text_of(str(path))})", doing=doing)
                found = session.types(_SOURCE, doing=doing)
                # As they are written: DuckDB gives a name that it has seen in other letters another one.
                schema = session.rows(f"SELECT name FROM parquet_schema({text_of(str(path))})", doing=doing)
            except DataError as error:
                raise self._unreadable(error) from None
            written = tuple(row[0] for row in schema[1:])
            where = FilePosition(file=self.table.path)
            names = csv_validate.renamed(
                written if len(written) == len(found) else tuple(found), self.table.columns, where
            )
            csv_validate.check_names(names, where)
            if self.table.columns:
                found = self._rename(session, path, names, found)
            self._check_declared(found)
            columns = tuple(self._column_of_parquet(name, kind, writing) for name, kind in found.items())
            count = session.value(f"SELECT count(*) FROM {_SOURCE}", doing=doing)
            if count == 0:
                raise self._error("E401", "the file has no row", "expected rows: what writes it?")
            return self._write(session, columns, count, None)

    def _rename(self, session: Session, path: Path, names: tuple[str, ...], found: dict[str, str]) -> dict[str, str]:
        """Show the file's columns under their names here; the types by those names."""
        items = ", ".join(f"{name_of(old)} AS {name_of(new)}" for old, new in zip(found, names, strict=True))
        session.run(
            f"CREATE OR REPLACE VIEW {_SOURCE} AS SELECT {items} FROM read_parquet({text_of(str(path))})",
            doing=f"reading table {self.name}",
        )
        return dict(zip(names, found.values(), strict=True))

    def _column_of_parquet(self, name: str, found: str, writing: TextFormat) -> _Column:
        cell = name_of(name)
        own = found if found.startswith("DECIMAL(") else "VARCHAR" if found.startswith("ENUM(") else _KEPT.get(found)
        if own is None:
            hint = "write it as text, a number, a date, a time or a truth value, or leave it out"
            raise self._error("E411", f"column {name} has the type {found[:40]}, which is not read", hint)
        kind = self._known_types().get(name, own)
        plain = f"({cell} AT TIME ZONE {text_of(writing.zone)})" if found.endswith("TIME ZONE") else cell
        if kind == own:
            finite = f"(CASE WHEN isfinite({cell}) THEN {cell} END)" if own == "DOUBLE" else plain
            value = f"TRY_CAST({finite} AS {kind})"
        elif own == "VARCHAR":
            value = from_text(f"CAST({cell} AS VARCHAR)", kind, writing)
        else:
            # Only where nothing is lost on the way.
            value = f"(CASE WHEN TRY_CAST({plain} AS {kind}) = {plain} THEN TRY_CAST({plain} AS {kind}) END)"
            if kind == "VARCHAR":
                value = f"CAST({plain} AS VARCHAR)"
        return _Column(name=name, kind=kind, value=value, cell=cell)

    # --- both ---

    def _known_types(self) -> dict[str, str]:
        return {**self.held, **{name: normal_type(kind) or kind for name, kind in self.table.types}}

    def _check_declared(self, names: Iterable[str]) -> None:
        there = set(names)
        for name, kind in self.table.types:
            if normal_type(kind) is None:
                raise self._error("E405", f"column {name}: {kind[:40]} is not a type", f"a type is {TYPE_RULE}")
            if name not in there:
                raise self._error("E405", f"there is no column {name}, for which a type is declared")
        number = self.table.row_number
        if number is not None and number.lower() in {name.lower() for name in there}:
            raise self._error("E403", f"`rowNumber: {number}` is the name of a column", "give it another name")

    def _check_zone(self, session: Session) -> None:
        zone = self.table.time_zone
        if zone is not None and not session.value(
            f"SELECT count(*) FROM pg_timezone_names() WHERE name = {text_of(zone)}", doing="reading the time zones"
        ):
            raise DataError(
                f"table {self.name}: {zone[:60]} is not a time zone", code="E405", hint="such as Europe/Berlin"
            )

    def _write(self, session: Session, columns: tuple[_Column, ...], count: int, text: Path | None) -> TableFile:
        """Cells that do not fit stop the copy; only then is it worth finding the first of them."""
        items = ", ".join(f"{one.strict} AS {name_of(one.name)}" for one in columns)
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
            raise self._error("E402", f"{count:,} rows were expected, {rows:,} were read", "is the delimiter right?")
        types = session.types(written, doing=f"reading table {self.name} back")
        found = tuple(TableColumn(name=name, type=kind) for name, kind in types.items())
        return TableFile(name=self.name, path=path, rows=rows, columns=found)

    def _first_misfit(self, session: Session, columns: tuple[_Column, ...], text: Path | None) -> DataError | None:
        for column in columns:
            if column.value != column.cell and (found := self._misfit(session, column, text)) is not None:
                return found
        return None

    def _misfit(self, session: Session, column: _Column, text: Path | None) -> DataError | None:
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
        line = csv_validate.line_of(text, first, self.table.delimiter or ",") if text is not None else None
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
