"""What was recorded of a bucket is compared by listings: they say what reading everything again would say."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from reconciler.adapters.caches.file_fingerprints import FileFingerprints, same
from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.clients import Clients
from reconciler.adapters.object_storage.observed_objects import ListedPart, ObservedObjects, asked_states
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.adapters.object_storage.store import BucketStore
from reconciler.adapters.object_storage.target import BucketTarget
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import StoreError, TargetError
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, current, release
from tests.object_storage.fake_gcs import google
from tests.object_storage.servers import BUCKET, Server

KEYS = (
    "store.json",
    "register/e/0.json",
    "controls/e/0.json",
    *(f"journal/e/{model}/{n}.json" for model in ("m", "m-1", "mm") for n in (0, 1, 10)),
    "journal/f/m/0.json",
    "verifications/a/g.json",
    "verifications/b/g.json",
    "builds/f.json",
)
FOLDERS = ("journal/e", "journal/f", "verifications", "register")
PREFIXES = (
    "journal/e/m/",
    "journal/e/mm/",
    "journal/e/none/",
    "register/e/",
    "verifications/a/",
    "builds/",
    "journal/",
)


class Recorded:
    """Implements ports.ReadObserver, for one reader."""

    def __init__(self) -> None:
        self.states: dict[str, str | None] = {}

    def about(self, subject: str) -> None:
        pass

    def saw(self, path: str) -> None:
        raise AssertionError(path)

    def saw_folder(self, path: str, entries: Mapping[str, object]) -> None:
        raise AssertionError(path)

    def saw_state(self, path: str, state: str | None) -> None:
        self.states[path] = state


def in_memory(kind: type[StoreError] | type[TargetError] = StoreError) -> Bucket:
    inside = MemoryStore()
    return Bucket(Clients.of(inside), "memory://", kind=kind)


def put(bucket: Bucket, key: str, body: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(body)
        bucket.put(key, Path(file.name))


def reading(bucket: Bucket, folder: Path) -> dict[str, str | None]:
    """Everything that a plan may ask a store for, recorded."""
    recorded = Recorded()
    store = BucketStore(bucket, folder, observed=ObservedObjects(recorded, "e.store"))
    for key in KEYS:
        store.read(key)
        store.holds(key)
    for prefix in PREFIXES:
        list(store.keys(prefix))
    for name in FOLDERS:
        store.folders(name)
    store.read("blobs/sha256/" + "0" * 64)
    return recorded.states


@given(
    before=st.sets(st.sampled_from(KEYS)),
    removed=st.sets(st.sampled_from(KEYS), max_size=2),
    written=st.dictionaries(
        st.sampled_from((*KEYS, "journal/e/new/0.json", "verifications/a/h.json")), st.just(b"new"), max_size=2
    ),
)
def test_a_listing_says_what_reading_again_would(
    before: set[str], removed: set[str], written: dict[str, bytes]
) -> None:
    bucket = in_memory()
    for key in before:
        put(bucket, key, b"old")
    with tempfile.TemporaryDirectory() as folder:
        first = reading(bucket, Path(folder))
        parts = {"e.store": ListedPart(lambda: bucket, whole=False)}
        assert asked_states(parts, first)() == first
        for key in removed:
            bucket.remove(key)
        for key, body in written.items():
            put(bucket, key, body)
        assert asked_states(parts, first)() == reading(bucket, Path(folder))


class Place:
    """Parts of a bucket that hold a store and a target."""

    def __init__(self, bucket: Callable[[str], Bucket], folder: Path) -> None:
        self.folder = folder
        self.store_bucket, self.target_bucket = bucket("store"), bucket("target")
        self.fingerprints = FileFingerprints(started=2**62)

    def store(self, observer: FileFingerprints | None = None) -> BucketStore:
        observed = ObservedObjects(observer, "e.store")
        return BucketStore(self.store_bucket, self.folder / "copies", observed=observed)

    def target(self, observer: FileFingerprints | None = None) -> BucketTarget:
        return BucketTarget(
            self.target_bucket,
            self.folder / "releases",
            project=PROJECT,
            environment=ENVIRONMENT,
            observed=ObservedObjects(observer, "e.target"),
        )

    def changed(self) -> set[str]:
        """The subjects of which a listing says that something changed."""
        subjects = ("", "churn", "payments")
        claims = [
            (self.fingerprints.signature(subject) or "", self.fingerprints.paths(subject)) for subject in subjects
        ]
        assert all(paths for _, paths in claims)
        parts = {
            "e.store": ListedPart(lambda: self.store_bucket, whole=False),
            "e.target": ListedPart(lambda: self.target_bucket, whole=True),
        }
        now = asked_states(parts, [path for _, paths in claims for path in paths])()
        return {
            subject for subject, unchanged in zip(subjects, same("", claims, states=now), strict=True) if not unchanged
        }


def service_bucket(uses: str, name: str) -> Bucket:
    place = StorageLocation(uses=uses, settings=(("bucket", BUCKET), ("prefix", f"o/{uuid.uuid4().hex}/{name}")))
    return open_bucket(place, kind=TargetError)


@pytest.fixture(
    params=[
        "gcs",
        pytest.param("s3", marks=[pytest.mark.needs("s3")]),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    match request.param:
        case "gcs":
            with google() as server:
                monkeypatch.setenv("GOOGLE_BASE_URL", server.url)
                monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "of-nobody")
                yield Place(partial(service_bucket, "gcs"), tmp_path)
        case "s3":
            server_: Server = request.getfixturevalue("s3")
            assert server_.url
            yield Place(partial(service_bucket, "s3"), tmp_path)


def test_each_change_is_noticed_of_the_model_that_it_concerns(place: Place) -> None:
    """Also that the tags of answers and of listings agree, at each service."""
    with release(b"one") as (artifact, files):
        for model in ("churn", "payments"):
            place.target().place(current(1, artifact, model=model), files)
            for n in (0, 1):
                place.store().create(f"journal/e/{model}/{n}.json", b"entry")
    place.target(place.fingerprints).observe(())
    reader = place.store(place.fingerprints)
    for model in ("churn", "payments"):
        place.fingerprints.about(model)
        for n in (1, 2):
            reader.read(f"journal/e/{model}/{n}.json")
        list(reader.keys(f"journal/e/{model}/"))
    assert place.changed() == set()

    served = f"payments/releases/{artifact.removeprefix('sha256:')}"
    target, store = place.target_bucket, place.store_bucket
    for bucket, key, body, subjects in (
        (target, "payments/current", b"other", {"payments"}),
        (target, "payments/current", None, {"payments"}),
        (target, f"{served}/manifest.json", None, {"payments"}),
        (target, f"{served}/model.skops", b"other", {"payments"}),
        (target, f"{served}/extra", b"more", {"payments"}),
        (target, "owner.json", b"{}", {""}),
        (store, "journal/e/churn/2.json", b"an entry that another machine wrote a second ago", {"churn"}),
        (store, "journal/e/churn/1.json", b"other", {"churn"}),
        (store, "journal/e/churn/1.json", None, {"churn"}),
        (store, "journal/e/churn/0.json", None, {"churn"}),
        (store, "blobs/sha256/" + "0" * 64, b"nobody looks at these", set()),
    ):
        before = bucket.get(key)
        if body is None:
            bucket.remove(key)
        else:
            put(bucket, key, body)
        assert place.changed() == subjects, (key, body)
        if before is None:
            bucket.remove(key)
        else:
            put(bucket, key, before[0])
        assert place.changed() == set(), "the same bytes again"
    put(target, "stranger/current", b"{}")
    assert place.changed() == {""}


def test_what_cannot_be_compared_is_never_unchanged() -> None:
    bucket, fingerprints = in_memory(), FileFingerprints(started=2**62)
    with tempfile.TemporaryDirectory() as folder:
        store = BucketStore(bucket, Path(folder), observed=ObservedObjects(fingerprints, "e.store"))
        list(store.keys("journal/e/m"))  # also the names that begin so
    assert fingerprints.signature("") is None


def test_the_number_of_listings_does_not_grow_with_the_models() -> None:
    asked: list[str] = []

    class Counted(Bucket):
        def each_object(self, folder: str, take: Callable[[str, int, str | None], None]) -> None:
            asked.append(folder)
            super().each_object(folder, take)

        def folders(self, folder: str = "") -> tuple[str, ...]:
            asked.append(f"{folder}//")
            return super().folders(folder)

        def head(self, key: str) -> None:
            asked.append(key)

    inside = MemoryStore()
    bucket = Counted(Clients.of(inside), "memory://")
    counts = []
    for models in (1, 10, 1_000):
        asked.clear()
        paths = ["\0e.store\0store.json", "\0e.store\0journal/e//"]
        for number in range(models):
            paths += [f"\0e.store\0journal/e/model-{number}/{name}" for name in ("", "0.json", "1.json")]
            paths.append(f"\0e.store\0verifications/{number}/g.json")
            paths += [f"\0e.target\0model-{number}/{name}" for name in ("current", "releases/a/manifest.json")]
        parts = {"e.store": ListedPart(lambda: bucket, whole=False), "e.target": ListedPart(lambda: bucket, whole=True)}
        asked_states(parts, paths)()
        counts.append(sorted(asked))
    assert counts == [["", "journal/e", "journal/e//", "store.json", "verifications"]] * 3


def test_a_bucket_is_opened_once_and_where_it_cannot_be_that_is_raised_to_who_waits() -> None:
    opened = []

    def opener() -> Bucket:
        opened.append(1)
        return in_memory()

    paths = [f"\0p.store\0{key}" for key in (*KEYS, *PREFIXES, "journal/e//")]
    assert set(asked_states({"p.store": ListedPart(opener, whole=False)}, paths)()) == set(paths)
    assert len(opened) == 1

    def refused() -> Bucket:
        raise StoreError("refused", code="E602")

    wait = asked_states({"p.store": ListedPart(refused, whole=False)}, paths)
    with pytest.raises(StoreError, match="refused"):
        wait()
