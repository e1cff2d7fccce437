"""Recognise files of text that are nearly CSV: drawn tables, row names without a header, other quotes, other signs.

Takes: the first records of a file. Gives: nothing, or the error that says what the file is and what to do. Keeps true:
what is plain is read elsewhere; here is told what would be read as something that it is not. DataError E402, E404.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.errors import DataError, FilePosition

Record = tuple[int, tuple[str, ...]]
"""The line on which a record ends, and its cells."""

_RULE = re.compile(r"[-+|:= \t]*")
_QUOTED = re.compile(r" *'.*' *")
_NUMBER = re.compile(r" *[+-]?[0-9]+([.,][0-9]+)? *")
_RARE_SIGNS = ":~^\x01\x1f#"
_FEWEST = 3  # records that all have a sign as often


def check_layout(records: Sequence[Record], above: int, where: FilePosition) -> None:
    """Check that the records are a header and rows; `above`: how many stand above the header."""
    rows = [record for record in records[above:] if record[1]]
    if not rows:
        return
    if above:
        _check_short_header(records[above - 1], [cells for _, cells in rows], where)
    _check_rule(rows, where)
    header = rows[0][1]
    if len(header) > 1 and all(map(_QUOTED.fullmatch, header)):
        message = "the names of the columns stand in single quotes, which are read as a part of them"
        raise _error("E406", rows[0][0], message, "write double quotes, or none", where)
    if len(header) == 1:
        _check_one_column([cells[0] for _, cells in rows if len(cells) == 1], rows[0][0], where)


def _check_short_header(header: Record, rows: list[tuple[str, ...]], where: FilePosition) -> None:
    """Check that the line above the rows is no header that lacks one name."""
    line, names = header
    if len(names) + 1 != len(rows[0]) or len(set(names)) < len(names) or not all(name.strip() for name in names):
        return
    whole = [cells for cells in rows if len(cells) == len(rows[0])]
    if not any(cells[-1].strip() for cells in whole):
        message = "each row ends with a delimiter that the header does not have"
        raise _error("E402", line, message, "write one at the end of the header, too", where)
    if len({cells[0] for cells in whole}) == len(whole) and any(map(_NUMBER.fullmatch, rows[0][1:])):
        message = "the rows have one cell more than the header: their first one, such as R's row names, has no name"
        hint = "write a name for it in front of the header; in R, write.table(..., col.names = NA)"
        raise _error("E402", line, message, hint, where)


def _check_rule(rows: list[Record], where: FilePosition) -> None:
    """Check that no rule is drawn below the header."""
    line, cells = rows[min(1, len(rows) - 1)]
    if all(map(_RULE.fullmatch, cells)) and "--" in "".join(cells):
        message = "a rule of dashes stands below the header: the table is drawn for people to read"
        hint = "export it as CSV (psql --csv, mysql --batch), or remove the rules"
        raise _error("E402", line, message, hint, where)


def _check_one_column(texts: list[str], line: int, where: FilePosition) -> None:
    """Check that a table of one column has no sign in each line that parts more."""
    if len(texts) < _FEWEST:
        return
    for sign in _RARE_SIGNS:
        if (count := texts[0].count(sign)) and all(text.count(sign) == count for text in texts):
            shown = f"'{sign}'" if sign.isprintable() else f"$'\\x{ord(sign):02x}'"
            message = f"only one column found; each line has the sign {shown}"
            raise _error("E404", line, message, f"--delimiter {shown} if it parts the columns", where)
    words = {len(text.split()) for text in texts}
    if len(words) == 1 and words != {1}:
        message = "only one column found; each line has words with spaces between"
        raise _error("E404", line, message, "write a comma or a tab between the cells", where)


def _error(code: str, line: int, message: str, hint: str, where: FilePosition) -> DataError:
    return DataError(message, code=code, where=FilePosition(file=where.file, line=line), hint=hint)
