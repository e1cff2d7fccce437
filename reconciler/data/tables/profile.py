"""A look at a file that nobody has described: how it is written, and what its columns hold.

Takes: a CSV or Parquet file. Gives: the declaration by which `tables` reads it, and per column its type, how many rows
have a value, how many differ, and, where they are few, which. Values leave here only for columns with few of them.
The file is read by the same code as ever: a guess that is wrong is refused there.
"""

# SQL is text here; what is put into it is quoted (`name_of`, `text_of`).
# ruff: noqa: S608

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations, permutations, zip_longest
from pathlib import Path
from typing import Any

from reconciler.core.names import is_column, visible, without_accents
from reconciler.core.onboarding.table_profile import (
    FEW,
    ColumnProfile,
    DateGap,
    DayCountColumn,
    ProfileRequest,
    TableProfile,
)
from reconciler.core.spec.environment import Table
from reconciler.data.duckdb_session import Session, name_of, open_session, text_of
from reconciler.data.tables.snapshot import copy_tables
from reconciler.errors import DataError, FilePosition
from reconciler.ports.messages import CopyRequest, TableFile

# In the order of trial; the first that reads every row is taken.
_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%m/%d/%y", "%d/%m/%y")
_SIGNS = (",", ";", "\t", "|")
_HEAD = 1024 * 1024
_SAMPLE = 200  # lines
_COMMA = re.compile(r"[+-]?[0-9]+(\.[0-9]{3})*(,[0-9]+)?")
_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+")
_LONGEST = 200  # characters of a name as written, in the table's declaration
_IN_THE_FILE = "correct the file; how it is to be read (types, dates, nulls) can be said once there is a project"
_TABLE = "looked"
_MOST = 60  # columns that are compared with each other
_TWINS = 0.995  # correlation from which two numbers are one
_PASS = 200  # terms in one query
_LOOKING = "looking at the table"
_UNDECLARED = re.compile(r"column (\w+) looks like dates")


def look(request: ProfileRequest) -> TableProfile:
    """DataError E401-E411 when the file cannot be read as a table at all."""
    _check_file(request.path)
    table = _parquet(request) if _is_parquet(request.path) else _csv(request.path)
    try:
        table, copied = _read(request, table)
    except DataError as error:
        raise _of_a_file(error) from None
    with open_session(limits=request.limits, into=request.into, inputs=(copied.path,)) as session:
        session.run(f"CREATE VIEW {_TABLE} AS SELECT * FROM read_parquet({text_of(str(copied.path))})", doing=_LOOKING)
        looked = [_column(session, one.name, one.type) for one in copied.columns]
        columns = tuple(column for column, _ in looked)
        counts = {column.name: numbers for column, numbers in looked}
        return TableProfile(
            table=table,
            rows=copied.rows,
            columns=columns,
            twins=tuple(_twins(session, columns[:_MOST], counts)),
            days=tuple(_days(session, columns[:_MOST])),
            gaps=tuple(_gaps(session, columns[:_MOST])),
        )


# --- how it is written --------------------------------------------------------------------------------------------


def _check_file(path: Path) -> None:
    """A pipe would be waited for, and a device never ends."""
    where = FilePosition(file=path.name)
    if not path.exists():
        raise DataError("there is no such file", code="E401", where=where, hint="check its name")
    if not path.is_file():
        raise DataError("this is not a file", code="E401", where=where, hint="name a CSV or Parquet file")


def _of_a_file(error: DataError) -> DataError:
    """The error without the table's name and the declarations, neither of which there is yet."""
    message = error.message.removeprefix(f"table {_TABLE}: ").replace(f"table {_TABLE}", "the file")
    hint = _IN_THE_FILE if error.hint is None or "declare" in error.hint else error.hint
    return DataError(message, code=error.code, where=error.where, hint=hint)


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        hint = "give this user the right to read it"
        raise DataError(message, code="E401", where=FilePosition(file=path.name), hint=hint) from error


def _parquet(request: ProfileRequest) -> Table:
    table = Table(uses="parquet", path=request.path.name)
    with open_session(limits=request.limits, into=request.into, inputs=(request.path,)) as session:
        try:
            found = session.types(f"read_parquet({text_of(str(request.path.resolve()))})", doing="reading the file")
        except DataError as error:
            if error.code == "E418":
                raise
            where = FilePosition(file=request.path.name)
            message, hint = "this is not a whole Parquet file with columns", "is it cut short? write it anew"
            raise DataError(message, code="E411", where=where, hint=hint) from None
    return replace(table, columns=tuple(_names(found)))


def _csv(path: Path) -> Table:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    encoding = _encoding(head)
    text = head.decode(encoding or "utf-8", "replace").removeprefix("\ufeff")
    header = text.replace("\r\n", "\n").partition("\n")[0]
    delimiter = max(_SIGNS, key=header.count)
    try:
        names = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error:
        names = []
    return Table(
        uses="csv",
        path=path.name,
        delimiter=None if delimiter == "," else delimiter,
        decimal="," if delimiter != "," and _has_decimal_commas(text, delimiter) else None,
        encoding=encoding,
        columns=tuple(_names(names)),
    )


def _has_decimal_commas(text: str, delimiter: str) -> bool:
    """Whether some column of the first rows is numbers with a decimal comma, and none is numbers with a point."""
    lines = text.splitlines()[1:_SAMPLE]
    try:
        columns = list(zip_longest(*csv.reader(lines, delimiter=delimiter), fillvalue=""))
    except csv.Error:
        return False
    cells = [[cell for cell in column if cell] for column in columns]
    commas = any(column and all(map(_COMMA.fullmatch, column)) and "," in "".join(column) for column in cells)
    return commas and not any(column and all(map(_POINT.fullmatch, column)) for column in cells)


