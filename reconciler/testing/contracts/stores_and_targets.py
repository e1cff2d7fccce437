"""What every store and target must do, as classes to subclass: our fakes and our adapters pass them, and so must yours.

    class TestMyStore(StoreContract):
        def make(self) -> Store:
            return MyStore(...)          # fresh and empty, at each call

Each method is one claim and works on its own `make()`. They raise AssertionError, and need no test framework. Sources
and proposers: `contracts_git`.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.oci_artifact import MEDIA_TYPES
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.engine.storage import oci_manifest
from reconciler.errors import ConflictError, ReconcilerError, StoreError
from reconciler.ports import BlobRemoval, EntryKeeping, PointerWatch, Store, Target, WriteTimes

PROJECT, ENVIRONMENT = "sample", "production"
NO_KEYS = (
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    ".a",
    "a b",
    "a\\b",
    "a\n",
    "a%2fb",
    "ä",
    "a" * 1025,
)


def expect(claim: object, what: str = "") -> None:
    if not claim:
        raise AssertionError(what or "the claim does not hold")


@contextmanager
def refused(kind: type[ReconcilerError], code: str | None = None) -> Iterator[None]:
    """The block raises `kind` with this code."""
    try:
        yield
    except kind as error:
        expect(code in (None, error.code), f"expected code {code}, found {error.code}: {error.message}")
        return
    raise AssertionError(f"expected {kind.__name__}, nothing was raised")


class StoreContract(ABC):
    @abstractmethod
    def make(self) -> Store:
        """A fresh, empty store."""

    def again(self, store: Store) -> Store:
        """Another process' view of the same store."""
        return store

    def test_what_was_never_created_is_absent(self) -> None:
        store = self.make()
        expect(store.read("a/b") is None)
        expect(store.path("a/b") is None)
        expect(list(store.keys("")) == [])

    def test_what_was_created_is_read_back_by_everybody(self) -> None:
        store = self.make()
        expect(store.create("a/b", b"one") is True)
        for view in (store, self.again(store)):
            expect(view.read("a/b") == b"one")
            path = view.path("a/b")
            expect(path is not None and path.read_bytes() == b"one")

    def test_an_object_never_changes(self) -> None:
        store = self.make()
        store.create("a", b"one")
        expect(store.create("a", b"two") is False)
        expect(self.again(store).create("a", b"three") is False)
        expect(store.read("a") == b"one")

    def test_an_empty_object_is_refused(self) -> None:
        store = self.make()
        with tempfile.TemporaryDirectory() as folder:
            empty = Path(folder) / "empty"
            empty.touch()
            for body in (b"", empty):
                with refused(StoreError, "E604"):
                    store.create("a", body)
        expect(store.read("a") is None)

    def test_a_file_is_stored_as_the_bytes_that_it_had_then(self) -> None:
        store = self.make()
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "source"
            source.write_bytes(b"then" * 100_000)
            expect(store.create("a", source) is True)
            with source.open("r+b") as stream:
                stream.write(b"now!")
        expect(store.read("a") == b"then" * 100_000)

    def test_keys_are_listed_below_a_prefix_and_sorted(self) -> None:
        store = self.make()
        for key in ("j/e/m/10.json", "j/e/m/9.json", "j/e/mm/0.json", "k"):
            store.create(key, b"x")
        expect(list(store.keys("j/e/m/")) == ["j/e/m/10.json", "j/e/m/9.json"])
        expect(list(store.keys("")) == ["j/e/m/10.json", "j/e/m/9.json", "j/e/mm/0.json", "k"])
        expect(list(store.keys("no/")) == [])

    def test_a_text_that_is_no_key_creates_nothing(self) -> None:
        for key in NO_KEYS:
            store = self.make()
            with refused(StoreError):
                store.create(key, b"x")
            expect(list(store.keys("")) == [], repr(key))

    def test_where_blobs_can_be_removed_they_are_gone_and_records_stay(self) -> None:
        store = self.make()
        if not isinstance(store, BlobRemoval):
            return
        body, key = b"a table", store_layout.blob(digest_of_bytes(b"a table"))
        store.create(key, body)
        store.remove(key)
        expect(store.read(key) is None and store.path(key) is None, "it is still there")
        store.remove(key)  # nothing is there to be removed
        expect(store.create(key, body), "it can be stored again")
        expect(store.read(key) == body)
        again = store_layout.garbage(0, digest_of_bytes(body))
        store.create(again, body)
        store.remove(again)
        expect(store.read(again) is None, "what was taken out is removed")
        store.create("snapshots/0.json", b"a record")
        for other in ("snapshots/0.json", "store.json", "blobs/sha256/../x"):
            with refused(StoreError, "E607"):
                store.remove(other)
        expect(store.read("snapshots/0.json") == b"a record")

    def test_where_a_store_knows_when_it_wrote_it_says_so(self) -> None:
        store = self.make()
        if not isinstance(store, WriteTimes):
            return
        store.create("snapshots/0.json", b"a record")
        written = store.written("snapshots/0.json")
        expect(written is not None and written.tzinfo is not None, "a time with its zone")
        expect(store.written("snapshots/1.json") is None, "there is none")


