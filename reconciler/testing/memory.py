"""Stores and targets in memory, faithful to their ports.

Files appear only where a port hands out a path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from reconciler.core.artifact.journal import ReleasePointer
from reconciler.core.artifact.object_sizes import check_new, check_removed, largest, too_large
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.store_layout import is_key
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.engine.storage import oci_manifest
from reconciler.errors import ConflictError, IntegrityError, StoreError

Created = Callable[[str, bytes], None]
Placed = Callable[[ReleasePointer], None]


class MemoryStore:
    """A store in memory. `created` is called with every new object; there are no other writes."""

    def __init__(self, folder: Path, created: Created | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self._folder = folder
        self._created = created
        self._files: dict[str, tuple[bytes, Path]] = {}

    def create(self, key: str, body: bytes | Path) -> bool:
        if not is_key(key):
            raise StoreError(f"not a key: {key[:80]!r}", code="E607")
        content = body if isinstance(body, bytes) else body.read_bytes()
        check_new(key, len(content), in_memory=isinstance(body, bytes))
        if key in self.objects:
            return False
        self.put(key, content)
        return True

    def put(self, key: str, body: bytes) -> None:
        """Write an object even where one exists; for `create`, and for broken stores."""
        self.objects[key] = body
        if self._created is not None:
            self._created(key, body)

    def read(self, key: str) -> bytes | None:
        body = self._body(key)
        if body is not None and len(body) > largest(key):
            raise too_large(key, len(body), largest(key))
        return body

    def _body(self, key: str) -> bytes | None:
        body = self.objects.get(key)
        if body == b"":
            raise IntegrityError(f"{key} is empty in its store", code="E604", hint="restore it from a backup")
        return body

    def remove(self, key: str) -> None:
        self.objects.pop(check_removed(key), None)

    def path(self, key: str) -> Path | None:
        body = self._body(key)
        if body is None:
            return None
        written = self._files.get(key)
        if written is None or written[0] != body:
            path = self._folder / hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
            path.write_bytes(body)
            written = self._files[key] = (body, path)
        return written[1]

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(sorted([key for key in self.objects if key.startswith(prefix)]))


class MemoryTarget:
    """A target in memory: releases and pointers as dictionaries. `placed` is called with every new pointer."""

    def __init__(self, folder: Path, placed: Placed | None = None) -> None:
        self.current: dict[str, ReleasePointer] = {}
        self.releases: dict[str, dict[str, dict[str, bytes]]] = {}
        self.entries: dict[tuple[str, int], bytes] = {}
        self._folder = folder
        self._placed = placed

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        wanted = {*models, *(self.current if others else ())}
        return tuple(self._observe(model) for model in sorted(wanted) if model in self.current)

    def traces(self) -> frozenset[str]:
        return frozenset({*self.current, *self.releases})

    def _observe(self, model: str) -> LiveDeployment:
        current = self.current[model]
        if current.artifact is None:
            return LiveDeployment(model=model, current=current)
        differing = differing_files(self.releases.get(model, {}).get(hex_of(current.artifact), {}), current.artifact)
        return LiveDeployment(
            model=model, current=current, drift=DriftType.TAMPERED if differing else None, files=differing
        )

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self.put_release(current, {path: file.read_bytes() for path, file in files.items()})
        self.swap(current)

    def put_release(self, current: ReleasePointer, files: Mapping[str, bytes]) -> None:
        if current.artifact is not None:
            self.releases.setdefault(current.model, {})[hex_of(current.artifact)] = dict(files)

    def swap(self, current: ReleasePointer) -> None:
        served = self.current.get(current.model)
        if served is not None and served.n > current.n:
            raise ConflictError(f"the target already serves entry {served.n}, newer than entry {current.n}")
        if served is not None and served.n == current.n and served.entry != current.entry:
            raise ConflictError(f"the target serves another entry {served.n}")
        self.put(current)

    def put(self, current: ReleasePointer) -> None:
        """Set the pointer without a comparison; for `swap`, and for broken targets."""
        self.current[current.model] = current
        if self._placed is not None:
            self._placed(current)

    def keep_entry(self, model: str, n: int, body: bytes) -> None:
        self.entries[model, n] = body

    def kept_entry(self, model: str, n: int) -> bytes | None:
        return self.entries.get((model, n))

    def release(self, model: str) -> Path | None:
        current = self.current.get(model)
        if current is None or current.artifact is None:
            return None
        folder = self._folder / model / hex_of(current.artifact)
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in self.releases[model][hex_of(current.artifact)].items():
            (folder / name).write_bytes(body)
        return folder


def differing_files(files: Mapping[str, bytes], artifact: Digest) -> tuple[str, ...]:
    """Return the names of files that do not match the artifact's manifest."""
    manifest = files.get(oci_manifest.MANIFEST_FILE, b"")
    if digest_of_bytes(manifest) != artifact:
        return (oci_manifest.MANIFEST_FILE,)
    package = oci_manifest.parse(manifest)
    wrong = {
        file.path
        for file in (*package.files, package.config)
        if digest_of_bytes(files.get(file.path, b"")) != file.digest
    }
    return tuple(
        sorted(
            wrong | (files.keys() - {f.path for f in (*package.files, package.config)} - {oci_manifest.MANIFEST_FILE})
        )
    )
