"""Read the columns of Parquet files that are one table: the same ones in all, of the same types, in one order."""

# SQL is text here; every part is quoted (`text_list`).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from reconciler.data.duckdb_session import Session, text_list
from reconciler.errors import DataError
from reconciler.ports import SourceFile

Names = tuple[str, ...]


class FileErrors(Protocol):
    """Makes the errors of one table, at one of its files."""

    def __call__(self, code: str, message: str, hint: str | None = None, *, file: str | None = None) -> DataError: ...


def read_parquet(paths: Iterable[Path]) -> str:
    """Return SQL of the rows of files. What their folders are named is no column of theirs."""
    return f"read_parquet({text_list([str(path) for path in paths])}, hive_partitioning = false)"


def columns_of_files(
    session: Session, paths: Mapping[Path, SourceFile], table: str, error: FileErrors
) -> tuple[Names, Names]:
    """Return the columns as the first file names them, and their types.

    Raises DataError E403 where a file has other columns than the first, or other types; E413 where one is unreadable.
    """
    doing = f"reading table {table}"
    first = next(iter(paths))
    types = session.types(read_parquet([first]), doing=doing)
    # The names as the file has them: DuckDB changes a name that differs from another only in case.
    schema = session.rows(
        "SELECT file_name, name, type, converted_type, logical_type, num_children"
        f" FROM parquet_schema({text_list([str(path) for path in paths])})",
        doing=doing,
    )
    schemas: dict[str, list[tuple[object, ...]]] = {}
    for path, *element in schema:
        schemas.setdefault(path, []).append(tuple(element))
    mine = schemas[str(first)][1:]
    for path, file in paths.items():
        theirs = schemas[str(path)][1:]
        if theirs != mine:
            of = "columns" if [element[0] for element in theirs] != [element[0] for element in mine] else "types"
            hint = "write all files with the same columns, in the same order and of the same types"
            raise error("E403", f"{file.name} has other {of} than {paths[first].name}", hint, file=file.name)
    written = tuple(str(element[0]) for element in mine)
    return (written if len(written) == len(types) else tuple(types)), tuple(types.values())
