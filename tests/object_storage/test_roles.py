"""Roles by the policies of a real S3 server: who may write which store is tried, by every way of writing."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler import plugins
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import ReconcilerError
from reconciler.ports import StorageAccess, Store
from tests.object_storage.servers import OF_PRODUCTION, OF_SANDBOX, Server, s3_environment
from tests.support.project import MODEL, PRODUCTION, PROJECT, REPOSITORY, SANDBOX, Project, write_ledger

pytestmark = [pytest.mark.needs("s3", "git")]
BUCKETS = {"sandbox": OF_SANDBOX, "production": OF_PRODUCTION}
BLOB = f"blobs/sha256/{'0' * 64}"


class Stores:
    """The two stores as one user sees them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        self.folder, self.monkeypatch, self.url = folder, monkeypatch, url
        self.prefix = uuid.uuid4().hex

    def of(self, user: str, name: str) -> Store:
        for variable, text in s3_environment(self.url, user).items():
            self.monkeypatch.setenv(variable, text)
        settings = (("bucket", BUCKETS[name]), ("prefix", self.prefix), ("region", "us-east-1"))
        access = StorageAccess(
            root=self.folder, project="p", environment=name, scratch=self.folder, folder=self.folder / name
        )
        return plugins.store(StorageLocation(uses="s3", settings=settings), access)

    def tried(self, user: str, name: str) -> list[str]:
        """What became of each way to write, and of a read after them all."""
        ways: dict[str, Callable[[Store], object]] = {
            "a new entry": lambda store: store.create("journal/production/m/1.json", b"mine"),
            "over another": lambda store: store.create("journal/production/m/0.json", b"mine"),
            "remove": lambda store: store.remove(BLOB),  # type: ignore[attr-defined]
        }
        found = []
        for way, attempt in ways.items():
            try:
                found.append(f"{way}: {attempt(self.of(user, name))}")
            except ReconcilerError as error:
                found.append(f"{way}: {error.code}")
        return found


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: Server) -> Stores:
    made = Stores(tmp_path, monkeypatch, s3.url)
    for name in BUCKETS:
        store = made.of("writer", name)
        assert store.create(BLOB, b"there")
        assert store.create("journal/production/m/0.json", b"first")
    return made


@pytest.mark.parametrize(
    ("user", "name", "writes"),
    [
        ("trainer", "sandbox", True),
        ("trainer", "production", False),
        ("promoter", "production", True),
        ("promoter", "sandbox", False),
        ("planner", "sandbox", False),
        ("planner", "production", False),
    ],
)
def test_a_role_writes_its_own_store_and_reads_both(stores: Stores, user: str, name: str, writes: bool) -> None:
    assert stores.of(user, name).read(BLOB) == b"there"
    tried = stores.tried(user, name)
    owner = stores.of("writer", name)
    assert owner.read("journal/production/m/0.json") == b"first"
    if writes:
        assert tried[0] == "a new entry: True"
        assert owner.read("journal/production/m/1.json") == b"mine"
    else:
        assert all(each.rpartition(": ")[2].startswith("E6") for each in tried if not each.startswith("over")), tried
        assert owner.read("journal/production/m/1.json") is None
        assert owner.read(BLOB) == b"there"


@pytest.mark.soak(only=True)  # by commands what the test before tries by the port
def test_each_job_does_its_own_work_and_not_anothers(tmp_path: Path, s3: Server) -> None:
    project, prefix = Project(tmp_path / "project"), uuid.uuid4().hex
    project.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    project.root.mkdir()
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.org")

    def place(name: str, kind: str) -> str:
        return f"{{uses: s3, bucket: {BUCKETS[name]}, prefix: {prefix}/{kind}, region: us-east-1}}"

    def run(user: str, *arguments: str, code: int | None = 0) -> str:
        project.environment |= s3_environment(s3.url, user)
        ran = project.run(*arguments, code=code)
        return ran.out + ran.err

    sandbox = SANDBOX.replace("ARCHITECTURE", platform.machine()) + f"  store: {place('sandbox', 'store')}\n"
    production = PRODUCTION.replace("{uses: directory, root: serving}", place("production", "serving"))
    project.write(".gitignore", "data/\n")
    project.write("reconciler.yaml", PROJECT)
    project.write("environments/sandbox.yaml", sandbox)
    project.write("environments/production.yaml", production + f"  store: {place('production', 'store')}\n")
    project.write("manifests/sandbox/lateness.yaml", MODEL)
    project.write("requirements.lock", (REPOSITORY / "requirements.lock").read_text())
    write_ledger(project.root / "data/invoices.csv")
    project.commit("A model of lateness")
    for user in ("planner", "promoter"):
        assert "E60" in run(user, "apply", "sandbox", "--yes", code=None)
    run("trainer", "apply", "sandbox", "--yes")
    project.environment |= s3_environment(s3.url, "trainer")
    project.promote()
    run("planner", "plan", "production", "--check", code=3)
    for user in ("planner", "trainer"):
        assert "E60" in run(user, "apply", "production", "--yes", code=None)
        assert "1 to change" in run("planner", "plan", "production")
    run("promoter", "apply", "production", "--yes")
    assert "Nothing to do." in run("planner", "plan", "production")
