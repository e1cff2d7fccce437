"""What counts as unchanged: a path is believed only while nothing about it differs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.caches import file_fingerprints
from reconciler.adapters.caches.file_fingerprints import FileFingerprints, same, signature
from reconciler.adapters.filesystem.durable_files import listed


def aged() -> FileFingerprints:
    """Fingerprints for which everything on disk is old."""
    return FileFingerprints(started=2**62)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "release"
    made.mkdir()
    (made / "model").write_bytes(b"12345")
    (made / "recipe").write_bytes(b"{}")
    return made


def fingerprint_of(folder: Path) -> tuple[str, tuple[str, ...]]:
    seen = aged()
    seen.saw_folder(str(folder), listed(str(folder)))
    seen.saw(str(folder / "model"))
    said = seen.signature("")
    assert said is not None
    return said, seen.paths("")


def holds(fingerprint: tuple[str, tuple[str, ...]]) -> bool:
    return signature("", fingerprint[1]) == fingerprint[0]


def change_a_byte(folder: Path) -> None:
    times = (folder / "model").stat()
    (folder / "model").write_bytes(b"12x45")
    os.utime(folder / "model", ns=(times.st_atime_ns, times.st_mtime_ns))


def replace(folder: Path) -> None:
    (folder / "other").write_bytes(b"12345")
    (folder / "other").replace(folder / "model")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte, with its old time": change_a_byte,
    "another file of the same bytes": replace,
    "a file more": lambda folder: (folder / "extra").touch(),
    "a file less": lambda folder: (folder / "recipe").unlink(),
    "other rights": lambda folder: (folder / "model").chmod(0o600),
    "longer": lambda folder: (folder / "model").write_bytes(b"123456"),
    "a link instead": lambda folder: ((folder / "recipe").unlink(), (folder / "recipe").symlink_to("model")),
    "no folder": lambda folder: folder.rename(folder.with_name("gone")),
}


def test_what_nobody_touched_is_the_same(folder: Path) -> None:
    fingerprint = fingerprint_of(folder)
    assert holds(fingerprint)
    (folder / "model").read_bytes()
    assert holds(fingerprint)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_noticed(folder: Path, change: Callable[[Path], object]) -> None:
    fingerprint = fingerprint_of(folder)
    change(folder)
    assert not holds(fingerprint)


def test_what_is_not_there_has_a_fingerprint_until_it_comes(folder: Path) -> None:
    seen = aged()
    seen.saw(str(folder / "next"))
    fingerprint = (seen.signature("") or "", seen.paths(""))
    assert holds(fingerprint)
    (folder / "next").touch()
    assert not holds(fingerprint)


@pytest.mark.parametrize("order", [("", "next"), ("next", "")], ids=["folder first", "folder last"])
def test_in_a_folder_that_is_watched_what_is_not_there_needs_no_look_of_its_own(
    folder: Path, order: tuple[str, str]
) -> None:
    seen = aged()
    for name in order:
        seen.saw(str(folder / name))
    fingerprint = (seen.signature("") or "", seen.paths(""))
    assert fingerprint[1] == (str(folder),)
    (folder / "next").touch()
    assert not holds(fingerprint)


def test_in_a_missing_folder_what_is_not_there_needs_no_look_of_its_own(folder: Path) -> None:
    seen = aged()
    seen.saw(str(folder / "inner" / "next"))
    seen.saw(str(folder / "inner"))
    fingerprint = (seen.signature("") or "", seen.paths(""))
    assert fingerprint[1] == (str(folder / "inner"),)
    (folder / "inner").mkdir()
    assert not holds(fingerprint)


@pytest.mark.parametrize(("part", "step"), [(0, 2 * 10**9), (1, 10**8)], ids=["whole seconds", "parts of a second"])
def test_what_was_touched_within_one_step_of_the_file_systems_clock_is_not_believed(part: int, step: int) -> None:
    """Times in whole seconds are those of file systems that count in steps of up to two; others count in ticks."""
    changed = 1_700_000_000 * 10**9 + part
    status = os.stat_result((0o100644, 1, 1, 1, 0, 0, 5, 0, 0, 0, 0.0, 0.0, 0.0, 0, changed, changed))
    assert (status.st_mtime_ns, status.st_ctime_ns) == (changed, changed)
    for started, believed in ((changed + step, True), (changed + step - 1, False)):
        seen = FileFingerprints(started=started)
        seen.saw_folder("/somewhere", {"": status, "model": status})
        assert (seen.signature("") is not None) is believed


def test_subjects_are_apart(folder: Path) -> None:
    seen = aged()
    seen.about("one")
    seen.saw(str(folder / "model"))
    seen.about("two")
    seen.saw(str(folder / "recipe"))
    assert (seen.paths("one"), seen.paths("two")) == ((str(folder / "model"),), (str(folder / "recipe"),))


def test_many_fingerprints_are_partitioned_and_answered_in_order(tmp_path: Path) -> None:
    fingerprints = []
    for number in range(file_fingerprints.MANY + 10):
        path = tmp_path / str(number)
        path.write_bytes(b"x")
        seen = aged()
        seen.saw(str(path))
        fingerprints.append((seen.signature("") or "", seen.paths("")))
    assert same("", fingerprints) == [True] * len(fingerprints)
    broken = {0, 1, file_fingerprints.MANY // 2, file_fingerprints.MANY + 9}
    for number in broken:
        (tmp_path / str(number)).unlink()
    expected = [number not in broken for number in range(len(fingerprints))]
    assert same("", fingerprints) == expected
    done: list[int] = []
    assert same("", fingerprints, besides=lambda: done.append(os.getpid())) == expected
    assert done == [os.getpid()] * (file_fingerprints.fork_map.count() > 1)


@given(count=st.integers(1, 20_000), shares=st.integers(1, 5), less=st.integers(0, 5_000))
def test_shares_take_every_claim_once(count: int, shares: int, less: int) -> None:
    bounds = file_fingerprints._bounds(count, shares, less=less)
    assert len(bounds) == shares + 1
    assert bounds == sorted(bounds)
    assert (bounds[0], bounds[-1]) == (0, count)


ELSEWHERE = "\0production.store\0a"


def test_what_is_on_no_disk_is_the_same_while_its_state_is(folder: Path) -> None:
    seen = aged()
    seen.saw(str(folder / "model"))
    seen.saw_state(ELSEWHERE, "5 tag")
    claim = (seen.signature("") or "", seen.paths(""))
    for states, unchanged in (
        ({ELSEWHERE: "5 tag"}, True),
        ({ELSEWHERE: "5 other"}, False),
        ({"\0production.store\0b": "5 tag"}, False),
        ({}, False),
    ):
        assert (signature("", claim[1], states) == claim[0]) is unchanged
        assert same("", [claim], states=states) == [unchanged]


def test_what_changed_while_it_was_read_or_has_no_state_is_not_believed() -> None:
    for states in (("5 tag", "5 other"), ("5 tag", None), (None,), (None, "5 tag")):
        seen = aged()
        for state in states:
            seen.saw_state(ELSEWHERE, state)
        assert seen.signature("") is None, states
    seen = aged()
    seen.saw_state(ELSEWHERE, "5 tag")
    seen.saw_state(ELSEWHERE, "5 tag")
    assert seen.signature("") is not None


def test_what_a_thread_reads_is_of_the_subject_that_it_named() -> None:
    seen, together = aged(), threading.Barrier(2, timeout=60)

    def read(name: str) -> None:
        seen.about(name)
        together.wait()
        seen.saw_state(f"\0production.store\0{name}", "5 tag")

    threads = [threading.Thread(target=read, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seen.paths(name) for name in ("one", "two", "")] == [
        ("\0production.store\0one",),
        ("\0production.store\0two",),
        (),
    ]
