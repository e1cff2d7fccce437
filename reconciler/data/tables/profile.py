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
from itertools import combinations, permutations, product
from pathlib import Path
from typing import Any

from reconciler.core import parquet_file
from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.names import visible
from reconciler.core.onboarding.table_profile import (
    FEW,
    AgeColumn,
    CellNote,
    ColumnProfile,
    DateGap,
    DayCountColumn,
    ProfileRequest,
    TableProfile,
    with_options,
)
from reconciler.core.parquet_file import ParquetError
from reconciler.core.spec.environment import Table
from reconciler.data.csv_files.layout import guess_csv, with_usable_names
from reconciler.data.duckdb_session import Session, in_parts, name_of, open_session, text_of
from reconciler.data.tables.column_types import normal_type
from reconciler.data.tables.copied_column import is_copied
from reconciler.data.tables.guess_cells import guess_cells
from reconciler.data.tables.snapshot import copy_tables, look_at_cells
from reconciler.errors import DataError, FilePosition
from reconciler.ports.messages import CopyRequest, TableFile

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
_TABLE = "profiled"
_MAX_COMPARED = 60  # columns compared with each other
_AGES = -0.5  # correlation of a date and a number up to which the number may be an age
_TWINS = 0.995  # correlation from which two numbers count as the same
_TERMS_PER_QUERY = 300
_DISTINCT_AT_ONCE = 20  # columns whose distinct values are counted together: a table in memory for each
_CELLS_PER_QUERY = 1_000_000
_PROFILING = "profiling the table"


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
            f"CREATE VIEW {_TABLE} AS SELECT * FROM read_parquet({text_of(str(copied.path))})", doing=_PROFILING
        )
        at_once = max(1, min(_DISTINCT_AT_ONCE, _CELLS_PER_QUERY // copied.rows))
        profiles = [profile for some in in_parts(copied.columns, at_once) for profile in _columns(session, some)]
        columns = tuple(column for column, _ in profiles)
        counts = {column.name: numbers for column, numbers in profiles}
        return TableProfile(
            table=table,
            layout_notes=layout_notes,
            rows=copied.rows,
            columns=columns,
            twins=tuple(_twins(session, columns[:_MAX_COMPARED], counts)),
            days=tuple(_days(session, columns[:_MAX_COMPARED])),
            gaps=tuple(_gaps(session, columns[:_MAX_COMPARED])),
            ages=tuple(_ages(session, columns[:_MAX_COMPARED])),
            notes=notes,
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
    message = error.message.removeprefix(f"table {_TABLE}: ").replace(f"table {_TABLE}", "the file")
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
        tables=((_TABLE, table),),
        held=(),
        into=request.into,
        limits=request.limits,
    )
    table, notes = look_at_cells(wanted, lambda session, relation, types: guess_cells(session, relation, types, table))
    (copied,) = copy_tables(replace(wanted, tables=((_TABLE, table),)))
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
    facts = list(in_parts(_evaluate(session, terms), 3))
    few = [column.name for column, (_, distinct, _) in zip(columns, facts, strict=True) if 0 < distinct <= FEW]
    terms = [f"histogram(CAST({name_of(name)} AS VARCHAR))" for name in few]
    frequencies = dict(zip(few, _evaluate(session, terms), strict=True))
    for column, (filled, distinct, latest) in zip(columns, facts, strict=True):
        pairs = sorted(frequencies.get(column.name, {}).items(), key=lambda pair: (-pair[1], pair[0]))
        profile = ColumnProfile(
            name=column.name,
            type=column.type,
            filled=filled,
            distinct=distinct,
            values=tuple(value for value, _ in pairs),
            latest=latest,
        )
        yield profile, tuple(count for _, count in pairs)


def _evaluate(session: Session, terms: list[str]) -> list[Any]:
    """Return the value of each SQL term over the table, in queries of a size that DuckDB plans well."""
    values: list[Any] = []
    for some in in_parts(terms, _TERMS_PER_QUERY):
        (row,) = session.rows(f"SELECT {', '.join(some)} FROM {_TABLE}", doing=_PROFILING)
        values += row
    return values


def _twins(
    session: Session, columns: tuple[ColumnProfile, ...], counts: dict[str, tuple[int, ...]]
) -> Iterator[tuple[str, str]]:
    """Yield pairs of columns that carry the same information: numbers up to scale, categories up to names."""
    numeric = [column.name for column in columns if column.numeric and column.distinct > FEW]
    pairs = list(combinations(numeric, 2))
    terms = [f"corr({name_of(first)}, {name_of(second)})" for first, second in pairs]
    for pair, correlation in zip(pairs, _evaluate(session, terms), strict=True):
        if correlation is not None and abs(correlation) >= _TWINS:
            yield pair
    few = [column for column in columns if 1 < column.distinct <= FEW]
    same_counts = [(a, b) for a, b in combinations(few, 2) if counts[a.name] == counts[b.name]]
    terms = [f"count(DISTINCT ({name_of(a.name)}, {name_of(b.name)}))" for a, b in same_counts]
    for (a, b), distinct_pairs in zip(same_counts, _evaluate(session, terms), strict=True):
        if distinct_pairs == a.distinct:
            yield a.name, b.name


def _days(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[DayCountColumn]:
    """Yield numeric columns that count the days between two dates."""
    dates = [column.name for column in columns if column.dated]
    number_types = ("BIGINT", "INTEGER", "DOUBLE")
    numbers = [column.name for column in columns if column.type in number_types and column.distinct > 1]
    candidates = [(column, start, end) for column in numbers for start, end in permutations(dates, 2)]
    terms = []
    for column, start, end in candidates:
        days = _between(start, end)
        # Days that are never negative also match: late payments are often counted from 0.
        terms.append(f"bool_and({name_of(column)} IN ({days}, greatest({days}, 0)))")
    for (column, start, end), matches in zip(candidates, _evaluate(session, terms), strict=True):
        if matches:
            yield DayCountColumn(column=column, start=start, end=end)


def _gaps(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[DateGap]:
    """Yield, per ordered pair of date columns, the shares of rows with a gap of so many days."""
    pairs = list(permutations([column.name for column in columns if column.dated and column.filled], 2))
    terms = []
    for start, end in pairs:
        days = _between(start, end)
        terms += [f"avg(CAST({days} {than} AS INTEGER))" for than in (">= 0", "> 0", "> 10", "> 30")]
    shares = _evaluate(session, terms)
    for index, (start, end) in enumerate(pairs):
        forward, over_0, over_10, over_30 = shares[4 * index : 4 * index + 4]
        if forward is not None:
            yield DateGap(start=start, end=end, forward=forward, over_0=over_0, over_10=over_10, over_30=over_30)


def _ages(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[AgeColumn]:
    """Yield numeric columns that fall as a date rises."""
    dates = [column.name for column in columns if column.dated and column.distinct > 1]
    numbers = [column.name for column in columns if column.numeric and column.distinct > 1]
    pairs = list(product(numbers, dates))
    terms = [
        f"corr({name_of(number)}, date_diff('day', DATE '2000-01-01', CAST({name_of(day)} AS DATE)))"
        for number, day in pairs
    ]
    for (number, day), correlation in zip(pairs, _evaluate(session, terms), strict=True):
        if correlation is not None and correlation <= _AGES:
            yield AgeColumn(column=number, since=day, correlation=correlation)


def _between(start: str, end: str) -> str:
    return f"date_diff('day', CAST({name_of(start)} AS DATE), CAST({name_of(end)} AS DATE))"
