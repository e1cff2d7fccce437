"""Guess how a CSV file is written from its first rows: encoding, lines above the header, delimiter, escapes, decimals.

Takes: the file, and what its author says of it. Gives: the table's declaration, and a note for each guess that a person
should see. Keeps true: what the author says is never guessed, and where two readings make sense, none is taken.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path

from reconciler.core.names import is_column, visible, without_accents
from reconciler.core.spec.data import Table
from reconciler.data.csv_files import blocks, encodings
from reconciler.data.csv_files.odd_layouts import check_layout
from reconciler.data.csv_files.validate import EXCEL_SIGN
from reconciler.errors import DataError, FilePosition

_SIGNS = (",", ";", "\t", "|")
_HEAD = 1024 * 1024
_SAMPLE = 200  # lines
_NEARLY_ALL = 0.9  # of the sample's lines, after which an open quote is only cut
_ABOVE = 20  # lines at most above a header
_COMMA = re.compile(r"[+-]?[0-9]+(\.[0-9]{3})*(,[0-9]+)?")
_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST = 200  # characters of a name as written, in the table's declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The first records of a file in one format: (the line on which a record ends, its cells)."""

    records: tuple[tuple[int, tuple[str, ...]], ...]
    whole: bool

    @property
    def cells(self) -> int:
        """Return how many cells most records have."""
        counts = Counter(len(cells) for _, cells in self.records if cells)
        return max(counts, key=lambda count: (counts[count], count), default=0)

    @property
    def above(self) -> int:
        """Return how many records stand above the header: blank ones, and titles of fewer cells."""
        for index, (_, cells) in enumerate(self.records[: _ABOVE + 1]):
            filled = sum(bool(cell.strip()) for cell in cells)
            if len(cells) == self.cells and (filled > self.cells / 2 or self.cells < 3):
                return index
        return 0


