"""What a bucket must be and do before anything is written to it, and how each refusal is told."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler import plugins
from reconciler.adapters.object_storage.conditional_write_check import ConditionalWriteCheck
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.core.artifact.store_layout import blob
from reconciler.core.digest import digest_of_bytes
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.storage import blobs
from reconciler.errors import AmbiguousWriteError, ReconcilerError, StoreError, TargetError, UsageError
from reconciler.ports import ReachabilityCheck, StorageAccess, Store, Target
from reconciler.testing.contracts.stores_and_targets import current, release
from tests.object_storage.faulty_proxy import Fault, Proxy, between
from tests.object_storage.servers import OPEN, Server

on_s3 = [pytest.mark.needs("s3")]
MakePlace = Callable[[], StorageLocation]


def opening(folder: Path, *, cache: Path | None = None) -> StorageAccess:
    return StorageAccess(
        root=folder, project="sample", environment="production", scratch=folder / "scratch", cache=cache
    )


def open_place() -> StorageLocation:
    """In the bucket that needs no signature."""
    return StorageLocation(uses="s3", settings=(("bucket", OPEN), ("prefix", uuid.uuid4().hex)))


def store_in(place: StorageLocation, folder: Path, *, cache: Path | None = None) -> Store:
    return plugins.store(place, opening(folder, cache=cache))


def target_in(place: StorageLocation, folder: Path) -> Target:
    return plugins.target(place, opening(folder))


@contextmanager
def answering(status: int, body: bytes = b"", location: str = "") -> Iterator[str]:
    """A server that always says the same."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response_only(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "Canary7731")
    monkeypatch.setenv("RECONCILER_STORE_TIMEOUT", "1")


# --- two writers ------------------------------------------------------------------------------------------------------


