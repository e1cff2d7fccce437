"""Stores, targets and files of others that are larger than anything that this tool writes: told, and not read.

The files are sparse: 10 GB that take no room. A program that may map little memory reads them.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.adapters.filesystem.durable_files import FileTooLargeError, read_regular
from reconciler.adapters.filesystem.release_folder import examine, listed
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.core.artifact import object_sizes
from reconciler.core.artifact.journal import StoreMark
from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.artifact.oci_artifact import MEDIA_TYPES, MODEL_FILE, ArtifactFile
from reconciler.core.digest import digest_of_bytes
from reconciler.core.size_limits import (
    BLOB_BYTES,
    FOLDER_ENTRIES,
    GIB,
    MARK_BYTES,
    MIB,
    MODEL_BYTES,
    OBJECT_BYTES,
    RECORD_BYTES,
    RELEASE_BYTES,
)
from reconciler.engine.storage import blobs, oci_manifest
from reconciler.errors import IntegrityError, StoreError
from reconciler.testing.memory import MemoryStore
from tests.support.memory_use import in_little_memory
from tests.support.project import begin, configured

HUGE = 10 * GIB
KEYS = (
    "store.json",
    "snapshots/0.json",
    "builds/aa.json",
    "recipes/aa/0.json",
    "verifications/aa/bb.json",
    "journal/production/lateness/0.json",
    "predictions/production/lateness/0.json",
    "blobs/sha256/" + "a" * 64,
    "anything/else",
)
READ = """
import sys
from pathlib import Path
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.errors import IntegrityError
store = FilesStore(Path(sys.argv[1]))
for key in sys.argv[2:]:
    try:
        store.read(key)
    except IntegrityError as error:
        print(error.code, error.message)
