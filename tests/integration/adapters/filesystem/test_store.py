"""The files store on a real disk: races, a disk that is full or fails, kills at every durable call, odd roots."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.filesystem.durable_files import ABANDONED
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.errors import IntegrityError, StoreError
from tests.support.traced import Traced

RACE = """
import sys
from pathlib import Path
from reconciler.adapters.filesystem.store import FilesStore
store, name = FilesStore(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for n in range(50):
    if store.create(f"journal/e/m/{n}.json", f"{name} wrote {n}".encode() * 500):
        print(n)
"""


@pytest.mark.soak(only=True)
def test_of_eight_processes_that_race_for_a_key_fifty_times_one_wins_each_time(tmp_path: Path) -> None:
    store = FilesStore(tmp_path / "store")
    racers = [
        subprocess.Popen(
            [sys.executable, "-B", "-P", "-c", RACE, str(store.root), f"racer-{i}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(8)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    wins = [(i, int(line)) for i, racer in enumerate(racers) for line in racer.communicate(timeout=60)[0].split()]
    assert all(racer.returncode == 0 for racer in racers)
    assert sorted(n for _, n in wins) == list(range(50))
    for i, n in wins:
        assert store.read(f"journal/e/m/{n}.json") == f"racer-{i} wrote {n}".encode() * 500
    assert not list(tmp_path.rglob(".tmp-*"))


WRITERS = "tests.integration.adapters.filesystem.writers"


@pytest.fixture(scope="module")
def traced() -> Iterator[Traced]:
    with Traced(WRITERS) as traced:
        yield traced


@pytest.mark.needs("strace")
@pytest.mark.parametrize("calls", ["fsync", "link,linkat", "unlink,unlinkat", "mkdir,mkdirat"])
def test_a_create_killed_at_any_durable_call_leaves_nothing_or_all(calls: str, traced: Traced, tmp_path: Path) -> None:
    log = tmp_path / "log"
    traced.run("create", str(tmp_path / "counted"), log=log, options=("-e", f"trace={calls}"))
    count = len(re.findall(r"^\d+ +\w+\(", log.read_text(), re.MULTILINE))
    assert count
    for index in range(1, count + 1):
        root = tmp_path / str(index)
        options = ("-e", f"trace={calls}", "-e", f"inject={calls}:signal=SIGKILL:when={index}")
        code, _ = traced.run("create", str(root), log=log, options=options)
        assert code == -signal.SIGKILL
        store = FilesStore(root)
        found = store.read("blobs/sha256/abc")
        assert found in (None, b"whole" * 1000)
        assert list(store.keys("")) == ([] if found is None else ["blobs/sha256/abc"])
        assert store.create("blobs/sha256/abc", b"whole" * 1000) is (found is None)
        assert store.read("blobs/sha256/abc") == b"whole" * 1000


@pytest.mark.needs("strace")
def test_a_failed_fsync_is_final_and_nothing_gets_its_name(traced: Traced, tmp_path: Path) -> None:
    root = tmp_path / "store"
    FilesStore(root).create("blobs/sha256/other", b"x")  # so that the folders are there
    inject = "inject=fsync:error=EIO"
    options = ("-e", "trace=fsync,openat,link,linkat", "-e", inject + ":when=5+")
    _, said = traced.run("create", str(root), log=tmp_path / "log", options=options)
    log = (tmp_path / "log").read_text()
    failed = re.findall(r"fsync\((\d+)\) += -1 EIO", log)
    assert len(failed) == 1, "forced once, and never again"
    assert "link" not in log.replace("linkat", "link").split("EIO", 1)[1]
    assert said.startswith("E608 ")
    assert FilesStore(root).read("blobs/sha256/abc") is None
    assert not list(root.rglob(".tmp-*"))


def test_a_disk_that_is_full_is_told_with_the_path_and_the_bytes_needed(tmp_path: Path) -> None:
    root = tmp_path / "store"
    command = [sys.executable, "-B", "-P", "-m", WRITERS, "create", str(root)]
    ran = subprocess.run(
        command,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith(f"E608 E608 cannot write {root}/blobs/sha256/abc: ")
    assert "(5,000 bytes needed)" in ran.stdout
    assert FilesStore(root).read("blobs/sha256/abc") is None
    assert not list(root.rglob(".tmp-*"))


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_no_umask_lets_the_world_write_and_a_strict_one_is_kept(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        store = FilesStore(tmp_path / "new" / "store")
        store.create("a/b", b"x")
    finally:
        os.umask(before)
    for path in [tmp_path / "new", *(tmp_path / "new").rglob("*")]:
        mode = path.stat().st_mode & 0o777
        assert mode & 0o022 == 0, f"{path}: {mode:o}"
        assert mode & mask == 0, f"{path}: {mode:o}"
    assert (store.root / "a" / "b").stat().st_mode & 0o222 == 0


def test_a_root_that_is_a_link_or_open_to_everybody_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    FilesStore(real).create("a", b"x")
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name in ("link", "file", "open"):
        store = FilesStore(tmp_path / name)
        for attempt in (
            lambda store=store: store.create("b", b"y"),
            lambda store=store: store.read("a"),
            lambda store=store: store.path("a"),
            lambda store=store: list(store.keys("")),
        ):
            with pytest.raises(StoreError) as refused:
                attempt()
            assert refused.value.code == "E607"
    assert [one.name for one in real.iterdir()] == ["a"]


def test_what_is_no_plain_file_is_an_integrity_error_and_never_an_object(tmp_path: Path) -> None:
    store = FilesStore(tmp_path / "store")
    store.create("whole", b"x")
    (store.root / "linked").symlink_to(store.root / "whole")
    (store.root / "dangling").symlink_to(store.root / "nowhere")
    (store.root / "folder").mkdir()
    os.mkfifo(store.root / "pipe")
    (store.root / "empty").touch()
    for key in ("linked", "dangling", "folder", "pipe", "empty"):
        for look in (store.read, store.path):
            with pytest.raises(IntegrityError) as refused:
                look(key)
            assert refused.value.code == "E604", key
        if key != "folder":
            assert store.create(key, b"y") is False, "what is there is not overwritten"


def test_a_file_where_a_folder_is_due_is_never_read_as_nothing(tmp_path: Path) -> None:
    store = FilesStore(tmp_path / "store")
    store.create("journal", b"x")
    for attempt in (lambda: store.read("journal/e/m/0.json"), lambda: store.create("journal/e/m/0.json", b"y")):
        with pytest.raises((StoreError, IntegrityError)):
            attempt()


def test_temporary_files_of_the_dead_are_swept_and_those_of_the_living_kept(tmp_path: Path) -> None:
    store = FilesStore(tmp_path / "store")
    store.create("a/b", b"x")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    old, young, living = (
        store.root / "a" / f".tmp-{pid}-{digit * 32}" for pid, digit in ((gone.pid, "0"), (gone.pid, "1"), (1, "2"))
    )
    for path in (old, young, living):
        path.write_bytes(b"half")
    for path in (old, living):
        os.utime(path, (time.time() - ABANDONED - 60,) * 2)
    assert list(store.keys("")) == ["a/b"]
    FilesStore(store.root).create("a/c", b"y")
    assert (old.exists(), young.exists(), living.exists()) == (False, True, True)


def test_a_body_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        FilesStore(tmp_path / "store").create("a", tmp_path / "absent")


@pytest.mark.parametrize("swapped", ["own", "own/store", "own/store/a", "own/store/a/b"])
def test_a_link_that_appears_after_the_store_was_opened_leads_no_write_anywhere(tmp_path: Path, swapped: str) -> None:
    store = FilesStore(tmp_path / "own/store")
    store.create("a/b/first", b"x")
    evil = tmp_path / "evil"
    shutil.copytree(tmp_path / swapped, evil)
    (tmp_path / swapped).rename(tmp_path / "moved")
    (tmp_path / swapped).symlink_to(evil)
    before = sorted(evil.rglob("*"))
    with pytest.raises(StoreError) as refused:
        store.create("a/b/second", b"y")
    assert refused.value.code == "E607"
    assert str(tmp_path / swapped) in refused.value.message
    assert sorted(evil.rglob("*")) == before


def test_a_link_above_the_store_that_was_there_when_it_was_opened_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "own").symlink_to("disk")
    assert FilesStore(tmp_path / "own/store").create("a", b"x")
    assert (tmp_path / "disk/store/a").read_bytes() == b"x"


def test_folders_above_a_store_need_only_be_passed_through(tmp_path: Path) -> None:
    (tmp_path / "shut/inner").mkdir(parents=True)
    (tmp_path / "shut").chmod(0o311)
    try:
        assert FilesStore(tmp_path / "shut/inner/store").create("a", b"x")
    finally:
        (tmp_path / "shut").chmod(0o755)
