"""Profile a file that no manifest describes: guess its format, and summarise its columns.

Takes: a CSV or Parquet file. Gives: the declaration by which `snapshot` reads it, and per column its type, its filled
rows, its distinct values and, where they are few, the values. Values leave this module only for columns with few of
them. The file is read by the same code as in a snapshot, so a wrong guess is an error there.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.core import parquet_file
from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.names import visible
from reconciler.core.onboarding.table_profile import (
    FEW,
    CellNote,
    ColumnProfile,
    ProfileRequest,
    TableProfile,
    with_options,
)
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.data import PersonalData, Table
from reconciler.data.csv_files.layout import guess_csv, with_usable_names
from reconciler.data.duckdb_session import Session, in_parts, name_of, open_session, text_of
from reconciler.data.onboarding.related_columns import (
    PROFILED,
    PROFILING,
    ages,
    check_total,
    days,
    evaluate,
    gaps,
    twins,
)
from reconciler.data.tables.cells.guess_cells import guess_cells
from reconciler.data.tables.column_types import normal_type
from reconciler.data.tables.copied_column import is_copied
from reconciler.data.tables.snapshot import copy_tables, look_at_cells
from reconciler.errors import DataError, FilePosition
from reconciler.ports.messages import CopyRequest, Masking, TableFile

_HOW_IT_IS_MEANT = (
    "correct the file, or say how it is meant: `--nulls {0}=TEXT`, `--dates {0}=FORMAT` or `--type {0}=VARCHAR`"
)
_IN_THE_FILE = "correct the file, or say how it is read: `reconciler init --help`"
_OPTIONS = {
    **{name: name for name in ("encoding", "delimiter", "decimal", "dates", "skip", "escape", "header", "nulls")},
    "types": "type",
    "columns": "column",
    "blankLines": "blank-lines",
    "timeZone": "time-zone",
}
_OPTION = re.compile(rf"`({'|'.join(_OPTIONS)})(?:: ([^`]*))?`")
_MAX_COMPARED = 60  # columns compared with each other
_DISTINCT_AT_ONCE = 20  # columns whose distinct values are counted together: a table in memory for each
_CELLS_PER_QUERY = 1_000_000


def profile_table(request: ProfileRequest) -> TableProfile:
    """Profile a table file. Raises DataError E401-E411, E418 when the file cannot be read as a table."""
    _check_file(request.path)
    try:
        if _is_parquet(request.path):
            table, layout_notes = _parquet(request)
        else:
            table, layout_notes = guess_csv(request.path, request.given, is_header=request.is_header)
        table, notes, copied = _read(request, table)
    except DataError as error:
        raise _of_a_file(error) from None
    with open_session(limits=request.limits, into=request.into, inputs=(copied.path,)) as session:
        session.run(
            f"CREATE VIEW {PROFILED} AS SELECT * FROM read_parquet({text_of(str(copied.path))})", doing=PROFILING
        )
        at_once = max(1, min(_DISTINCT_AT_ONCE, _CELLS_PER_QUERY // copied.rows))
        profiles = [profile for some in in_parts(copied.columns, at_once) for profile in _columns(session, some)]
        columns = tuple(column for column, _ in profiles)
        check_total(session, columns[:_MAX_COMPARED], copied.rows, request.path.name)
        counts = {column.name: numbers for column, numbers in profiles}
        return TableProfile(
            table=table,
            layout_notes=layout_notes,
            rows=copied.rows,
            columns=columns,
            twins=tuple(twins(session, columns[:_MAX_COMPARED], counts)),
            days=tuple(days(session, columns[:_MAX_COMPARED])),
            gaps=tuple(gaps(session, columns[:_MAX_COMPARED])),
            ages=tuple(ages(session, columns[:_MAX_COMPARED])),
            notes=notes,
            personal=copied.personal,
        )


# --- its format ----------------------------------------------------------------------------------------------------


def _check_file(path: Path) -> None:
    """Check that the path is a regular file: reading a pipe waits, and a device never ends."""
    where = FilePosition(file=path.name)
    if not path.exists():
        raise DataError("there is no such file", code="E401", where=where, hint="check the path")
    if not path.is_file():
        raise DataError("this is not a file", code="E401", where=where, hint="name a CSV or Parquet file")


def _of_a_file(error: DataError) -> DataError:
    """Return the error without the table's name, its hint in the options of `init`: there is no project yet."""
    message = error.message.removeprefix(f"table {PROFILED}: ").replace(f"table {PROFILED}", "the file")
    hint = _OPTION.sub(_as_option, error.hint or _IN_THE_FILE).replace("declare ", "give ")
    if error.code == "E405" and (column := re.search(r"column (\w+)", message)) is not None:
        hint = _HOW_IT_IS_MEANT.format(column[1])
    return DataError(message, code=error.code, where=error.where, hint=hint)


