"""Read Delta tables at a version. Implements ports.TableSource.

Takes: a folder below the data root or in a bucket, and a version or none for the newest. Gives: the rows of that
version, by file in the order of their names. Keeps true: a version never changes, so all that is read is of one moment;
a table that needs a newer reader (deletion vectors, renamed columns) is refused, not read in part; files outside of the
table's folder are not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from reconciler.adapters.sources.local_file import locate
from reconciler.adapters.sources.source_errors import gone, without_library
from reconciler.core.spec.data import Table, is_in_bucket
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError
from reconciler.ports import ArrowStream, SourceAccess

if TYPE_CHECKING:
    import pyarrow as pa


class DeltaSource:
    """Delta tables. Implements ports.TableSource."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access

    @contextmanager
    def read(self, name: str) -> Iterator[DeltaVersion]:
        """Open a version of a table."""
        table = self._access.table(name)
        if is_in_bucket(table.path):
            place = table.path
        else:
            folder = locate(name, table, self._access.root, folder=True)
            place = str(folder)
            if not (folder / "_delta_log").is_dir():
                hint = "name the folder of a Delta table, which holds _delta_log"
                raise table_error(name, table, code="E411", message="this is no Delta table", hint=hint)
        yield DeltaVersion(name, table, place)

    def close(self) -> None:
        """Nothing is open between two tables."""


class DeltaVersion:
    """One version of a table. Implements ports.TableBatches."""

    def __init__(self, name: str, table: Table, place: str) -> None:
        self._name, self._table = name, table
        try:
            import deltalake
            from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError
        except ModuleNotFoundError as error:
            raise without_library(name, table, error, "deltalake", "delta") from None
        problem = ""
        try:
            opened = deltalake.DeltaTable(place, version=table.version)
            self._check_files(place, opened)
            self._dataset: Any = opened.to_pyarrow_dataset()
        except TableNotFoundError:
            problem = "E401 there is no such table"
        except DeltaProtocolError:
            problem = "E411 the table has features that are not read, such as deletion vectors or renamed columns"
        except (DeltaError, OSError, ValueError):
            what = "the table" if table.version is None else f"version {table.version} of the table"
            problem = f"E401 {what} cannot be read"
        if problem:
            hint = "check the path, and the version; `reconciler doctor` tells what is reached from here"
            if problem.startswith("E411"):
                hint = "write it without them, or copy it as Parquet with the tool that wrote it"
            raise table_error(name, table, code=problem[:4], message=problem[5:], hint=hint)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(self._dataset.schema.names)

    @property
    def uncopied(self) -> frozenset[str]:
        """Return the columns of lists, records and bytes."""
        import pyarrow as pa

        def has_values(kind: pa.DataType) -> bool:
            return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

        return frozenset(field.name for field in self._dataset.schema if not has_values(field.type))

    def stream(self) -> ArrowStream:
        """Return the batches, file by file."""
        import pyarrow as pa

        schema = self._dataset.schema
        stream: ArrowStream = pa.RecordBatchReader.from_batches(schema, self._batches(schema))
        return stream

    def types(self) -> Mapping[str, str | None]:
        """Return nothing: each column has a type."""
        return {}

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        try:
            for fragment in sorted(self._dataset.get_fragments(), key=lambda fragment: str(fragment.path)):
                options = {"batch_readahead": 1, "fragment_readahead": 1, "use_threads": False}
                yield from fragment.to_batches(schema=schema, **options)
        except (pa.ArrowException, OSError):
            lost = True
        else:
            lost = False
        if lost:
            raise gone(self._name, self._table, "a file of the table")

    def _check_files(self, place: str, opened: Any) -> None:
        """Refuse files elsewhere, which a shallow clone has."""
        folder = str(Path(place).resolve()) if not is_in_bucket(place) else place.rstrip("/")
        for uri in opened.file_uris():
            bare = unquote(uri.removeprefix("file://"))
            if not bare.startswith(f"{folder}/") or "/../" in bare:
                raise self._elsewhere()

    def _elsewhere(self) -> DataError:
        hint = "copy the table whole: a shallow clone is not read"
        message = "a file of the table lies outside of its folder"
        return table_error(self._name, self._table, code="E302", message=message, hint=hint)


def open_source(access: SourceAccess) -> DeltaSource:
    """Open Delta tables."""
    return DeltaSource(access)