class TestWriters:
    pytestmark = on_s3

    def test_a_store_that_ignores_conditions_is_refused_before_anything_is_written(
        self, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
        proxy.strip = frozenset({"if-none-match"})
        here = open_place()
        for key in ("store.json", blob(digest_of_bytes(b"x"))):
            with pytest.raises(StoreError, match="cannot protect against two writers") as refused:
                store_in(here, tmp_path).create(key, b"x")
            assert refused.value.code == "E601"
        proxy.strip = frozenset()
        assert list(store_in(here, tmp_path).keys("")) == []

    def test_a_target_that_ignores_what_a_swap_expects_is_refused(
        self, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
        proxy.strip = frozenset({"if-match"})
        here = open_place()
        with release(b"one") as (artifact, files), pytest.raises(TargetError) as refused:
            target_in(here, tmp_path).place(current(0, artifact), files)
        assert refused.value.code == "E601"
        proxy.strip = frozenset()
        assert target_in(here, tmp_path).observe(()) == ()

    def test_it_is_tried_once_a_day_and_anew_where_nothing_may_be_believed(
        self, proxy: Proxy, place: MakePlace, tmp_path: Path
    ) -> None:
        here = place()

        def probes(cache: Path | None) -> int:
            proxy.reset()
            store_in(here, tmp_path, cache=cache).create("a", b"x")
            return sum(asked.writes and ".probe" in asked.path for asked in proxy.seen)

        cache = tmp_path / "cache"
        assert [probes(one) for one in (cache, cache, None, None)] == [2, 0, 2, 2]
        (known,) = cache.rglob("probed")
        os.utime(known, (1, 1))
        assert probes(cache) == 2

    def test_many_may_try_it_at_once(self, s3: Server, place: MakePlace) -> None:
        here, problems = place(), []

        def probe(kind: type[StoreError] | type[TargetError], swaps: bool) -> None:
            try:
                for _ in range(10):
                    ConditionalWriteCheck(open_bucket(here, kind=kind), swaps=swaps).now()
            except ReconcilerError as error:
                problems.append(error)

        pairs = ((StoreError, False), (TargetError, True))
        threads = [threading.Thread(target=probe, args=pairs[n % 2]) for n in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert problems == []

    def test_a_create_is_sent_once_and_its_lost_answer_is_told_as_such(
        self, proxy: Proxy, place: MakePlace, tmp_path: Path
    ) -> None:
        store = store_in(place(), tmp_path)
        store.create("first", b"x")
        for fault in (Fault.LOST, Fault.LATE, Fault.BUSY, Fault.CUT):
            key = fault.name.lower()
            proxy.reset(lambda asked, fault=fault: fault if asked.writes else Fault.NONE)
            with pytest.raises(AmbiguousWriteError):
                store.create(key, b"x")
            assert sum(asked.writes for asked in proxy.seen) == 1
            proxy.reset()
            assert (store.read(key) is not None) == (fault in (Fault.LOST, Fault.LATE))

    def test_reads_are_repeated_a_few_times_and_then_given_up(
        self, proxy: Proxy, place: MakePlace, tmp_path: Path
    ) -> None:
        store = store_in(place(), tmp_path)
        store.create("a", b"x")
        proxy.reset(lambda asked: Fault.BUSY if asked.n < 3 else Fault.NONE)
        assert store.read("a") == b"x"
        proxy.reset(lambda _: Fault.BUSY)
        with pytest.raises(StoreError) as refused:
            store.read("a")
        assert refused.value.code == "E611"
        assert 2 < len(proxy.seen) < 10

    def test_a_blob_that_is_there_is_not_sent_again(self, proxy: Proxy, place: MakePlace, tmp_path: Path) -> None:
        body, here = b"blob" * 1000, place()
        blobs.put(store_in(here, tmp_path), body)
        proxy.reset()
        store = store_in(here, tmp_path, cache=tmp_path / "cache")
        blobs.put(store, body)
        source = tmp_path / "source"
        source.write_bytes(body)
        blobs.put_file(store, source)
        assert not [asked for asked in proxy.seen if asked.writes and ".probe" not in asked.path]


# --- copies -----------------------------------------------------------------------------------------------------------


class TestCopies:
    pytestmark = on_s3

    def test_a_copy_that_somebody_changed_is_not_used(self, s3: Server, place: MakePlace, tmp_path: Path) -> None:
        here, body, cache = place(), b"the bytes" * 100, tmp_path / "cache"
        store = store_in(here, tmp_path, cache=cache)
        digest = blobs.put(store, body)
        assert blobs.get(store, digest) == body
        (copy,) = [one for one in cache.rglob("*") if one.is_file() and one.name != "probed"]
        for wrong in (b"other bytes", b""):
            copy.chmod(0o600)
            copy.write_bytes(wrong)
            again = store_in(here, tmp_path, cache=cache)
            assert blobs.get(again, digest) == body
            assert blobs.file_of(again, digest).read_bytes() == body

    def test_a_copy_of_one_store_is_no_proof_that_another_has_it(
        self, s3: Server, place: MakePlace, tmp_path: Path
    ) -> None:
        cache = tmp_path / "cache"
        digest = blobs.put(store_in(place(), tmp_path, cache=cache), b"x")
        assert not blobs.holds(store_in(place(), tmp_path, cache=cache), digest)

    def test_a_blob_that_is_damaged_in_the_store_never_becomes_a_copy(
        self, s3: Server, place: MakePlace, tmp_path: Path
    ) -> None:
        here, digest = place(), digest_of_bytes(b"right")
        open_bucket(here).create(blob(digest), b"wrong")
        store = store_in(here, tmp_path, cache=tmp_path / "cache")
        for look in (blobs.get, blobs.file_of):
            with pytest.raises(ReconcilerError) as refused:
                look(store, digest)
            assert refused.value.code == "E501"
        copies = {one.name for one in (tmp_path / "cache").rglob("*") if one.is_file() and one.name[0] != "."}
        assert copies <= {"probed"}


# --- refusals ---------------------------------------------------------------------------------------------------------


class TestRefusals:
    pytestmark = on_s3

    @pytest.mark.parametrize("what", ["bucket", "user", "key"])
    def test_what_cannot_be_read_is_never_an_empty_store(
        self, s3: Server, place: MakePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        here = place()
        if what == "bucket":
            here = StorageLocation(uses="s3", settings=(("bucket", "no-such-bucket"),))
        elif what == "user":
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stranger-secret")
        else:
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "Canary7731")
        looks: list[Callable[[], object]] = [
            lambda: store_in(here, tmp_path).read("a"),
            lambda: store_in(here, tmp_path).path("a"),
            lambda: list(store_in(here, tmp_path).keys("")),
            lambda: store_in(here, tmp_path).create("a", b"x"),
        ]
        for look in looks:
            with pytest.raises(StoreError) as refused:
                look()
            assert refused.value.code == "E602", refused.value
            assert "Canary7731" not in str(refused.value)
        with pytest.raises(TargetError) as refused_too:
            target_in(here, tmp_path).observe(["m"])
        assert refused_too.value.code == "E602"

    def test_who_may_only_read_reads_and_is_told_that_writing_is_refused(
        self, s3: Server, place: MakePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = place()
        store_in(here, tmp_path).create("a", b"x")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "reader-secret")
        store = store_in(here, tmp_path)
        assert store.read("a") == b"x"
        with pytest.raises(StoreError) as refused:
            store.create("b", b"x")
        assert refused.value.code == "E602"
        assert not isinstance(refused.value, AmbiguousWriteError)
        assert isinstance(store, ReachabilityCheck)
        store.reach()


@pytest.mark.usefixtures("keys")
class TestAnswers:
    """A server that says odd things. No real one is needed."""

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [
            (400, b"<Error><Code>AuthorizationHeaderMalformed</Code></Error>", "E602"),  # another region
            (403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>", "E602"),
            (404, b"<Error><Code>NoSuchBucket</Code></Error>", "E602"),
            (405, b"", "E602"),
            (500, b"<html>oops</html>", "E611"),
            (503, b"<Error><Code>SlowDown</Code></Error>", "E611"),
        ],
    )
    def test_each_answer_has_its_code_and_none_means_empty(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: MakePlace, status: int, body: bytes, code: str
    ) -> None:
        with answering(status, body) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            for look in (
                lambda: store_in(place(), tmp_path).read("a"),
                lambda: store_in(place(), tmp_path).create("a", b"x"),
            ):
                with pytest.raises(StoreError) as refused:
                    look()
                assert refused.value.code == code
                assert "oops" not in str(refused.value)
                assert url not in str(refused.value)

    def test_a_server_that_sends_us_elsewhere_gives_nobody_our_keys(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: MakePlace
    ) -> None:
        with between(1) as canary, answering(307, location=canary.url) as url:
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            with pytest.raises(StoreError):
                store_in(place(), tmp_path).read("a")
            assert not any(asked.signed for asked in canary.seen)

    def test_nobody_there_is_told_as_such(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: MakePlace
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        with pytest.raises(StoreError) as refused:
            store_in(place(), tmp_path).read("a")
        assert refused.value.code == "E611"

    def test_silence_ends(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: MakePlace) -> None:
        monkeypatch.setenv("RECONCILER_STORE_TIMEOUT", "0.2")
        with between(1) as silent:
            silent.reset(lambda _: Fault.HANG)
            monkeypatch.setenv("AWS_ENDPOINT_URL", silent.url)
            with pytest.raises(StoreError, match="in time") as refused:
                store_in(place(), tmp_path).read("a")
            assert refused.value.code == "E611"

    @pytest.mark.parametrize(
        "address", ["http://models.example.org", "http://10.0.0.1:9000", "ftp://127.0.0.1", "//x", "https://a:b@c", "["]
    )
    def test_an_address_without_encryption_is_only_ever_this_machine(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: MakePlace, address: str
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(UsageError) as refused:
            store_in(place(), tmp_path)
        assert refused.value.code == "E607"

    @pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "1e9"])
    def test_a_patience_that_is_no_time_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: MakePlace, text: str
    ) -> None:
        monkeypatch.setenv("RECONCILER_STORE_TIMEOUT", text)
        with pytest.raises(UsageError):
            store_in(place(), tmp_path)


def test_a_kind_that_nobody_brings_is_told_with_the_entry_point_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="acme-vault") as refused:
        store_in(StorageLocation(uses="acme-vault", settings=(("vault", "models"),)), tmp_path)
    assert refused.value.code == "E610"
    assert "reconciler.stores" in (refused.value.hint or "")
