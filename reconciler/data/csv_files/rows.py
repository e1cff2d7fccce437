"""Count the rows of a CSV file and check them against its header while they stream by.

Takes: blocks of whole lines (UTF-8, line feeds). Gives: the number of rows, and where the last one ends. Keeps true:
RFC 4180, read strictly: quotes stand around whole cells and are closed, each row has the header's number of cells, and
blank lines stand at the end only. Works on numpy arrays, a whole block at a time. DataError E402, E406 by line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from reconciler.core.size_limits import ROW_BYTES
from reconciler.core.spec.data import Table
from reconciler.data.csv_files.encodings import codec_of
from reconciler.errors import DataError, FilePosition

_QUOTE, _NEWLINE, _RETURN, _BACKSLASH = 34, 10, 13, 92


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The format of a CSV file.

    `path`: its name in messages; `encoding`: a value of ENCODINGS; `columns`: (name, name in the file). `skip`: lines
    above the header. `header`: whether there is one. `escape`: the sign before a quote inside a cell. `skip_blank`:
    whether blank lines between rows are left out.
    """

    path: str
    delimiter: str
    encoding: str
    columns: tuple[tuple[str, str], ...] = ()
    skip: int = 0
    header: bool = True
    escape: str = '"'
    skip_blank: bool = False

    @property
    def first_row_line(self) -> int:
        """Return the line on which the first row begins."""
        return self.skip + 1 + self.header


def dialect_of(name: str, table: Table) -> Dialect:
    """Return the dialect that the table `name` declares. Raises DataError E404, E406 where it is not usable."""
    delimiter = table.delimiter or ","
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter.isalnum() or delimiter in '"\r\n\0 ._-':
        message = f"table {name}: `delimiter` must be one character, such as , ; | or a tab"
        raise DataError(message, code="E404", hint="leave it out for a comma")
    return Dialect(
        path=table.path,
        delimiter=delimiter,
        encoding=codec_of(table.encoding or "utf-8", f"table {name}"),
        columns=table.columns,
        skip=table.skip,
        header=table.header,
        escape=table.escape or '"',
        skip_blank=table.blank_lines == "skip",
    )


CLOSE_QUOTES = 'put quotes around whole cells only, close them, and write a quote inside as ""'
_BACKSLASHES = 'declare `escape: \\` if quotes inside cells are written as \\"'
_BLANK = "remove it, or declare `blankLines: skip`"


def line_error(dialect: Dialect, line: int, code: str, message: str, hint: str | None = None) -> DataError:
    """Return the error for a line of a file."""
    return DataError(message, code=code, where=FilePosition(file=dialect.path, line=line), hint=hint)


