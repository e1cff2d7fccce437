"""Every byte below a folder, also of what is packed: Parquet, zip (model files), gzip, zstd and git's objects."""

from __future__ import annotations

import gzip
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def bytes_below(*folders: Path) -> bytes:
    """All bytes of all files below these folders, packed and unpacked, and their names."""
    return b"\n".join(part for folder in folders for path in _files(folder) for part in _parts(path))


def bytes_of_git(repository: Path) -> bytes:
    """All objects of a repository: every version of every file, whatever branch it is on."""
    command = ["git", "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(command, cwd=repository, check=True, capture_output=True).stdout


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _parts(path: Path) -> Iterator[bytes]:
    body = path.read_bytes()
    yield str(path).encode()
    yield body
    if body[:4] == b"PAR1":
        yield repr(pq.read_table(path).to_pylist()).encode()
        yield repr(pq.read_schema(path)).encode()
        yield repr(pq.read_metadata(path).to_dict()).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif body[:2] == b"\x1f\x8b":
        yield gzip.decompress(body)
    elif body[:4] == b"\x28\xb5\x2f\xfd":
        with pa.input_stream(str(path), compression="zstd") as stream:
            yield stream.read()
