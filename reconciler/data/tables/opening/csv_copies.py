"""Copy the CSV files of one table as text that every reader understands alike, and find a row's file and line again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from reconciler.core.size_limits import TABLE_ROWS
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import Dialect
from reconciler.data.tables.opening.arrow_file import TableErrors
from reconciler.ports import SourceFile

Partition = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvPart:
    """The copy of the files that are of one partition."""

    partition: Partition
    text: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _CopiedFile:
    """Where a file's rows are: `rows` of them behind `before` others, from the byte `start` of `text`."""

    file: SourceFile
    text: Path
    before: int
    rows: int
    start: int


@dataclass(slots=True, kw_only=True)
class CsvCopies:
    """The copies of a table's files, which all have the same header."""

    dialect: Dialect
    error: TableErrors
    columns: tuple[str, ...] = ()
    rows: int = 0
    parts: list[CsvPart] = field(default_factory=list)
    _files: list[_CopiedFile] = field(default_factory=list)

    def add(
        self, partition: Partition, files: Iterable[SourceFile], target: BinaryIO, text: Path, *, alone: bool
    ) -> None:
        """Copy the files of one partition to `target`, which is read at `text`. A file may have no row where there are
        others. Raises DataError E401-E407, E419, and E403 where a file has another header than the first."""
        for file in files:
            dialect = replace(self.dialect, path=file.name)
            start = target.tell()
            with file.open() as stream:
                rows = validate.copy_rows(stream, target, dialect, most=TABLE_ROWS - self.rows, empty=not alone)
            if self._files and rows.columns != self.columns:
                hint = "write all files with the same columns in the same order, or name fewer by a pattern"
                message = f"{file.name} has another header than {self._files[0].file.name}"
                raise self.error("E403", message, hint)
            self.columns = rows.columns
            self._files.append(_CopiedFile(file=file, text=text, before=self.rows, rows=rows.count, start=start))
            self.rows += rows.count
        target.flush()
        self.parts.append(CsvPart(partition=partition, text=text))

    def line_of(self, row: int) -> tuple[str | None, int | None]:
        """Return the file and the line of row n (from 1)."""
        for copied in self._files:
            if copied.before < row <= copied.before + copied.rows:
                dialect = replace(self.dialect, path=copied.file.name)
                line = validate.line_of(copied.text, row - copied.before, dialect, start=copied.start)
                return copied.file.name, line
        return None, None
