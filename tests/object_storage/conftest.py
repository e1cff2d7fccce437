"""One S3 server for all of these tests, and places in it that nobody used before."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.core.storage.location import StorageLocation
from tests.object_storage.faulty_proxy import Proxy, between
from tests.object_storage.servers import BUCKET, Server, s3_environment, seaweed


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def s3(s3_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The server, and the operator's environment variables for it."""
    for name, text in s3_environment(s3_server.url).items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return s3_server


@pytest.fixture
def proxy(s3: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Everything goes through it."""
    with between(s3.port) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


@pytest.fixture
def place() -> Callable[[], StorageLocation]:
    return lambda: StorageLocation(uses="s3", settings=(("bucket", BUCKET), ("prefix", f"t/{uuid.uuid4().hex}")))
