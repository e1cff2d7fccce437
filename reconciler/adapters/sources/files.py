"""Read tables of files: CSV and Parquet, below the data root or in a bucket. Implements ports.TableSource.

Keeps true: the files of a table are listed, sized and stamped before they are read and afterwards; one that came, went
or changed meanwhile is an error, E409.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.sources.file_names import chosen, is_pattern, partitions
from reconciler.adapters.sources.local_file import LocalFile, locate, unchanged
from reconciler.core.spec.data import Table, is_in_bucket
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError
from reconciler.ports import SourceAccess, TableFiles

_DEEPEST = 32  # folders in folders


class FileSource:
    """Files below the data root. Implements ports.TableSource."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access

    @contextmanager
    def read(self, name: str) -> Iterator[TableFiles]:
        """Open the files of a table, and look at them again at the end."""
        table = self._access.table(name)
        if is_in_bucket(table.path):
            from reconciler.adapters.sources.bucket_files import files_in_bucket

            with files_in_bucket(name, table, self._access.scratch) as there:
                yield there
            return
        root = self._access.root
        if (root / table.path).is_file() or not (is_pattern(table.path) or (root / table.path).is_dir()):
            path = locate(name, table, root)
            with unchanged(LocalFile(table=name, declared=table, path=path, name=table.path)) as file:
                yield TableFiles(files=(file,))
            return
        files = self._list(name, table)
        before = {file.name: file.fingerprint() for file in files}
        yield TableFiles(files=files)
        for file in files:
            if file.fingerprint() != before[file.name]:
                raise changed(name, table, file.name)
        if more := {file.name for file in self._list(name, table)} - before.keys():
            raise changed(name, table, min(more))

    def close(self) -> None:
        """Nothing is open between two tables."""

    def _list(self, name: str, table: Table) -> tuple[LocalFile, ...]:
        """Return the files of a pattern or a folder."""
        root = self._access.root
        start = locate(name, table, root, folder=True, path=table.folder)
        found = {path.relative_to(root).as_posix(): path for path in _walk(name, table, start)}
        # The folder may be reached by a link: names are those below the declared one.
        inside = start.relative_to(root).as_posix()
        if inside != (table.folder or "."):
            lead = f"{table.folder}/" if table.folder else ""
            found = {f"{lead}{path.relative_to(start).as_posix()}": path for path in found.values()}
        files = chosen(name, table, table.path, found)
        keys = partitions(name, table, files, table.folder)
        return tuple(
            LocalFile(table=name, declared=table, path=found[file], name=file, partition=keys[file]) for file in files
        )


def changed(name: str, table: Table, file: str) -> DataError:
    """Return the error for a file that changed while the table was read."""
    hint = "write to another file and rename it, or run the command again"
    message = "a file came, went or was changed while the table was read"
    return table_error(name, table, code="E409", message=message, hint=hint, file=file)


def _walk(name: str, table: Table, folder: Path, depth: int = 0) -> Iterator[Path]:
    """Yield the files below a folder. A link is an error: what it leads to may be anything."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        message = f"a folder cannot be read: {error.strerror}"
        raise table_error(name, table, code="E401", message=message, hint="check the permission to read it") from None
    for path in entries:
        if path.is_symlink():
            hint = "name the file or folder itself, or copy it there"
            message = f"a symbolic link lies in the folder: {path.name}"
            raise table_error(name, table, code="E302", message=message, hint=hint)
        if path.is_dir():
            if depth >= _DEEPEST:
                message = f"more than {_DEEPEST} folders lie in each other"
                raise table_error(name, table, code="E419", message=message, hint="name one of them")
            yield from _walk(name, table, path, depth + 1)
        elif path.is_file():
            yield path


def open_source(access: SourceAccess) -> FileSource:
    """Open the files of tables."""
    return FileSource(access)
