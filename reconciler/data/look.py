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
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

from reconciler.core.environment import Table
from reconciler.core.look import FEW, ColumnLook, Days, Gap, LookRequest, TableLook
from reconciler.core.names import is_column, visible
from reconciler.core.work import CopyRequest, TableFile
from reconciler.data.session import Session, name_of, open_session, text_of
from reconciler.data.tables import copy_tables
from reconciler.errors import DataError, Where

# In the order of trial; the first that reads every row is taken.
_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%m/%d/%y", "%d/%m/%y")
_SIGNS = (",", ";", "\t", "|")
_HEAD = 1024 * 1024
_TABLE = "looked"
_MOST = 60  # columns that are compared with each other
_TWINS = 0.995  # correlation from which two numbers are one
_PASS = 200  # terms in one query
_LOOKING = "looking at the table"
_UNDECLARED = re.compile(r"column (\w+) looks like dates")


def look(request: LookRequest) -> TableLook:
    """DataError E401-E411 when the file cannot be read as a table at all."""
    table = _parquet(request) if _is_parquet(request.path) else _csv(request.path)
    table, copied = _read(request, table)
    with open_session(limits=request.limits, into=request.into, inputs=(copied.path,)) as session:
        session.run(f"CREATE VIEW {_TABLE} AS SELECT * FROM read_parquet({text_of(str(copied.path))})", doing=_LOOKING)
        looked = [_column(session, one.name, one.type) for one in copied.columns]
        columns = tuple(column for column, _ in looked)
        counts = {column.name: numbers for column, numbers in looked}
        return TableLook(
            table=table,
            rows=copied.rows,
            columns=columns,
            twins=tuple(_twins(session, columns[:_MOST], counts)),
            days=tuple(_days(session, columns[:_MOST])),
            gaps=tuple(_gaps(session, columns[:_MOST])),
        )


# --- how it is written --------------------------------------------------------------------------------------------


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise DataError(message, code="E401", where=Where(file=path.name)) from error


def _parquet(request: LookRequest) -> Table:
    table = Table(uses="parquet", path=request.path.name)
    with open_session(limits=request.limits, into=request.into, inputs=(request.path,)) as session:
        found = session.types(f"read_parquet({text_of(str(request.path.resolve()))})", doing="reading the file")
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
        encoding=encoding,
        columns=tuple(_names(names)),
    )


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
        plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:50] or f"column_{position}"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        free = plain
        number = 2
        while free.lower() in taken or free == "as_of":
            free, number = f"{plain}_{number}", number + 1
        taken.add(free.lower())
        yield free, visible(name)


def _read(request: LookRequest, table: Table) -> tuple[Table, TableFile]:
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


def _column(session: Session, name: str, kind: str) -> tuple[ColumnLook, tuple[int, ...]]:
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
    return ColumnLook(name=name, type=kind, filled=filled, distinct=distinct, values=values, latest=last), counts


def _asked(session: Session, terms: list[str]) -> list[Any]:
    """One value per term, in passes of a size that DuckDB plans well."""
    found: list[Any] = []
    for at in range(0, len(terms), _PASS):
        (row,) = session.rows(f"SELECT {', '.join(terms[at : at + _PASS])} FROM {_TABLE}", doing=_LOOKING)
        found += row
    return found


def _twins(
    session: Session, columns: tuple[ColumnLook, ...], counts: dict[str, tuple[int, ...]]
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


def _days(session: Session, columns: tuple[ColumnLook, ...]) -> Iterator[Days]:
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
            yield Days(column=column, start=start, end=end)


def _gaps(session: Session, columns: tuple[ColumnLook, ...]) -> Iterator[Gap]:
    pairs = list(permutations([one.name for one in columns if one.dated and one.filled], 2))
    terms = []
    for start, end in pairs:
        days = _between(start, end)
        terms += [f"avg(CAST({days} {than} AS INTEGER))" for than in (">= 0", "> 0", "> 10", "> 30")]
    found = _asked(session, terms)
    for at, (start, end) in enumerate(pairs):
        forward, over_0, over_10, over_30 = found[4 * at : 4 * at + 4]
        if forward is not None:
            yield Gap(start=start, end=end, forward=forward, over_0=over_0, over_10=over_10, over_30=over_30)


def _between(start: str, end: str) -> str:
    return f"date_diff('day', CAST({name_of(start)} AS DATE), CAST({name_of(end)} AS DATE))"