"""


def sparse(path: Path, size: int = HUGE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


def test_an_object_of_10_gb_under_any_key_is_told_and_not_read(tmp_path: Path) -> None:
    for key in KEYS:
        sparse(tmp_path / "store" / key)
    said = in_little_memory(READ, str(tmp_path / "store"), *KEYS, megabytes=300).splitlines()
    assert [line.split()[:2] for line in said] == [["E612", key] for key in KEYS]
    assert all(f"has {HUGE:,} bytes in its store" in line for line in said)
    with pytest.raises(IntegrityError) as refused:
        FilesStore(tmp_path / "store").path(KEYS[-2])
    assert refused.value.code == "E612"


def test_a_size_at_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    store = FilesStore(tmp_path)
    sparse(tmp_path / "journal/p/m/0.json", RECORD_BYTES)
    sparse(tmp_path / "journal/p/m/1.json", RECORD_BYTES + 1)
    assert len(store.read("journal/p/m/0.json") or b"") == RECORD_BYTES
    with pytest.raises(IntegrityError):
        store.read("journal/p/m/1.json")


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    large = sparse(tmp_path / "large", OBJECT_BYTES + 1)
    for store in (FilesStore(tmp_path / "store"), MemoryStore(tmp_path)):
        with pytest.raises(StoreError, match="at most 4,194,304") as refused:
            store.create("journal/p/m/0.json", b"x" * (RECORD_BYTES + 1))
        assert refused.value.code == "E612"
        assert store.read("journal/p/m/0.json") is None
    with pytest.raises(StoreError, match="E612"):
        FilesStore(tmp_path / "store").create("blobs/sha256/aa", large)
    assert not (tmp_path / "store").exists()


def test_each_kind_of_object_has_a_limit_and_records_have_the_smallest() -> None:
    assert object_sizes.largest("store.json") == MARK_BYTES
    assert object_sizes.largest("journal/e/m/0.json") == object_sizes.largest("x") == RECORD_BYTES
    assert object_sizes.largest(f"blobs/sha256/{'a' * 64}") == BLOB_BYTES < OBJECT_BYTES


def test_a_store_full_of_objects_is_not_listed_without_end(tmp_path: Path) -> None:
    for n in range(21):
        sparse(tmp_path / f"journal/p/m/{n}.json", 1)
    with pytest.raises(IntegrityError) as refused:
        list(FilesStore(tmp_path, most=20).keys("journal/p/m/"))
    assert refused.value.code == "E612"
    assert len(list(FilesStore(tmp_path, most=21).keys("journal/p/m/"))) == 21
    with pytest.raises(IntegrityError, match="more than 1,000,000 objects or folders below a/"):
        object_sizes.listed(itertools.repeat("a/b"), "a/")


def test_commands_tell_a_store_with_a_huge_entry_by_exit_6(tmp_path: Path) -> None:
    project = begin(configured(tmp_path / "project"))
    store = project.root / ".reconciler/production"
    sparse(store / "journal/production/lateness/0.json")
    (store / "store.json").write_bytes(codec.encode(StoreMark(project="books", environment="production")))
    assert "E612" in project.run("status", "production", code=None).out
    for arguments in (("plan", "production"), ("audit",)):
        ran = project.run(*arguments, code=6)
        assert "E612" in ran.out + ran.err, arguments
        assert "restore it from a backup" in ran.out + ran.err, arguments


# --- targets ---------------------------------------------------------------------------------------------------------


def test_a_huge_pointer_or_release_counts_as_damaged_and_a_huge_mark_as_another_owners(tmp_path: Path) -> None:
    target = DirectoryTarget(tmp_path, project="p", environment="e")
    sparse(tmp_path / "m/current")
    (seen,) = target.observe(["m"])
    assert seen.drift is DriftType.UNREADABLE
    digest = digest_of_bytes(b"x")
    release = sparse(tmp_path / "release/manifest.json").parent
    assert examine(str(release), listed(str(release)), digest).wrong == ("manifest.json",)
    sparse(tmp_path / "owner.json")
    with pytest.raises(IntegrityError) as refused:
        target.observe(["m"])
    assert refused.value.code == "E612"


def test_a_folder_of_very_many_files_is_not_listed_whole(tmp_path: Path) -> None:
    """A release has seven files: of very many, enough are looked at to tell that it has others."""
    release = tmp_path / "release"
    release.mkdir()
    for number in range(FOLDER_ENTRIES + 500):
        (release / f"{number:0200}").touch()
    if release.stat().st_size < MIB:
        pytest.skip("the size of a folder says nothing about its entries here")
    assert len(listed(str(release))) == FOLDER_ENTRIES + 1


# --- artifacts -------------------------------------------------------------------------------------------------------


def declared(sizes: dict[str, int]) -> bytes:
    files = tuple(
        ArtifactFile(path=path, media_type=kind, digest=digest_of_bytes(path.encode()), size=sizes.get(path, 5))
        for path, kind in sorted(MEDIA_TYPES.items())
    )
    return oci_manifest.manifest_of(b"config", files)


def test_an_artifact_is_refused_by_the_sizes_that_it_declares(tmp_path: Path) -> None:
    assert oci_manifest.parse(declared({MODEL_FILE: MODEL_BYTES}))
    for path, size in (
        (MODEL_FILE, MODEL_BYTES + 1),
        ("schema.json", BLOB_BYTES + 1),
        ("probe.json", 0),
        (MODEL_FILE, -1),
    ):
        with pytest.raises(IntegrityError, match=rf"declares {size:,} bytes of {path}") as refused:
            oci_manifest.parse(declared({path: size}))
        assert refused.value.code == "E612"
    with pytest.raises(IntegrityError, match=f"at most {RELEASE_BYTES:,}"):
        oci_manifest.parse(b"[" * (RELEASE_BYTES + 1))
    store = FilesStore(tmp_path)
    artifact = oci_manifest.parse(declared({}))
    for file in (*artifact.files, artifact.config):
        sparse(tmp_path / "blobs/sha256" / file.digest.removeprefix("sha256:"), 5 * GIB)  # hashing takes many seconds
    with pytest.raises(IntegrityError, match="damaged"):
        blobs.release(store, artifact)


# --- files of others -------------------------------------------------------------------------------------------------


def test_a_file_that_grows_while_it_is_read_is_left_at_the_limit(tmp_path: Path) -> None:
    path = sparse(tmp_path / "file", 11)
    assert len(read_regular(path, 11)) == 11
    with pytest.raises(FileTooLargeError, match="has 11 bytes; at most 10 are read"):
        read_regular(path, 10)
    with pytest.raises(FileTooLargeError):
        read_regular("/proc/self/maps", 100)  # of no size, until it is read


def test_a_plan_file_and_a_plan_comment_are_measured_first(tmp_path: Path) -> None:
    project = begin(configured(tmp_path / "project"))
    for arguments in (("apply", "sandbox", "--yes", "--plan"), ("plan", "sandbox", "--comment", "--read")):
        ran = project.run(*arguments, str(sparse(tmp_path / "plan.json")), code=6)
        assert "E703" in ran.err
        assert "too large" in ran.err


def test_a_large_document_is_decoded_and_not_kept() -> None:
    """Else a thousand journal entries of a megabyte stay in memory."""
    body = codec.encode(StoreMark(project="p" * 100_000, environment="e"))
    before = codec._kept.cache_info().currsize
    assert codec.decode(StoreMark, body, what="a mark").project == "p" * 100_000
    assert codec._kept.cache_info().currsize == before
    assert json.loads(body)["environment"] == "e"
