"""Roles by the file system's rights: who may write which store is tried, as users who are not the owner."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import plugins
from reconciler.adapters.filesystem import store as _imported  # noqa: F401  (before the user changes)
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import ReconcilerError
from reconciler.ports import StorageAccess

TRAINER, PLANNER = 65533, 65532  # users that own nothing


def attempts(stores: Path) -> Iterator[str]:
    """Yield what became of a read and of a write in each store, as this user."""
    for name in ("sandbox", "production"):
        access = StorageAccess(root=stores, project="p", environment=name, scratch=stores, folder=stores / name)
        store = plugins.store(StorageLocation(uses="files", root=name), access)
        read = store.read(f"blobs/sha256/{'0' * 64}") == b"there"
        try:
            wrote = str(store.create("journal/production/m/1.json", b"mine"))
        except ReconcilerError as error:
            wrote = f"refused {error.code}"
        yield f"{name} {read} {wrote}"


@pytest.fixture
def stores() -> Iterator[Path]:
    """Two stores: the sandbox's is the trainer's, production's is its owner's alone; all may read."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name in ("sandbox", "production"):
        blob = folder / name / "blobs/sha256" / ("0" * 64)
        blob.parent.mkdir(parents=True)
        blob.write_bytes(b"there")
        journal = folder / name / "journal/production/m"
        journal.mkdir(parents=True)
        (journal / "0.json").write_bytes(b"first")
    for path in (folder / "sandbox", *(folder / "sandbox").rglob("*")):
        os.chown(path, TRAINER, TRAINER)
    yield folder
    shutil.rmtree(folder)


def tried_by(user: int, stores: Path) -> list[str]:
    """Try it as another user: in a fork, which has imported all that it needs, since that user may not read it, and to
    which the folder is the root, since that user may not pass the folders above it (`make test` has one of its own)."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.chroot(stores)
            os.chdir("/")
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            os.write(writing, "\n".join(attempts(Path("/"))).encode())
        except BaseException as error:  # noqa: BLE001  (told to the test)
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read().decode().splitlines()
    os.waitpid(child, 0)
    return told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_trainer_writes_the_sandboxs_store_and_not_productions(stores: Path) -> None:
    assert tried_by(TRAINER, stores) == ["sandbox True True", "production True refused E602"]
    assert sorted(path.name for path in (stores / "production/journal/production/m").iterdir()) == ["0.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_planner_reads_both_and_writes_neither(stores: Path) -> None:
    assert tried_by(PLANNER, stores) == ["sandbox True refused E602", "production True refused E602"]
