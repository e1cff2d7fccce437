"""Whose journals to look for is found without listing the entries of all journals, where the store can."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.filesystem.store import FilesStore
from reconciler.engine.storage import journal
from reconciler.testing.memory import MemoryStore

KEYS = ("journal/production/a/0.json", "journal/production/b/0.json", "journal/sandbox/c/0.json")


class Unlisted(FilesStore):
    """It does not list what lies below."""

    def keys(self, prefix: str) -> None:  # type: ignore[override]
        raise AssertionError(prefix)


def test_every_model_with_a_journal_is_named(tmp_path: Path) -> None:
    on_disk, in_memory = Unlisted(tmp_path / "store"), MemoryStore(tmp_path)
    for key in KEYS:
        on_disk.create(key, b"{}")
        in_memory.create(key, b"{}")
    assert journal.names(on_disk, "production") == journal.names(in_memory, "production") == {"a", "b"}
    assert journal.names(on_disk, "staging") == journal.names(in_memory, "staging") == frozenset()


def test_what_no_journal_can_be_called_is_not_named(tmp_path: Path) -> None:
    store = Unlisted(tmp_path / "store")
    store.create(KEYS[0], b"{}")
    (tmp_path / "store/journal/production/.tmp-1-0").mkdir()
    assert journal.names(store, "production") == {"a"}