class TargetContract(ABC):
    """`make` gives a target of PROJECT and ENVIRONMENT."""

    @abstractmethod
    def make(self) -> Target: ...

    @abstractmethod
    def damage(self, target: Target, model: str, file: str) -> None:
        """Change a byte of a file that is served."""

    def test_an_empty_target_serves_nothing(self) -> None:
        target = self.make()
        expect(target.observe(["payments"]) == ())
        expect(target.release("payments") is None)

    def test_what_is_placed_is_served_whole(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, files):
            target.place(current(1, artifact), files)
            expect(target.observe(["payments"]) == (LiveDeployment(model="payments", current=current(1, artifact)),))
            folder = target.release("payments")
            if folder is None:
                raise AssertionError("no release")
            expect(
                {path.name: path.read_bytes() for path in folder.iterdir()}
                == {n: f.read_bytes() for n, f in files.items()}
            )

    def test_placing_again_changes_nothing(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, files):
            target.place(current(1, artifact), files)
            before = target.observe(())
            target.place(current(1, artifact), files)
            expect(target.observe(()) == before)

    def test_a_higher_number_wins_and_a_lower_one_never_does(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, first), release(b"two") as (two, second):
            target.place(current(1, artifact), first)
            target.place(current(3, two), second)
            for late in (current(2, artifact), current(1, artifact), current(0, None)):
                with refused(ConflictError):
                    target.place(late, first if late.artifact else {})
            expect(target.observe(())[0].current == current(3, two))
            expect(target.observe(())[0].drift is None)

    def test_the_same_number_with_another_entry_is_refused(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, first), release(b"two") as (two, second):
            target.place(current(1, artifact), first)
            with refused(ConflictError):
                target.place(current(1, two, entry=b"another"), second)
            expect(target.observe(())[0].current == current(1, artifact))

    def test_nothing_can_be_served_and_then_something_again(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, files):
            target.place(current(1, artifact), files)
            target.place(current(2, None), {})
            expect(target.observe(()) == (LiveDeployment(model="payments", current=current(2, None)),))
            expect(target.release("payments") is None)
            target.place(current(3, artifact), files)
            expect(target.observe(())[0].current == current(3, artifact))

    def test_models_are_apart_and_all_are_told_of(self) -> None:
        target = self.make()
        with release(b"one") as (artifact, first), release(b"two") as (two, second):
            target.place(current(1, artifact), first)
            target.place(current(7, two, model="churn"), second)
            expect([served.model for served in target.observe(["payments"])] == ["churn", "payments"])
            expect([served.drift for served in target.observe(())] == [None, None])
            expect([served.model for served in target.observe(["payments"], others=False)] == ["payments"])

    def test_where_pointers_can_be_watched_a_new_one_is_seen_and_only_that(self) -> None:
        """Of a target that implements PointerWatch."""
        target = self.make()
        if not isinstance(target, PointerWatch):
            return
        expect(dict(target.pointers()) == {})
        with release(b"one") as (artifact, files):
            target.place(current(1, artifact, model="orders"), files)
            target.place(current(1, artifact), files)
            seen = [dict(target.pointers())]
            expect(dict(target.pointers()) == seen[0])
            target.place(current(2, artifact), files)
            seen.append(dict(target.pointers()))
            target.place(current(3, None), {})
            seen.append(dict(target.pointers()))
        expect(all(each.keys() == {"orders", "payments"} for each in seen))
        expect(len({each["payments"] for each in seen}) == 3)
        expect(len({each["orders"] for each in seen}) == 1)

    def test_where_entries_are_kept_they_are_read_back_and_serve_nothing(self) -> None:
        """Of a target that implements EntryKeeping."""
        target = self.make()
        if not isinstance(target, EntryKeeping):
            return
        expect(target.kept_entry("payments", 0) is None)
        target.keep_entry("payments", 0, b"an entry")
        expect(target.kept_entry("payments", 0) == b"an entry")
        expect((target.kept_entry("payments", 1), target.kept_entry("orders", 0)) == (None, None))
        expect(target.observe(()) == ())
        with release(b"one") as (artifact, files):
            target.place(current(1, artifact), files)
            target.keep_entry("payments", 0, b"its right bytes")
            expect(target.kept_entry("payments", 0) == b"its right bytes")
            expect(target.observe(()) == (LiveDeployment(model="payments", current=current(1, artifact)),))

    def test_a_changed_file_is_named_and_healed_by_placing_again(self) -> None:
        with release(b"one") as (artifact, files):
            for name in sorted(files):
                target = self.make()
                target.place(current(1, artifact), files)
                self.damage(target, "payments", name)
                (served,) = target.observe(())
                expect((served.drift, served.files) == (DriftType.TAMPERED, (name,)), f"{name}: {served}")
                target.place(current(2, artifact), files)
                expect(target.observe(()) == (LiveDeployment(model="payments", current=current(2, artifact)),), name)


# --- values ----------------------------------------------------------------------------------------------------------


def current(n: int, artifact: Digest | None, *, model: str = "payments", entry: bytes = b"entry") -> ReleasePointer:
    """Entry `n` of a model; `entry` tells two journals apart."""
    digest = digest_of_bytes(entry + str(n).encode())
    return ReleasePointer(project=PROJECT, environment=ENVIRONMENT, model=model, n=n, entry=digest, artifact=artifact)


@contextmanager
def release(model: bytes) -> Iterator[tuple[Digest, Mapping[str, Path]]]:
    """A whole artifact whose model is these bytes: its digest, and its files as a target is given them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in MEDIA_TYPES:
            (folder / file).write_bytes(file.encode() + b" of " + model)
        described = oci_manifest.describe(folder, MEDIA_TYPES)
        config = oci_manifest.config_of(described)
        (folder / oci_manifest.CONFIG_FILE).write_bytes(config)
        manifest = oci_manifest.manifest_of(config, described)
        (folder / oci_manifest.MANIFEST_FILE).write_bytes(manifest)
        yield digest_of_bytes(manifest), {path.name: path for path in sorted(folder.iterdir())}