def guess_csv(path: Path, given: Table, *, is_header: bool | None) -> tuple[Table, tuple[str, ...]]:
    """Return the declaration of a CSV file, and notes on what was guessed. Raises DataError E403, E406, E407."""
    with path.open("rb") as stream:
        head = blocks.read(blocks.opened(stream, path.name), _HEAD, path.name)
    where = FilePosition(file=path.name)
    if (known := blocks.known_format(head)) is not None:
        raise DataError(f"this is a {known[0]}, not CSV", code="E407", where=where, hint=known[1])
    notes: list[str] = []
    encoding = given.encoding and encodings.codec_of(given.encoding, "the file")
    if encoding is None:
        encoding, words = encodings.guess(head, path.name)
        if words:
            notes.append(
                f"the encoding {encoding} is a guess by its words, such as {words}: if these are wrong, --encoding"
            )
    text = head.decode(encoding or "utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    if blocks.has_returns(text.encode()):
        text = text.replace("\r", "\n")
    lines = text.split("\n")[given.skip : given.skip + _SAMPLE + _ABOVE + 1]
    skip, delimiter = given.skip, given.delimiter
    if not skip and (excel := EXCEL_SIGN.fullmatch(lines[0].strip())) is not None:
        skip, delimiter, lines = 1, delimiter or excel[1], lines[1:]
    delimiter = delimiter or _delimiter(lines)
    rows = _rows(lines, delimiter, given.escape)
    escape = given.escape
    if escape is None and not rows.whole and '\\"' in text and _rows(lines, delimiter, "\\").whole:
        escape, rows = "\\", _rows(lines, delimiter, "\\")
        notes.append('quotes inside cells are written as \\": `escape`')
    records = rows.records
    if not given.skip and is_header is not False:
        check_layout(records, rows.above, where)
    if not given.skip and rows.above:
        above = records[rows.above - 1][0]
        skip, records = skip + above, records[rows.above :]
        notes.append(f"the first {above} line{'s' * (above != 1)} stand{'s' * (above == 1)} above the header: `skip`")
    cells = [record for _, record in records if record]
    blanks = given.blank_lines
    last = max((index for index, (_, record) in enumerate(records) if record), default=0)
    if blanks is None and rows.cells > 1 and any(not record for _, record in records[:last]):
        blanks = "skip"
        notes.append("blank lines between the rows are left out: `blankLines`")
    if is_header is None and _looks_like_rows(cells):
        message = f"line {skip + 1} looks like a row of data, not like a header"
        hint = "--no-header names the columns column_1, column_2, ...; --header if it is the header"
        raise DataError(message, code="E403", where=FilePosition(file=path.name, line=skip + 1), hint=hint)
    header = is_header is not False
    body = cells[1:] if header else cells
    names = list(cells[0]) if cells else []
    if not header:
        names = [f"column_{number}" for number in range(1, len(names) + 1)]
    table = replace(
        given,
        uses="csv",
        path=path.name,
        delimiter=None if delimiter == "," else delimiter,
        decimal=given.decimal or ("," if delimiter != "," and _has_decimal_commas(body) else None),
        encoding=None if encoding == "utf-8" else encoding,
        skip=skip,
        header=header,
        escape=escape,
        blank_lines=blanks,
        columns=with_usable_names(given.columns, names),
    )
    return table, tuple(notes)


def _delimiter(lines: list[str]) -> str:
    """Return the sign that parts the first line; where that is a title or blank, the one that parts the most alike."""
    header = lines[0] if lines else ""
    best = max(_SIGNS, key=header.count)
    rows = _rows(lines, best, None)
    if rows.records and not rows.above and len(rows.records[0][1]) == rows.cells > 1:
        return best
    parted = {sign: _rows(lines, sign, None) for sign in _SIGNS}
    found = [sign for sign, rows in parted.items() if rows.cells > 1 and rows.above]
    return max(found, key=lambda sign: parted[sign].cells, default=best)


def _rows(lines: list[str], delimiter: str, escape: str | None) -> _Rows:
    """Return the records of the lines; `whole`: whether each could be read and has as many cells as the others."""
    doubled = escape != "\\"
    reader = csv.reader(
        (line + "\n" for line in lines),
        delimiter=delimiter,
        strict=True,
        doublequote=doubled,
        escapechar=None if doubled else "\\",
    )
    records: list[tuple[int, tuple[str, ...]]] = []
    try:
        for record in reader:
            records.append((reader.line_num, tuple(record)))
            if len(records) >= _SAMPLE:
                break
        read = True
    except csv.Error:  # where the sample ends within quotes, the cell goes on behind it
        read = bool(records) and reader.line_num >= len(lines) > 1 and records[-1][0] >= _NEARLY_ALL * len(lines)
    if records and reader.line_num >= len(lines) and records[-1][1] != ():
        records.pop()  # it may be cut
    rows = _Rows(records=tuple(records), whole=read)
    return replace(rows, whole=read and all(len(cells) in (0, rows.cells) for _, cells in records[rows.above :]))


def _has_decimal_commas(body: list[tuple[str, ...]]) -> bool:
    """Return whether a column of the first rows holds numbers with a decimal comma, and none with a decimal point."""
    columns = list(zip_longest(*body, fillvalue=""))
    cells = [[cell for cell in column if cell] for column in columns]
    commas = any(column and all(map(_COMMA.fullmatch, column)) and "," in "".join(column) for column in cells)
    return commas and not any(column and all(map(_POINT.fullmatch, column)) for column in cells)


def _looks_like_rows(cells: list[tuple[str, ...]]) -> bool:
    """Return whether the first record holds numbers above columns of numbers, other than 0, 1, 2, ... or years."""
    if len(cells) < 3:
        return False
    first = cells[0]
    numbers = [index for index, cell in enumerate(first) if _NUMBER.fullmatch(cell.strip())]
    below = [index for index in numbers if all(_is_number_or_empty(row, index) for row in cells[1:])]
    whole = [first[index].strip() for index in numbers]
    counted = [int(text) for text in whole if text.isdigit()]
    steps = {after - before for before, after in pairwise(counted)}
    is_count = len(counted) == len(numbers) and (len(counted) > 1 and steps == {1})
    are_years = all(1900 <= number <= 2100 for number in counted) and len(counted) == len(numbers)
    return bool(below) and not is_count and not are_years


def _is_number_or_empty(row: tuple[str, ...], index: int) -> bool:
    cell = row[index].strip() if index < len(row) else ""
    return not cell or _NUMBER.fullmatch(cell) is not None


def with_usable_names(given: tuple[tuple[str, str], ...], written: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return `columns` of a table: those given, and a usable name for each other column that needs one."""
    named = {text for _, text in given}
    return (*given, *(pair for pair in _usable_names(written) if pair[1] not in named))


def _usable_names(written: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, name in the file) of each column whose own name cannot be used. Raises DataError E403."""
    names = list(written)
    taken = {name.lower() for name in names if is_column(name)}
    for position, name in enumerate(names, start=1):
        if is_column(name) and name != "as_of":
            continue
        if len(visible(name)) > _LONGEST:
            message = f"the name of column {position} is longer than {_LONGEST} characters"
            raise DataError(message, code="E403", hint="rename the column in the file, or add a header if it has none")
        ascii_name = re.sub(r"[^A-Za-z0-9]+", "_", without_accents(name)).strip("_")[:50] or f"column_{position}"
        ascii_name = f"_{ascii_name}" if ascii_name[0].isdigit() else ascii_name
        free = ascii_name
        number = 2
        while free.lower() in taken or free == "as_of":
            free, number = f"{ascii_name}_{number}", number + 1
        taken.add(free.lower())
        yield free, visible(name)
