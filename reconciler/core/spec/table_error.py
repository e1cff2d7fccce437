"""The error of one table: named by the table, placed at its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.core.spec.data import Table
from reconciler.errors import DataError, FilePosition


def table_error(
    name: str,
    table: Table,
    *,
    code: str,
    message: str,
    hint: str | None = None,
    line: int | None = None,
    file: str | None = None,
) -> DataError:
    """Return the error for a table, at the line of its file; `file`: the one of several."""
    where = FilePosition(file=file or table.place, line=line)
    return DataError(f"table {name}: {message}", code=code, where=where, hint=hint)


def without_folder_values(text: str, columns: Iterable[str]) -> str:
    """Return a text in which folders that name a value of these columns (`email=...`) do not tell it."""
    names = "|".join(map(re.escape, columns))
    return re.sub(rf"(?i)(?<=/)({names})=[^/]*(?=/)", r"\1=...", text) if names else text
