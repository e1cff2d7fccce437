"""Where a lost store is rebuilt from: stores (a mirror, a backup, those of other environments) and the target.

A source is believed in nothing: entries are held together by their chain, and blobs by their digests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file
from reconciler.core.upkeep.repair import TARGET
from reconciler.engine.storage import oci_manifest
from reconciler.errors import ReconcilerError
from reconciler.ports import EntryKeeping, Store, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSource:
    """A store that may hold what another lost. `copies`: it is a copy of that very store, with logs of its own.
    `whole`: of all of it, as a backup is, and not only of its logs."""

    name: str
    store: Store
    copies: bool = False
    whole: bool = False

    def members(self, log: str) -> Iterator[tuple[int, bytes]]:
        """Yield what it holds of a numbered log."""
        if not self.copies:
            return
        numbers = {n for key in self.store.keys(f"{log}/") if (n := store_layout.number(key)) is not None}
        n = 0
        while numbers or n == 0 or n <= max(numbers, default=-1):
            body = self.store.read(store_layout.member(log, n))
            if body is not None:
                yield n, body
            elif n > max(numbers, default=-1):
                return
            n += 1

    def logs(self, prefix: str) -> frozenset[str]:
        """Return the logs that it holds directly below `prefix`."""
        if not self.copies:
            return frozenset()
        return frozenset(key.removeprefix(prefix).partition("/")[0] for key in self.store.keys(prefix))

    def read(self, key: str) -> bytes | None:
        """Return the bytes of a record."""
        return self.store.read(key)

    def file(self, digest: Digest) -> Path | None:
        """Return a file with the blob of this digest; None where it has none that is whole."""
        with suppress(ReconcilerError):
            path = self.store.path(store_layout.blob(digest))
            if path is not None and digest_of_file(path) == digest:
                return path
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSource:
    """The target of the environment: the entries that it keeps, and the files of what it serves."""

    target: Target
    environment: str
    pointers: Mapping[str, ReleasePointer]
    name: str = TARGET
    copies: bool = False
    whole: bool = False
    _files: dict[Digest, list[Path]] = field(default_factory=dict)

    def members(self, log: str) -> Iterator[tuple[int, bytes]]:
        """Yield the entries of a journal that it keeps, in order."""
        model = log.removeprefix(store_layout.journal(self.environment, ""))
        pointer = self.pointers.get(model)
        if pointer is None or not isinstance(self.target, EntryKeeping):
            return
        for n in range(pointer.n + 1):
            body = self.target.kept_entry(model, n)
            if body is not None:
                yield n, body
        n = pointer.n + 1
        while (body := self.target.kept_entry(model, n)) is not None:  # committed, and not put in place
            yield n, body
            n += 1

    def logs(self, prefix: str) -> frozenset[str]:
        """Return the models that it serves, whose journals it may know."""
        return frozenset(self.pointers) if prefix == store_layout.journal(self.environment, "") else frozenset()

    def read(self, key: str) -> bytes | None:  # noqa: ARG002  (it has no records)
        """Return no record."""
        return None

    def file(self, digest: Digest) -> Path | None:
        """Return a file with the blob of this digest, of a release that is served; None where there is none."""
        if not self._files:
            for model, pointer in self.pointers.items():
                for each, path in (self._of(model) if pointer.artifact is not None else {}).items():
                    self._files.setdefault(each, []).append(path)
        return next((path for path in self._files.get(digest, ()) if digest_of_file(path) == digest), None)

    def _of(self, model: str) -> dict[Digest, Path]:
        with suppress(ReconcilerError, OSError):
            folder = self.target.release(model)
            if folder is not None:
                manifest = (folder / oci_manifest.MANIFEST_FILE).read_bytes()
                package = oci_manifest.parse(manifest)
                files = {file.digest: folder / file.path for file in (*package.files, package.config)}
                return {**files, digest_of_bytes(manifest): folder / oci_manifest.MANIFEST_FILE}
        return {}


RepairSource = StoreSource | TargetSource
