"""Choose the files of a table by name: of a pattern or a folder, in the order of their rows.

Takes: a table's path and names below the place that it starts from. Gives: those that it means, sorted by folder and
name, each with the columns that its folders name (`year=2025`). Keeps true: no file is passed over that a reader could
take for a part of the table; all files name the same columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from reconciler.core.names import is_column
from reconciler.core.size_limits import TABLE_FILES
from reconciler.core.spec.data import GLOB, Table
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError

_ENDINGS = {"csv": (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".txt"), "parquet": (".parquet", ".pq")}
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
Partition = tuple[tuple[str, str | None], ...]


def is_pattern(path: str) -> bool:
    """Tell whether a path means several files."""
    return GLOB.search(path) is not None


def chosen(name: str, table: Table, path: str, names: Iterable[str]) -> list[str]:
    """Return the files that a pattern or a folder `path` means, of `names` below the root, sorted.

    Of a folder every file counts that neither begins with a dot or an underscore nor lies in such a folder. Raises
    DataError E401 where there is none, or a file of another kind lies in the folder; E419 where there are too many.
    """
    if is_pattern(path):
        wanted = _pattern(path)
        found = [file for file in names if wanted.fullmatch(file)]
    else:
        start = f"{path.rstrip('/')}/"
        inside = [file for file in names if file.startswith(start)]
        found = [file for file in inside if not re.search(r"(^|/)[._]", file.removeprefix(start))]
        if others := [file for file in found if not file.lower().endswith(_ENDINGS[table.uses])]:
            hint = f"move it elsewhere, or name the files by a pattern, such as {start}*{_ENDINGS[table.uses][0]}"
            message = f"{others[0]} lies among the files, and is no {table.uses} file by its name"
            raise table_error(name, table, code="E401", message=message, hint=hint)
    if not found:
        hint = "check the path; it is relative to the data root, or to the bucket"
        message = "there is no such file" if is_pattern(path) else f"the folder holds no {table.uses} file"
        raise table_error(name, table, code="E401", message=message, hint=hint)
    if len(found) > TABLE_FILES:
        message = f"{len(found):,} files; at most {TABLE_FILES:,} are read"
        raise table_error(name, table, code="E419", message=message, hint="join them, or select fewer by a pattern")
    return sorted(found, key=lambda file: file.split("/"))


def partitions(name: str, table: Table, files: Iterable[str], start: str) -> dict[str, Partition]:
    """Return the columns that each file's folders below `start` name.

    Raises DataError E403 where they differ, or are no columns.
    """
    named: dict[str, Partition] = {}
    first = ""
    for file in files:
        folders = file.removeprefix(start).split("/")[:-1]
        pairs = [folder.partition("=") for folder in folders if "=" in folder]
        named[file] = tuple((key, None if value == _NO_VALUE else unquote(value)) for key, _, value in pairs)
        first = first or file
        if [key for key, _ in named[file]] != [key for key, _ in named[first]]:
            raise _unlike(name, table, first, file)
    keys = [key for key, _ in named[first]]
    if len({key.lower() for key in keys}) < len(keys) or not all(is_column(key) and key != "as_of" for key in keys):
        hint = "rename the folders: letters, digits and underscores before the sign ="
        message = f"the folders of {first} name no valid column, or one twice"
        raise table_error(name, table, code="E403", message=message, hint=hint)
    return named


def _unlike(name: str, table: Table, first: str, other: str) -> DataError:
    hint = "put all files into folders of the same keys"
    message = f"the folders of {other} name other columns than those of {first}"
    return table_error(name, table, code="E403", message=message, hint=hint)


def _pattern(path: str) -> re.Pattern[str]:
    """Return a pattern of whole names: `**` is any folders, `*` and `?` stay within one, and meet no dot in front."""
    parts = []
    for part in path.split("/"):
        if part == "**":
            parts.append(r"(?:[^/.][^/]*/)*")
            continue
        signs = "" if part.startswith(".") else r"(?!\.)"
        at = 0
        while at < len(part):
            sign, at = part[at], at + 1
            end = part.find("]", at + 1) if sign == "[" else -1
            if sign == "*":
                signs += "[^/]*"
            elif sign == "?":
                signs += "[^/]"
            elif end > 0:
                inside = part[at:end].replace("\\", "\\\\").replace("[", "\\[")
                signs += f"[{'^/' + inside[1:] if inside.startswith('!') else inside}]"
                at = end + 1
            else:
                signs += re.escape(sign)
        parts.append(f"{signs}/")
    return re.compile("".join(parts).removesuffix("/"))
