"""Read tables of files below the data root: CSV and Parquet. Implements ports.TableSource."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.adapters.sources.local_file import LocalFile, locate, unchanged
from reconciler.ports import SourceAccess, TableFiles


class FileSource:
    """Files below the data root. Implements ports.TableSource."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access

    @contextmanager
    def read(self, name: str) -> Iterator[TableFiles]:
        """Open a table's file, and look at it again at the end."""
        table = self._access.table(name)
        path = locate(name, table, self._access.root)
        with unchanged(LocalFile(table=name, declared=table, path=path, name=table.path)) as file:
            yield TableFiles(files=(file,))

    def close(self) -> None:
        """Nothing is open between two tables."""


def open_source(access: SourceAccess) -> FileSource:
    """Open the files of tables."""
    return FileSource(access)
