"""Read the files of a table in a bucket (obstore): S3, Google Cloud Storage, Azure.

Takes: an address such as s3://bucket/invoices/*.parquet, and the operator's environment. Gives: files that are read in
parts, or copied to the scratch folder where a reader needs one. Keeps true: objects are listed before and afterwards,
with size and version; the address to connect to and the credentials are never the manifest's.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from reconciler.adapters.object_storage.clients import reading_client
from reconciler.adapters.sources.file_names import chosen, is_pattern, partitions
from reconciler.adapters.sources.source_errors import gone, refused, unreachable, without_library
from reconciler.core.size_limits import TABLE_BYTES, TABLE_FILES
from reconciler.core.spec.data import BUCKETS, GLOB, Table
from reconciler.core.spec.table_error import table_error
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import DataError, UsageError
from reconciler.ports import TableFiles

T = TypeVar("T")
_PART = 8 * 1024**2  # bytes of one request
_LISTED = 20 * TABLE_FILES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    """An object of a listing: what tells it from what it becomes by a write."""

    size: int
    tag: str | None
    version: str | None
    modified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketFile:
    """Implements ports.SourceFile: an object of a bucket."""

    bucket: _Bucket
    key: str
    size: int
    name: str
    partition: tuple[tuple[str, str | None], ...]
    scratch: Path

    def open(self) -> BinaryIO:
        """Open the object; each part is fetched when it is read."""
        if self.size > TABLE_BYTES:
            message = f"the file has {self.size:,} bytes; at most {TABLE_BYTES:,} are read"
            raise self.bucket.error("E419", message, "split the table", self.name)
        return cast("BinaryIO", io.BufferedReader(_Parts(self), _PART))

    def local(self) -> Path:
        """Copy the object to the scratch folder, where only this user can read it."""
        self.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.scratch / f"{len(list(self.scratch.iterdir()))}.part"
        with self.open() as source, path.open("xb") as target:
            shutil.copyfileobj(source, target, _PART)
        return path


class _Parts(io.RawIOBase):
    """An object as a stream that can be sought in."""

    def __init__(self, file: BucketFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        wanted = min(len(buffer), self._file.size - self._at)
        if wanted <= 0:
            return 0
        part = self._file.bucket.part(self._file.key, self._at, wanted)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class _Bucket:
    """The bucket of one table. Its errors name no address but the manifest's."""

    def __init__(self, name: str, table: Table) -> None:
        self._name, self._table = name, table
        scheme = next(scheme for scheme in BUCKETS if table.path.startswith(scheme))
        bucket, _, self.path = table.path.removeprefix(scheme).partition("/")
        self.lead = f"{scheme}{bucket}/"
        uses = BUCKETS[scheme]
        settings = (("container" if uses == "azure" else "bucket", bucket),)
        try:
            self._client = reading_client(StorageLocation(uses=uses, settings=settings))
        except ModuleNotFoundError as error:
            raise without_library(name, table, error, "obstore", "stores") from None
        except UsageError as error:
            raise self.error(error.code or "E607", error.message, error.hint) from None

    def list(self) -> dict[str, _Object]:
        """Return the objects that the path may mean, by key."""
        from obstore import exceptions

        path = self.path.rstrip("/")
        if not is_pattern(path):
            missing: tuple[type[BaseException], ...] = (FileNotFoundError, exceptions.NotFoundError)
            meta = self._ask(lambda: self._client.head(path), absent=missing)
            if meta is not None:
                return {path: _object(meta)}
        prefix = path
        if match := GLOB.search(path):
            prefix = path[: match.start()].rpartition("/")[0]
        found: dict[str, _Object] = {}
        stream = self._ask(lambda: iter(self._client.list(prefix or None)))
        while (batch := self._ask(lambda: next(stream, None))) is not None:
            found |= {meta["path"]: _object(meta) for meta in batch}
            if len(found) > _LISTED:
                message = f"more than {_LISTED:,} objects lie below {self.lead}{prefix}"
                raise self.error("E419", message, "name a folder further below")
        return found

    def part(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object."""
        return bytes(self._ask(lambda: self._client.get_range(key, start=start, length=length), reading=True))

    def error(self, code: str, message: str, hint: str | None = None, file: str | None = None) -> DataError:
        """Return an error of the table."""
        return table_error(self._name, self._table, code=code, message=message, hint=hint, file=file)

    def _ask(
        self, question: Callable[[], T], *, absent: tuple[type[BaseException], ...] = (), reading: bool = False
    ) -> Any:
        """Return the answer of the bucket; None where it says that there is none, and that is an answer."""
        from obstore import exceptions

        try:
            return question()
        except (exceptions.BaseError, OSError) as error:
            kind: type[BaseException] = type(error)
        if issubclass(kind, absent):
            return None
        if issubclass(kind, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError)):
            return self._raise(refused(self._name, self._table, "the bucket refuses access"))
        if issubclass(kind, (exceptions.NotFoundError, FileNotFoundError)):
            hint = "check the bucket and the path"
            return self._raise(self.error("E401", "there is no such bucket or file", hint))
        return self._raise(
            gone(self._name, self._table, "the bucket")
            if reading
            else unreachable(self._name, self._table, "the bucket")
        )

    @staticmethod
    def _raise(error: DataError) -> None:
        raise error


@contextmanager
def files_in_bucket(name: str, table: Table, scratch: Path) -> Iterator[TableFiles]:
    """Open the files of a table, and list them again at the end. Raises DataError E401, E403, E409, E431, E432."""
    bucket = _Bucket(name, table)
    before = bucket.list()
    path = bucket.path.rstrip("/")
    is_file = path in before
    keys = [path] if is_file else chosen(name, table, path, before)
    start = path if not is_pattern(path) else replace(table, path=path).folder
    columns = partitions(name, table, keys, path if is_file else start)
    folder = scratch / name
    files = tuple(
        BucketFile(
            bucket=bucket,
            key=key,
            size=before[key].size,
            name=bucket.lead + key,
            partition=columns[key],
            scratch=folder,
        )
        for key in keys
    )
    try:
        yield TableFiles(files=files)
        now = bucket.list()
        again = [path] if path in now else chosen(name, table, path, now)
        for key in sorted({*keys, *again}):
            if before.get(key) != now.get(key):
                hint = "run the command again when its writer is done"
                message = "a file came, went or was changed while the table was read"
                raise bucket.error("E409", message, hint, bucket.lead + key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _object(meta: Any) -> _Object:
    tag, version = meta.get("e_tag"), meta.get("version")
    return _Object(size=meta["size"], tag=tag, version=version, modified=str(meta["last_modified"]))
