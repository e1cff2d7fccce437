"""Our fakes and our adapters pass the same contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.core.digest import hex_of
from reconciler.ports import Store, Target
from reconciler.testing.contracts.stores_and_targets import ENVIRONMENT, PROJECT, StoreContract, TargetContract
from reconciler.testing.memory import MemoryStore, MemoryTarget


class _Folders:
    """A fresh folder at each call, below the test's own."""

    @pytest.fixture(autouse=True)
    def _take(self, tmp_path: Path) -> None:
        self.root = tmp_path
        self.count = 0

    def folder(self) -> Path:
        self.count += 1
        return self.root / str(self.count)


class TestFilesStore(_Folders, StoreContract):
    def make(self) -> Store:
        return FilesStore(self.folder() / "deep" / "store")

    def again(self, store: Store) -> Store:
        assert isinstance(store, FilesStore)
        return FilesStore(store.root)


class TestMemoryStore(_Folders, StoreContract):
    def make(self) -> Store:
        folder = self.folder()
        folder.mkdir()
        return MemoryStore(folder)


class TestDirectoryTarget(_Folders, TargetContract):
    def make(self) -> Target:
        return DirectoryTarget(self.folder() / "serving", project=PROJECT, environment=ENVIRONMENT)

    def damage(self, target: Target, model: str, file: str) -> None:
        folder = target.release(model)
        assert folder is not None
        path = folder / file
        body = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))


class TestMemoryTarget(_Folders, TargetContract):
    def make(self) -> Target:
        return MemoryTarget(self.folder())

    def damage(self, target: Target, model: str, file: str) -> None:
        assert isinstance(target, MemoryTarget)
        artifact = target.current[model].artifact
        assert artifact is not None
        target.releases[model][hex_of(artifact)][file] += b"!"