def _encoding(head: bytes) -> str | None:
    """None: UTF-8. A file that is not is most likely from Windows."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return None


def _names(written: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name, as written) of each column whose own name cannot be used."""
    names = list(written)
    taken = {name.lower() for name in names if is_column(name)}
    for position, name in enumerate(names, start=1):
        if is_column(name) and name != "as_of":
            continue
        if len(visible(name)) > _LONGEST:
            message = f"the name of column {position} is longer than {_LONGEST} characters"
            raise DataError(message, code="E403", hint="is this the header? rename the column in the file")
        plain = re.sub(r"[^A-Za-z0-9]+", "_", without_accents(name)).strip("_")[:50] or f"column_{position}"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        free = plain
        number = 2
        while free.lower() in taken or free == "as_of":
            free, number = f"{plain}_{number}", number + 1
        taken.add(free.lower())
        yield free, visible(name)


def _read(request: ProfileRequest, table: Table) -> tuple[Table, TableFile]:
    """Try date formats until the file reads; a column whose dates no format reads is text."""
    dates = iter(_DATES)
    while True:
        try:
            (copied,) = copy_tables(
                CopyRequest(
                    root=request.path.resolve().parent,
                    tables=((_TABLE, table),),
                    held=(),
                    into=request.into,
                    limits=request.limits,
                )
            )
        except DataError as error:
            column = _UNDECLARED.search(error.message)
            if column is None and table.dates is None:
                raise
            if (format_ := next(dates, None)) is not None:
                table = replace(table, dates=format_)
            elif column is not None:
                table = replace(table, dates=None, types=(*table.types, (column[1], "VARCHAR")))
            else:
                raise
        else:
            return table, copied


# --- what it holds ------------------------------------------------------------------------------------------------


def _column(session: Session, name: str, kind: str) -> tuple[ColumnProfile, tuple[int, ...]]:
    """The column, and how often each of its values stands there, where they are few."""
    cell = name_of(name)
    dated = kind in ("DATE", "TIMESTAMP")
    latest = f"CAST(max(CAST({cell} AS DATE)) AS VARCHAR)" if dated else "NULL"
    ((filled, distinct, last),) = session.rows(
        f"SELECT count({cell}), count(DISTINCT {cell}), {latest} FROM {_TABLE}", doing=_LOOKING
    )
    found = []
    if 0 < distinct <= FEW:
        found = session.rows(
            f"SELECT CAST({cell} AS VARCHAR), count(*) FROM {_TABLE} WHERE {cell} IS NOT NULL"
            " GROUP BY 1 ORDER BY 2 DESC, 1",
            doing=_LOOKING,
        )
    values, counts = tuple(row[0] for row in found), tuple(row[1] for row in found)
    return ColumnProfile(name=name, type=kind, filled=filled, distinct=distinct, values=values, latest=last), counts


def _asked(session: Session, terms: list[str]) -> list[Any]:
    """One value per term, in passes of a size that DuckDB plans well."""
    found: list[Any] = []
    for at in range(0, len(terms), _PASS):
        (row,) = session.rows(f"SELECT {', '.join(terms[at : at + _PASS])} FROM {_TABLE}", doing=_LOOKING)
        found += row
    return found


def _twins(
    session: Session, columns: tuple[ColumnProfile, ...], counts: dict[str, tuple[int, ...]]
) -> Iterator[tuple[str, str]]:
    """Numbers that are one but for their scale, and few values that come only together."""
    numbers = list(combinations([one.name for one in columns if one.numeric and one.distinct > FEW], 2))
    terms = [f"corr({name_of(one)}, {name_of(other)})" for one, other in numbers]
    for pair, found in zip(numbers, _asked(session, terms), strict=True):
        if found is not None and abs(found) >= _TWINS:
            yield pair
    few = [one for one in columns if 1 < one.distinct <= FEW]
    alike = [(one, other) for one, other in combinations(few, 2) if counts[one.name] == counts[other.name]]
    terms = [f"count(DISTINCT ({name_of(one.name)}, {name_of(other.name)}))" for one, other in alike]
    for (one, other), found in zip(alike, _asked(session, terms), strict=True):
        if found == one.distinct:
            yield one.name, other.name


def _days(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[DayCountColumn]:
    dates = [one.name for one in columns if one.dated]
    whole = [one.name for one in columns if one.type in ("BIGINT", "INTEGER", "DOUBLE") and one.distinct > 1]
    asked = [(column, start, end) for column in whole for start, end in permutations(dates, 2)]
    terms = []
    for column, start, end in asked:
        days = _between(start, end)
        # Never early is as good: late payments are often counted from 0.
        terms.append(f"bool_and({name_of(column)} IN ({days}, greatest({days}, 0)))")
    for (column, start, end), found in zip(asked, _asked(session, terms), strict=True):
        if found:
            yield DayCountColumn(column=column, start=start, end=end)


def _gaps(session: Session, columns: tuple[ColumnProfile, ...]) -> Iterator[DateGap]:
    pairs = list(permutations([one.name for one in columns if one.dated and one.filled], 2))
    terms = []
    for start, end in pairs:
        days = _between(start, end)
        terms += [f"avg(CAST({days} {than} AS INTEGER))" for than in (">= 0", "> 0", "> 10", "> 30")]
    found = _asked(session, terms)
    for at, (start, end) in enumerate(pairs):
        forward, over_0, over_10, over_30 = found[4 * at : 4 * at + 4]
        if forward is not None:
            yield DateGap(start=start, end=end, forward=forward, over_0=over_0, over_10=over_10, over_30=over_30)


def _between(start: str, end: str) -> str:
    return f"date_diff('day', CAST({name_of(start)} AS DATE), CAST({name_of(end)} AS DATE))"