class RowCheck:
    """Checker of rows: reads blocks of whole lines as numpy arrays; delimiters and line feeds count outside quotes."""

    def __init__(self, dialect: Dialect, *, cells: int) -> None:
        self._dialect = dialect
        self._cells = cells
        self._delimiter = ord(dialect.delimiter)
        self._inside = 0  # 1 when the bytes read so far end within quotes
        self._opened = 0  # the line of the last opening quote
        self._line = dialect.first_row_line  # of the next byte
        self._row_line = self._line  # of the row that is being read
        self._row_cells = 1
        self._row_bytes = 0
        self._blank: int | None = None  # the line of the first blank line at the end so far
        self.rows = 0
        self.end = 0  # bytes of whole rows, without blank lines at the end
        self._read = 0

    def feed(self, block: bytes) -> bytes:
        """Check a block of whole lines and return what of it is copied; a quoted cell may continue in the next block.

        Raises DataError E402, E406.
        """
        import numpy as np

        if not block:
            return block
        array = np.frombuffer(block, dtype=np.uint8)
        quoted = self._inside == 1 or b'"' in block
        if quoted or b"\r" in block or not self._is_plain(array, np):
            block = self._read_closely(block, array, np)
        self._read += len(block)
        if self._dialect.skip_blank:
            self.end = self._read
        return block

    def _is_plain(self, array: Any, np: Any) -> bool:
        """Return whether each line of a block without quotes has the header's number of cells; count its rows if so."""
        if self._cells == 1 or self._blank is not None:
            return False
        signs = np.flatnonzero((array == self._delimiter) | (array == _NEWLINE))
        if len(signs) % self._cells:
            return False
        kinds = array[signs].reshape(-1, self._cells)
        if not ((kinds[:, -1] == _NEWLINE).all() and (kinds[:, :-1] == self._delimiter).all()):
            return False
        ends = signs[self._cells - 1 :: self._cells]
        if np.diff(ends, prepend=-1).max() > ROW_BYTES:
            return False
        self.rows += len(ends)
        self.end = self._read + len(array)
        self._line += len(ends)
        self._row_line = self._line
        return True

    def _read_closely(self, block: bytes, array: Any, np: Any) -> bytes:
        newlines = array == _NEWLINE
        quotes = array == _QUOTE
        after = np.bitwise_xor.accumulate(quotes.view(np.uint8)) ^ self._inside  # 1: inside quotes behind this byte
        outside = after == 0
        self._check_quotes(array, np.flatnonzero(quotes), after, np)
        if b"\r" in block and len(returns := np.flatnonzero((array == _RETURN) & outside)):
            line = self._line + int(np.count_nonzero(newlines[: returns[0]]))
            hint = "lines must end with a line feed, or with carriage return and line feed"
            raise line_error(self._dialect, line, "E406", "a carriage return outside quotes", hint)
        ends = np.flatnonzero(newlines & outside)
        cells = np.flatnonzero((array == self._delimiter) & outside)
        self._inside = int(after[-1])
        self._check_rows(newlines, ends, cells, np)
        self._line += int(np.count_nonzero(newlines))
        if not self._dialect.skip_blank:
            return block
        blank = newlines & outside
        blank[1:] &= blank[:-1].copy()
        return bytes(array[~blank].tobytes())

    def finish(self) -> None:
        """Check that no quote is left open. Raises DataError E406."""
        if self._inside:
            raise line_error(self._dialect, self._opened, "E406", "a quote is not closed", CLOSE_QUOTES)

    def _check_quotes(self, array: Any, quotes: Any, after: Any, np: Any) -> None:
        """Check that quotes stand around whole cells.

        An opening quote follows a delimiter, a line end or a quote (then it is doubled); a closing one precedes one.

        Blocks end with a line feed, so a quote is never the last byte, and is the first one only at a row's start.
        """
        opening = quotes[after[quotes] == 1]
        closing = quotes[after[quotes] == 0]
        before = np.where(opening > 0, array[opening - 1], _NEWLINE)
        behind = array[closing + 1]
        fits_before = (before == self._delimiter) | (before == _NEWLINE) | (before == _QUOTE)
        # After a closing quote a delimiter or line end is outside again; a quote would be a doubled one.
        fits_behind = (behind == self._delimiter) | (behind == _NEWLINE) | (behind == _QUOTE)
        wrong = np.sort(np.concatenate([opening[~fits_before], closing[~fits_behind]]))
        if len(wrong):
            line = self._line + int(np.count_nonzero(array[: wrong[0]] == _NEWLINE))
            escaped = bool((array[quotes[quotes > 0] - 1] == _BACKSLASH).any())
            hint = _BACKSLASHES if escaped else CLOSE_QUOTES
            raise line_error(self._dialect, line, "E406", "a quote in the middle of a cell", hint)
        fresh = opening[before != _QUOTE]
        if len(fresh):
            self._opened = self._line + int(np.count_nonzero(array[: fresh[-1]] == _NEWLINE))

    def _check_rows(self, newlines: Any, ends: Any, cells: Any, np: Any) -> None:
        if not len(ends):
            self._row_cells += len(cells)
            self._row_bytes += len(newlines)
            self._check_length(self._row_bytes, self._row_line)
            return
        lines = np.cumsum(newlines)[ends] + self._line  # the line after each end
        starts = np.concatenate([[self._row_line], lines[:-1]])
        counts = np.diff(np.searchsorted(cells, ends), prepend=0) + 1
        counts[0] += self._row_cells - 1
        sizes = np.diff(ends, prepend=-1)
        sizes[0] += self._row_bytes
        blank = sizes == 1
        self._check_blanks(blank, starts, np)
        wrong = np.flatnonzero((counts != self._cells) & ~blank)
        if len(wrong):
            cells, line = int(counts[wrong[0]]), int(starts[wrong[0]])
            self._reject_row(cells, line)
        if len(long := np.flatnonzero(sizes > ROW_BYTES)):
            self._check_length(ROW_BYTES + 1, int(starts[long[0]]))
        full = int(np.count_nonzero(~blank))
        self.rows += full
        if full:
            self.end = self._read + int(ends[full - 1]) + 1
        self._row_line = int(lines[-1])
        self._row_cells = 1 + len(cells) - int(np.searchsorted(cells, ends[-1]))
        self._row_bytes = len(newlines) - int(ends[-1]) - 1

    def _check_blanks(self, blank: Any, starts: Any, np: Any) -> None:
        """Check that blank lines stand at the end only: one between rows is a row without its cells."""
        if self._dialect.skip_blank:
            return
        if self._blank is None and blank.any():
            self._blank = int(starts[np.flatnonzero(blank)[0]])
        full = starts[~blank]
        if self._blank is not None and len(full) and int(full[-1]) > self._blank:
            raise line_error(self._dialect, self._blank, "E402", "a blank line between rows", _BLANK)

    def _check_length(self, size: int, line: int) -> None:
        if size > ROW_BYTES:
            raise line_error(self._dialect, line, "E402", "a row is longer than 1 MiB", CLOSE_QUOTES)

    def _reject_row(self, cells: int, line: int) -> NoReturn:
        hint = "complete the row" if cells < self._cells else "put quotes around cells that contain the delimiter"
        if cells == 1:
            hint = "complete the row; where it is a note, such as one below the table, remove it"
        message = f"the row has {cells} cell{'s' * (cells != 1)}; the header has {self._cells}"
        raise line_error(self._dialect, line, "E402", message, hint)
