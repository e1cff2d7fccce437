"""Numbered series on a store that fails, repeats itself or shows stale listings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.storage import numbered_log
from reconciler.errors import AmbiguousWriteError, ConflictError, IntegrityError, StoreError
from reconciler.testing.fault_injection import Fault, FaultyStore, at
from reconciler.testing.memory import MemoryStore


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path)


def fill(store: MemoryStore, count: int) -> None:
    for n in range(count):
        store.create(f"s/{n}.json", f"body {n}".encode())


def never(_: bytes) -> bool:
    return False


def test_an_empty_series_has_no_last_member(store: MemoryStore) -> None:
    assert numbered_log.last(store, "s") is None


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 101])
def test_the_last_member_is_found_by_number_not_by_name(store: MemoryStore, count: int) -> None:
    fill(store, count)
    assert numbered_log.last(store, "s") == (count - 1, f"body {count - 1}".encode())


def test_names_that_are_no_numbers_do_not_count(store: MemoryStore) -> None:
    fill(store, 2)
    for name in ("07.json", "7.txt", "x.json", "7.json.bak"):
        store.create(f"s/{name}", b"x")
    store.create("st/9.json", b"of another series")
    assert numbered_log.last(store, "s") == (1, b"body 1")


@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_a_listing_without_the_newest_members_misses_none(store: MemoryStore, hidden: int) -> None:
    class Stale(MemoryStore):
        def keys(self, prefix: str) -> Iterator[str]:
            return iter([f"s/{n}.json" for n in range(5 - hidden)])

    stale = Stale(Path())
    stale.objects = {f"s/{n}.json": f"body {n}".encode() for n in range(5)}
    assert numbered_log.last(stale, "s") == (4, b"body 4")


@pytest.mark.parametrize("gone", [0, 1, 3])
def test_a_gap_is_an_integrity_error_that_names_it(store: MemoryStore, gone: int) -> None:
    fill(store, 5)
    del store.objects[f"s/{gone}.json"]
    with pytest.raises(IntegrityError, match=rf"s/{gone}\.json is missing") as caught:
        numbered_log.last(store, "s")
    assert caught.value.code == "E603"
    assert caught.value.hint


def test_an_empty_member_is_an_integrity_error_and_never_a_shorter_series(store: MemoryStore) -> None:
    fill(store, 3)
    store.objects["s/2.json"] = b""
    with pytest.raises(IntegrityError, match="empty"):
        numbered_log.last(store, "s")


def test_appending_where_somebody_was_first_is_a_conflict(store: MemoryStore) -> None:
    fill(store, 1)
    with pytest.raises(ConflictError, match="another process") as caught:
        numbered_log.append(store, "s", 0, b"mine", ours=never)
    assert status_of(caught.value) is ResultStatus.CONFLICT
    assert store.objects["s/0.json"] == b"body 0"


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.DONE_UNANSWERED])
def test_an_unanswered_append_is_read_back_and_done_once(store: MemoryStore, fault: Fault) -> None:
    numbered_log.append(FaultyStore(store, at(0, fault)), "s", 0, b"mine", ours=b"mine".__eq__)
    assert store.objects == {"s/0.json": b"mine"}


def test_an_unanswered_append_that_somebody_else_won_is_a_conflict(store: MemoryStore) -> None:
    class Raced(MemoryStore):
        """Does not answer, and has taken another's entry by then."""

        def create(self, key: str, body: bytes | Path) -> bool:
            self.objects.setdefault(key, b"theirs")
            raise AmbiguousWriteError("no answer")

    with pytest.raises(ConflictError):
        numbered_log.append(Raced(Path()), "s", 0, b"mine", ours=b"mine".__eq__)


def test_a_store_that_never_answers_is_given_up_with_a_remedy(store: MemoryStore) -> None:
    silent = FaultyStore(store, lambda _: Fault.UNANSWERED)
    with pytest.raises(AmbiguousWriteError, match="4 times") as caught:
        numbered_log.append(silent, "s", 0, b"mine", ours=never)
    assert caught.value.hint
    with pytest.raises(AmbiguousWriteError, match="4 times"):
        numbered_log.create_or_read(silent, "k", b"mine")
    assert store.objects == {}


def test_the_first_writer_wins_and_the_others_adopt_it(store: MemoryStore) -> None:
    assert numbered_log.create_or_read(store, "k", b"first") == b"first"
    assert numbered_log.create_or_read(store, "k", b"second") == b"first"


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.DONE_UNANSWERED])
def test_an_unanswered_first_write_is_ours(store: MemoryStore, fault: Fault) -> None:
    assert numbered_log.create_or_read(FaultyStore(store, at(0, fault)), "k", b"mine") == b"mine"


def test_pushing_takes_the_next_free_number_whoever_comes_between(store: MemoryStore) -> None:
    class Busy(MemoryStore):
        """Somebody else takes the first two numbers just before us."""

        def create(self, key: str, body: bytes | Path) -> bool:
            if key in ("s/0.json", "s/1.json"):
                self.objects.setdefault(key, b"theirs")
            return super().create(key, body)

    busy = Busy(Path())
    assert numbered_log.append_next(busy, "s", b"mine") == 2
    assert busy.objects["s/2.json"] == b"mine"


def test_a_store_error_is_not_taken_for_absence(store: MemoryStore) -> None:
    class Deaf(MemoryStore):
        def read(self, key: str) -> bytes | None:
            raise StoreError(f"cannot read {key}")

    with pytest.raises(StoreError):
        numbered_log.last(Deaf(Path()), "s")
