"""Copy tables as Parquet files with exact types: the contents of a data snapshot.

Takes: tables as their environment declares them, wherever they are (`ports.sources`), and the types of an earlier copy.
Gives: one Parquet file per table; equal input gives equal bytes, on any day, in any folder. Keeps true: every cell of
the source is in the copy as the value it shows, or there is no copy and the error says where (row, line, column, never
the cell). All tables of one place are read through one source, so as they are at one moment.
A column's type is the declared one, else that of the earlier copy, else the source's own, else inferred over all rows
(`type_inference`). Parquet files keep their own types, integers as BIGINT, and times with a zone as the wall clock of
the table's `timeZone`.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from reconciler import plugins
from reconciler.core.artifact.data_snapshot import PersonalColumn
from reconciler.data.duckdb_session import Session, name_of, text_of
from reconciler.data.erasure.rows_of_entities import NOT_TOLD, RowsOfEntities
from reconciler.data.masking.masked_folders import masked_folders
from reconciler.data.masking.table_masking import LooksPersonal, denied, look_for_personal, masks_of
from reconciler.data.quality.copy_checks import BrokenContract, CopyChecks, position_of
from reconciler.data.tables.cells.double_meanings import beyond_bigint
from reconciler.data.tables.column_types import (
    TextFormat,
    from_text,
    from_text_as_before,
    normal_type,
    text_formats_of,
)
from reconciler.data.tables.copied_column import CopiedColumn, column_of_parquet, written_columns
from reconciler.data.tables.copied_part import CopiedPart, part_of
from reconciler.data.tables.opening.opened_table import SOURCE, OpenedTable, TableOpener
from reconciler.data.tables.type_inference import infer
from reconciler.data.tables.write_copy import write_copy
from reconciler.errors import DataError
from reconciler.ports import ContractChecks, CopyRequest, Masking, SourceAccess, TableFile, TableFiles, TableSource

T = TypeVar("T")


def copy_tables(request: CopyRequest) -> tuple[TableFile, ...]:
    """Copy each table of the request as one Parquet file, in order.

    Raises DataError E302, E401-E411, E418, E419, E431-E433, E452; RefusedTablesError E421 for a broken contract.
    """
    held = {name: dict(types) for name, types in request.held}
    checks = CopyChecks(checks=_with_normal_types(request.checks), into=request.into.resolve(), limits=request.limits)
    erased = RowsOfEntities(erased=request.erased)
    files: list[TableFile] = []
    personal: list[PersonalColumn] = []
    with masked_folders(request.masking), open_sources(request) as sources:
        for opener in erased.ordered({each.name: each for each in _openers(request, checks)}):
            types, part = held.get(opener.name, {}), part_of(request, opener.name, opener.table)
            copy = _TableCopy(
                opener=opener, held=types, masking=request.masking, part=part, checks=checks, erased=erased
            )
            with checks.gathered(opener.name, partial(_position, opener, sources[opener.name])):
                try:
                    files.append(copy.write(sources[opener.name]))
                except LooksPersonal as found:
                    personal += found.columns
        checks.finish(personal)
    if personal:
        raise denied(personal)
    return tuple(files)


def _with_normal_types(checks: ContractChecks | None) -> ContractChecks | None:
    """Return contracts whose column types are in their stored form."""
    if checks is None:
        return None
    contracts = (
        replace(each, columns=tuple((name, normal_type(kind) or kind) for name, kind in each.columns))
        for each in checks.contracts
    )
    return replace(checks, contracts=tuple(contracts))


def _position(opener: TableOpener, source: TableSource, row: int) -> str | None:
    """Return file and line of a row of a table that was read before, and is read again for that; where it has no file,
    its place."""
    if opener.table.url is not None:
        return position_of(opener.table, None, row)
    with source.read(opener.name) as read:
        if not isinstance(read, TableFiles):
            return position_of(opener.table, None, row)
        with opener.open(read) as opened:
            return position_of(opener.table, opened.line_of, row)


def look_at_cells(request: CopyRequest, look: Callable[[Session, str, dict[str, str]], T]) -> T:
    """Return `look` of the request's only table, before its text becomes values.

    It is given the session, the relation of its cells and their types. Raises what `copy_tables` does.
    """
    (opener,) = _openers(request, CopyChecks(checks=None, into=request.into, limits=request.limits))
    with (
        open_sources(request) as sources,
        sources[opener.name].read(opener.name) as read,
        opener.open(read) as opened,
    ):
        return look(opened.session, SOURCE, opened.types)


@contextmanager
def open_sources(request: CopyRequest) -> Iterator[dict[str, TableSource]]:
    """Open the source of each table: one for all tables that are in one place."""
    scratch = request.into.resolve() / ".sources"
    places: dict[tuple[str, str | None], list[str]] = {}
    for name, table in request.tables:
        places.setdefault(table.source, []).append(name)
    declared = dict(request.tables)
    sources: dict[str, TableSource] = {}
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        for names in places.values():
            access = SourceAccess(
                tables=tuple((name, declared[name]) for name in names),
                root=request.root.resolve(),
                scratch=scratch,
                secrets=request.secrets,
            )
            source = plugins.source(access)
            stack.callback(source.close)
            sources |= dict.fromkeys(names, source)
        yield sources


def _openers(request: CopyRequest, checks: CopyChecks) -> tuple[TableOpener, ...]:
    into = request.into.resolve()
    trained = {name: frozenset(dict(types)) for name, types in request.held} if request.to_predict else {}
    return tuple(
        TableOpener(
            name=name,
            table=table,
            into=into,
            limits=request.limits,
            optional=trained.get(name, frozenset()) | checks.columns_named(name),
        )
        for name, table in request.tables
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableCopy:
    """The copy of one table; `held`: the column types of an earlier copy."""

    opener: TableOpener
    held: dict[str, str]
    masking: Masking | None
    part: CopiedPart
    checks: CopyChecks
    erased: RowsOfEntities

    def write(self, source: TableSource) -> TableFile:
        """Copy the table as its source reads it."""
        opener = self.opener
        with source.read(opener.name) as read, opener.open(read) as opened:
            try:
                return self._copy(opened)
            except DataError as error:
                raise (self._damage(opened) if error.code in ("E411", "E413") else None) or error from None

    def _copy(self, opened: OpenedTable) -> TableFile:
        opener = self.opener
        columns = self._columns(opened)
        rows = opened.rows
        if rows is None:
            rows = opened.session.value(f"SELECT count(*) FROM {SOURCE}", doing=f"reading table {opener.name}")
        if rows == 0:
            hint = f"check {'the program that writes it' if opener.kind == 'file' else 'what is read there'}"
            raise opener.error("E401", f"the {opener.kind} has no rows", hint)
        return self._write(opened, columns, rows)

    def _damage(self, opened: OpenedTable) -> DataError | None:
        """Return the error for a file with a part that cannot be unpacked, which a step met that only wanted values."""
        try:
            opened.session.rows(f"SELECT max(hash(COLUMNS(*))) FROM {SOURCE}", doing="reading every value")
        except DataError as error:
            return self.opener.damaged(error)
        return None

    # --- its columns ---

    def _columns(self, opened: OpenedTable) -> tuple[CopiedColumn, ...]:
        """Return how each column is copied: one of text by the values it stands for, any other by its type."""
        opener, session = self.opener, opened.session
        named = self.checks.columns_named(opener.name) | self.erased.columns(opener.name)
        read = named.union(self.part.read(opened.types))
        types = {name: kind for name, kind in opened.types.items() if name in read}
        formats = text_formats_of(opener.name, opener.table, types)
        declared = {name: normal_type(kind) or kind for name, kind in opener.table.types}
        known = {**self.held, **self.checks.known_types(opener.name), **declared}
        typed = {name: kind for name, kind in types.items() if name not in opened.texts}
        wide = dict.fromkeys(beyond_bigint(session, SOURCE, typed), "VARCHAR")
        texts = {**opened.given, **known}
        if unknown := [name for name in types if name in opened.texts and name not in texts]:
            inferred, mistaken = infer(session, relation=SOURCE, columns=unknown, table=opener.name, formats=formats)
            if mistaken is not None:
                raise self._mistaken(opened, *mistaken, formats[mistaken[0]])
            texts |= {name: inferred.get(name, "VARCHAR") for name in unknown}
        as_text = opened.texts | {name for name, kind in opened.given.items() if texts[name] != kind}
        return tuple(
            _column_of_text(name, opened.text(name), texts[name], formats[name], is_declared=name in declared)
            if name in as_text
            else self._column_of_type(opened, name, texts.get(name, wide.get(name)), formats[name])
            for name in types
        )

    def _column_of_type(
        self, opened: OpenedTable, name: str, known: str | None, text_format: TextFormat
    ) -> CopiedColumn:
        own = opened.types[name]
        column = column_of_parquet(name, own, known, text_format)
        if column is None:
            hint = "write it as text, a number, a date, a time or a boolean, or leave it out"
            raise self.opener.error("E411", f"column {name} has the type {own[:40]}, which is not supported", hint)
        if opened.bounded and column.kind in ("DATE", "TIMESTAMP"):
            value = f"(CASE WHEN year({column.value}) BETWEEN 1 AND 9999 THEN {column.value} END)"
            return replace(column, value=value)
        return column

    def _mistaken(self, opened: OpenedTable, name: str, kind: str, text_format: TextFormat) -> DataError:
        if not kind:
            hint = f"declare `dates`, such as %d/%m/%Y, or `types: {{{name}: VARCHAR}}` if it is text"
            return self.opener.error("E405", f"column {name} looks like dates, in a format that is not declared", hint)
        value = from_text(name_of(name), kind, text_format)
        column = CopiedColumn(name=name, kind=kind, value=value, cell=name_of(name))
        return self._misfit(opened, column) or self.opener.error(
            "E405", f"column {name} holds cells that are not {kind}"
        )

    # --- its copy ---

    def _write(self, opened: OpenedTable, columns: tuple[CopiedColumn, ...], count: int) -> TableFile:
        """Write the copy. A cell that does not fit fails it, and only then is the first such cell searched for."""
        opener, session = self.opener, opened.session
        copied = tuple(column for column in columns if self.part.has(column.name))
        masks, chosen = masks_of(opener.name, copied, self.masking, opened.types), self.part.sampled_by(columns)
        keeps = self.checks.check(
            session,
            opener.name,
            opener.table,
            relation=SOURCE,
            columns=columns,
            unread={name: kind for name, kind in opened.types.items() if all(name != each.name for each in columns)},
            at=partial(position_of, opener.table, opened.line_of),
        )
        personal = look_for_personal(session, SOURCE, masks, self.masking)
        if not keeps:
            raise BrokenContract
        path = opener.into / f"{opener.name}.parquet"
        try:
            gone = self.erased.condition_of_copied(session, SOURCE, opener.name, columns)
            done = masks.apply(session, SOURCE)
            query = self.part.query(done.items, SOURCE, chosen, gone)
            some = chosen is not None or gone is not None
            write_copy(session, query, path, rows=None if some else count, lookups=done.lookups, groups=opened.groups)
        except DataError as error:
            misfit = error if error.code == NOT_TOLD else self._first_misfit(opened, columns)
            raise misfit or opener.unreadable(error) from None
        written = f"read_parquet({text_of(str(path))})"
        doing = f"reading table {opener.name} back"
        rows = session.value(f"SELECT count(*) FROM {written}", doing=doing)
        if rows > count or (not some and rows < count):
            raise opener.error("E402", f"expected {count:,} rows, read {rows:,}", "check the declared `delimiter`")
        if not rows:
            why = "the sample leaves" if chosen is not None else "those that were forgotten leave"
            hint = "raise `share` of `sample`, or leave `sample` out" if chosen is not None else None
            raise opener.error("E401", f"{why} none of the {count:,} rows", hint)
        return TableFile(
            name=opener.name,
            path=path,
            rows=rows,
            columns=written_columns(path, session.types(written, doing=doing)),
            sampled_by=chosen.name if chosen is not None else None,
            source_rows=count if some else None,
            masked=done.masked,
            personal=personal,
        )

    def _first_misfit(self, opened: OpenedTable, columns: tuple[CopiedColumn, ...]) -> DataError | None:
        misfits = (self._misfit(opened, column) for column in columns if column.value != column.cell)
        return next((misfit for misfit in misfits if misfit is not None), None)

    def _misfit(self, opened: OpenedTable, column: CopiedColumn) -> DataError | None:
        try:
            count, first = opened.session.rows(
                f"SELECT count(*), min(row) FROM (SELECT row_number() OVER () AS row, {column.cell} IS NOT NULL"
                f" AND ({column.value}) IS NULL AS misfit FROM {SOURCE}) WHERE misfit",
                doing=f"reading table {self.opener.name}",
            )[0]
        except DataError:
            return None
        if not count:
            return None
        others = f" (and {count - 1:,} more)" if count > 1 else ""
        file, line = opened.line_of(first) if opened.line_of is not None else (None, None)
        numbers = " (NaN and infinity are no numbers)" if column.kind == "DOUBLE" else ""
        hint = (
            f"correct it{numbers}, name it under `nulls` as it is written, or declare another type, such as"
            f" `types: {{{column.name}: VARCHAR}}`"
        )
        article = "an" if column.kind.startswith("I") else "a"
        message = f"column {column.name}, row {first:,}: not {article} {column.kind}{others}"
        return self.opener.error("E405", message, hint, line, file)


def _column_of_text(name: str, cell: str, kind: str, text_format: TextFormat, *, is_declared: bool) -> CopiedColumn:
    convert = from_text if is_declared or kind == "VARCHAR" else from_text_as_before
    return CopiedColumn(name=name, kind=kind, value=convert(cell, kind, text_format), cell=cell)
