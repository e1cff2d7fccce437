"""What `uses` names is found in our table, or brought by an installed package, and imported only then."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconciler import plugins
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import UsageError
from reconciler.ports import StorageAccess

PLUGIN = """
class Vault:
    def __init__(self, place, opening):
        self.name = place.setting("vault")
        self.environment = opening.environment

def opened(place, opening):
    return Vault(place, opening)
"""


def opening(folder: Path) -> StorageAccess:
    return StorageAccess(root=folder, project="p", environment="production", scratch=folder)


def test_ours_are_opened_by_name(tmp_path: Path) -> None:
    found = plugins.store(StorageLocation(uses="files", root="store"), opening(tmp_path))
    assert isinstance(found, FilesStore)
    assert found.root == tmp_path / "store"


@pytest.mark.parametrize("table", [plugins.STORES, plugins.TARGETS], ids=["stores", "targets"])
def test_every_name_of_the_table_is_a_function_of_its_module(table: dict[str, str]) -> None:
    import ast

    for text in table.values():
        module, _, name = text.partition(":")
        path = Path(__file__).resolve().parents[2] / (module.replace(".", "/") + ".py")
        assert name in {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def install(folder: Path, name: str) -> None:
    (folder / "acme_vault.py").write_text(PLUGIN)
    described = folder / "acme_vault-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-vault\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(f"[reconciler.stores]\n{name} = acme_vault:opened\n")


def test_a_package_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "acme-vault")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_vault", raising=False)
    place = StorageLocation(uses="acme-vault", settings=(("vault", "models"),))
    found = plugins.store(place, opening(tmp_path))
    assert (found.name, found.environment) == ("models", "production")  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="acme-vault"):
        plugins.target(place, opening(tmp_path))


def test_a_package_cannot_take_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "files")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(plugins.store(StorageLocation(uses="files", root="store"), opening(tmp_path)), FilesStore)
