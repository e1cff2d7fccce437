"""Objects of a bucket that are larger than ours: told by their size, before a byte of them comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from obstore.store import LocalStore

from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.clients import Clients
from reconciler.adapters.object_storage.store import BucketStore
from reconciler.adapters.object_storage.target import BucketTarget
from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.digest import hex_of
from reconciler.core.size_limits import GIB, MARK_BYTES, RECORD_BYTES
from reconciler.errors import IntegrityError, StoreError, TargetError
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, release
from tests.support.memory_use import in_little_memory

HUGE = 10 * GIB
READ = """
import sys
from pathlib import Path
from obstore.store import LocalStore
from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.clients import Clients
from reconciler.adapters.object_storage.store import BucketStore
from reconciler.errors import IntegrityError
inside = LocalStore(sys.argv[1])
store = BucketStore(Bucket(Clients.of(inside), "a bucket"), Path(sys.argv[2]))
for read, key in ((store.read, sys.argv[3]), (store.read, sys.argv[4]), (store.path, sys.argv[4])):
    try:
        read(key)
    except IntegrityError as error:
        print(error.code, error.message)
"""
RECORD, BLOB = "journal/e/m/0.json", "blobs/sha256/" + "a" * 64


def sparse(path: Path, size: int = HUGE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(size)


def bucket(folder: Path, kind: type[StoreError] | type[TargetError] = StoreError) -> Bucket:
    folder.mkdir(exist_ok=True)
    inside = LocalStore(folder)
    return Bucket(Clients.of(inside), "a bucket", kind=kind)


def test_an_object_of_10_gb_is_told_and_neither_read_nor_downloaded(tmp_path: Path) -> None:
    for key in (RECORD, BLOB):
        sparse(tmp_path / "bucket" / key)
    said = in_little_memory(
        READ, str(tmp_path / "bucket"), str(tmp_path / "copies"), RECORD, BLOB, megabytes=1500
    ).splitlines()
    assert [line.partition(" has ")[0] for line in said] == [f"E612 {RECORD}", f"E612 {BLOB}", f"E612 {BLOB}"]
    assert not (tmp_path / "copies").exists()


def test_what_could_not_be_read_back_is_not_sent(tmp_path: Path) -> None:
    store = BucketStore(bucket(tmp_path / "bucket"), tmp_path / "copies")
    with pytest.raises(StoreError) as refused:
        store.create(RECORD, b"x" * (RECORD_BYTES + 1))
    assert refused.value.code == "E612"
    assert list((tmp_path / "bucket").iterdir()) == []


def test_huge_files_of_a_target_count_as_what_they_are_with_other_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    target = BucketTarget(bucket(folder, TargetError), tmp_path / "releases", project=PROJECT, environment=ENVIRONMENT)
    sparse(folder / "m/current", MARK_BYTES + 1)
    (seen,) = target.observe(["m"])
    assert seen.drift is DriftType.UNREADABLE
    with release(b"one") as (artifact, files):
        (folder / "m/current").unlink()
        start = folder / "m/releases" / hex_of(artifact)
        for name, path in files.items():
            start.mkdir(parents=True, exist_ok=True)
            (start / name).write_bytes(path.read_bytes())
        key = f"m/releases/{hex_of(artifact)}"
        assert target._differing(key, artifact) == ()
        sparse(start / "model.skops")
        assert target._differing(key, artifact) == ("model.skops",), "by its size: hashing takes many seconds"
        sparse(start / "manifest.json")
        assert target._differing(key, artifact) == ("manifest.json",)
    sparse(folder / "owner.json")
    with pytest.raises(IntegrityError) as refused:
        target.observe(["m"])
    assert refused.value.code == "E612"