def _as_option(found: re.Match[str]) -> str:
    name, value = found[1], found[2] or ""
    if name == "header":
        return "--no-header"
    if name == "types" and value:
        return "--type " + value.strip("{}").replace(": ", "=")
    return f"--{_OPTIONS[name]} {value}".rstrip()


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        hint = "give this user the right to read it"
        raise DataError(message, code="E401", where=FilePosition(file=path.name), hint=hint) from error


def _parquet(request: ProfileRequest) -> tuple[Table, tuple[str, ...]]:
    table = replace(request.given, uses="parquet", path=request.path.name)
    with request.path.open("rb") as stream:
        try:
            parquet_file.measure(stream)
        except ParquetError as error:
            where = FilePosition(file=request.path.name)
            raise DataError(str(error), code=error.code, where=where, hint=error.hint) from None
    with open_session(limits=request.limits, into=request.into, inputs=(request.path,)) as session:
        try:
            types = session.types(f"read_parquet({text_of(str(request.path.resolve()))})", doing="reading the file")
        except DataError as error:
            if error.code == "E418":
                raise
            where = FilePosition(file=request.path.name)
            message, hint = (
                "this is not a complete Parquet file with columns",
                "write the file again; it may be cut short",
            )
            raise DataError(message, code="E411", where=where, hint=hint) from None
    table = replace(table, columns=with_usable_names(request.given.columns, types))
    return table, tuple(_not_copied(types, dict(table.types)))


def _not_copied(types: dict[str, str], declared: dict[str, str]) -> Iterator[str]:
    """Yield a note on the columns that no copy has."""
    left = [f"{visible(name)[:60]} ({kind[:40]})" for name, kind in types.items() if not is_copied(kind)]
    left = [note for note in left if note.partition(" ")[0] not in declared]
    if left:
        more = f" and {len(left) - 10} more" if len(left) > 10 else ""
        yield f"not copied, since their types are no text, number, date, time or boolean: {', '.join(left[:10])}{more}"


def _read(request: ProfileRequest, table: Table) -> tuple[Table, tuple[CellNote, ...], TableFile]:
    """Read the file as its text is most likely meant; a column whose dates no format reads is text."""
    table = with_options(table, request.options)
    table = replace(table, types=tuple((column, normal_type(kind) or kind) for column, kind in table.types))
    wanted = CopyRequest(
        root=request.path.resolve().parent,
        tables=((PROFILED, table),),
        held=(),
        into=request.into,
        limits=request.limits,
    )
    table, notes = look_at_cells(wanted, lambda session, relation, types: guess_cells(session, relation, types, table))
    (copied,) = copy_tables(replace(wanted, tables=((PROFILED, table),), masking=Masking(personal=PersonalData.WARN)))
    return table, notes, copied


# --- its columns ---------------------------------------------------------------------------------------------------


def _columns(session: Session, columns: Sequence[TableColumn]) -> Iterator[tuple[ColumnProfile, tuple[int, ...]]]:
    """Yield the profile of each column and, where its values are few, how often each occurs (most frequent first)."""
    terms = []
    for column in columns:
        cell = name_of(column.name)
        dated = column.type in ("DATE", "TIMESTAMP")
        latest = f"CAST(max(CAST({cell} AS DATE)) AS VARCHAR)" if dated else "NULL"
        terms += [f"count({cell})", f"count(DISTINCT {cell})", latest]
    facts = list(in_parts(evaluate(session, terms), 3))
    few = [column.name for column, (_, distinct, _) in zip(columns, facts, strict=True) if 0 < distinct <= FEW]
    terms = [f"histogram(CAST({name_of(name)} AS VARCHAR))" for name in few]
    frequencies = dict(zip(few, evaluate(session, terms), strict=True))
    for column, (filled, distinct, latest) in zip(columns, facts, strict=True):
        pairs = sorted(frequencies.get(column.name, {}).items(), key=lambda pair: (-pair[1], pair[0]))
        profile = ColumnProfile(
            name=column.name,
            type=column.type,
            filled=filled,
            distinct=distinct,
            values=tuple(value for value, _ in pairs),
            rarest=pairs[-1][1] if pairs else None,
            latest=latest,
        )
        yield profile, tuple(count for _, count in pairs)
