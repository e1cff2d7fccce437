"""The contracts of stores and targets, held by buckets: S3, Azure's emulator, a model of Google's protocol, memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from reconciler.adapters.object_storage.bucket import Bucket
from reconciler.adapters.object_storage.clients import Clients
from reconciler.adapters.object_storage.open_bucket import open_bucket
from reconciler.adapters.object_storage.store import BucketStore
from reconciler.adapters.object_storage.target import BucketTarget
from reconciler.core.digest import hex_of
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import StoreError, TargetError
from reconciler.ports import Store, Target
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, StoreContract, TargetContract
from tests.object_storage.fake_gcs import google
from tests.object_storage.servers import BUCKET, Server, azure, azure_environment


class _Buckets:
    """A fresh part of a bucket at each call."""

    @pytest.fixture(autouse=True)
    def _take(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def folder(self) -> Path:
        return self.root / uuid.uuid4().hex

    def bucket(self, kind: type[StoreError] | type[TargetError]) -> Bucket:
        raise NotImplementedError


class _Store(_Buckets, StoreContract):
    def make(self) -> Store:
        return BucketStore(self.bucket(StoreError), self.folder())

    def again(self, store: Store) -> Store:
        assert isinstance(store, BucketStore)
        return BucketStore(store.bucket, self.folder())


class _Target(_Buckets, TargetContract):
    def make(self) -> Target:
        return BucketTarget(self.bucket(TargetError), self.folder(), project=PROJECT, environment=ENVIRONMENT)

    def damage(self, target: Target, model: str, file: str) -> None:
        assert isinstance(target, BucketTarget)
        (served,) = target.observe([model], others=False)
        assert served.current is not None
        assert served.current.artifact is not None
        key = f"{model}/releases/{hex_of(served.current.artifact)}/{file}"
        found = target.bucket.get(key)
        assert found is not None
        changed = self.root / "changed"
        changed.write_bytes(found[0][:-1] + bytes([found[0][-1] ^ 1]))
        target.bucket.put(key, changed)


class _InMemory(_Buckets):
    def bucket(self, kind: type[StoreError] | type[TargetError]) -> Bucket:
        inside = MemoryStore()
        return Bucket(Clients.of(inside), "memory://", kind=kind)


class _OnS3(_Buckets):
    @pytest.fixture(autouse=True)
    def _serve(self, s3: Server) -> None:
        pass

    def bucket(self, kind: type[StoreError] | type[TargetError]) -> Bucket:
        place = StorageLocation(uses="s3", settings=(("bucket", BUCKET), ("prefix", f"c/{uuid.uuid4().hex}")))
        return open_bucket(place, kind=kind)


class _OnAzure(_Buckets):
    @pytest.fixture(autouse=True)
    def _serve(self, azure_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, text in azure_environment(azure_server.url).items():
            monkeypatch.setenv(name, text)

    def bucket(self, kind: type[StoreError] | type[TargetError]) -> Bucket:
        place = StorageLocation(uses="azure", settings=(("container", BUCKET), ("prefix", f"c/{uuid.uuid4().hex}")))
        return open_bucket(place, kind=kind)


class _OnGoogle(_Buckets):
    @pytest.fixture(autouse=True)
    def _serve(self, google_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_BASE_URL", google_server.url)
        monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "of-nobody")

    def bucket(self, kind: type[StoreError] | type[TargetError]) -> Bucket:
        place = StorageLocation(uses="gcs", settings=(("bucket", BUCKET), ("prefix", f"c/{uuid.uuid4().hex}")))
        return open_bucket(place, kind=kind)


@pytest.fixture(scope="session")
def google_server() -> Iterator[Server]:
    with google() as server:
        yield server


@pytest.fixture(scope="session")
def azure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with azure(tmp_path_factory.mktemp("azurite")) as server:
        yield server


class TestStoreInMemory(_InMemory, _Store):
    pass


class TestTargetInMemory(_InMemory, _Target):
    pass


@pytest.mark.soak(only=True)
class TestStoreOnGoogle(_OnGoogle, _Store):
    pass


@pytest.mark.soak(only=True)
class TestTargetOnGoogle(_OnGoogle, _Target):
    pass


@pytest.mark.needs("s3")
class TestStoreOnS3(_OnS3, _Store):
    pass


@pytest.mark.needs("s3")
class TestTargetOnS3(_OnS3, _Target):
    pass


@pytest.mark.needs("azure")
class TestStoreOnAzure(_OnAzure, _Store):
    pass


@pytest.mark.needs("azure")
class TestTargetOnAzure(_OnAzure, _Target):
    pass
